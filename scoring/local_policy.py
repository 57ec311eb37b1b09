"""Reads a hospital's own cautions on thrombolysis: a layer that can make answers stricter and nothing else."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from scoring.errors import RuleFileError
from scoring.outcomes import Tier
from scoring.rule_files import read_checked, read_line
from scoring.rule_yaml import load_yaml
from scoring.rulebook import LOCAL_POLICY, Clause, RuleBook, RuleSet, Source

STRICTER_TIERS = (Tier.ABSOLUTE, Tier.RELATIVE)
"""Tiers that a local caution may have; a policy cannot make a guideline milder."""

_ALWAYS = date(2000, 1, 1)
_POLICY_KEYS = frozenset({"title", "year", "reference", "checked", "cautions"})
_CAUTION_KEYS = frozenset({"id", "title", "tier", "note", "locator", "all_of"})


def with_local_policy(book: RuleBook, path: Path | None) -> RuleBook:
    """The rule book with the cautions of a policy file; ``None``: the book as it is.

    The version of the book changes with the file, so that an answer tells under which policy it was given.

    Raises
    ------
    RuleFileError
        The file cannot be read, or says anything but stricter cautions.
    """
    if path is None:
        return book
    policy = read_policy(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return replace(book, rulesets=(*book.rulesets, policy), version=f"{book.version}+local:{digest}")


def read_policy(path: Path) -> RuleSet:
    """Read a policy file into a table of cautions. Raises as ``with_local_policy``."""
    policy = load_yaml(path)
    try:
        return _ruleset(policy)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        told = f"'{error.args[0]}' is missing" if isinstance(error, KeyError) else str(error)
        raise RuleFileError(f"{path.name}: {told}") from error


def _ruleset(policy: Mapping[str, Any]) -> RuleSet:
    if not isinstance(policy, dict) or not set(policy) <= _POLICY_KEYS:
        raise ValueError(f"allowed keys are {', '.join(sorted(_POLICY_KEYS))}")
    source = Source(LOCAL_POLICY, str(policy["title"]), int(policy["year"]), str(policy.get("reference", "")))
    clauses = tuple(_caution(entry, source, policy) for entry in policy["cautions"])
    if len({clause.id for clause in clauses}) != len(clauses):
        raise ValueError("an id stands twice")
    return RuleSet(
        id=LOCAL_POLICY,
        kind="caution",
        name=LOCAL_POLICY,
        title=source.title,
        source=source,
        otherwise=Tier.NOTE,
        unless=None,
        left_out=None,
        clauses=clauses,
    )


def _caution(entry: Mapping[str, Any], source: Source, policy: Mapping[str, Any]) -> Clause:
    if not set(entry) <= _CAUTION_KEYS:
        raise ValueError(f"a caution has the keys {', '.join(sorted(_CAUTION_KEYS))}")
    tier = Tier(entry["tier"])
    if tier not in STRICTER_TIERS:
        raise ValueError(f"{entry['id']}: a local caution is {' or '.join(tier.value for tier in STRICTER_TIERS)}")
    if not entry["all_of"]:
        raise ValueError(f"{entry['id']}: without a line the caution would hold for everybody")
    return Clause(
        id=f"{LOCAL_POLICY}.{entry['id']}",
        ruleset=LOCAL_POLICY,
        clause=str(entry["id"]),
        title=str(entry["title"]),
        source=source,
        locator=str(entry.get("locator", "")),
        checked=read_checked(policy.get("checked", {"status": "read", "by": None, "on": None})),
        outcome=tier,
        stance=None,
        level=None,
        group=None,
        note=entry.get("note"),
        instruction=None,
        lines=tuple(read_line(line) for line in entry["all_of"]),
        yields_to=(),
        in_force_from=_ALWAYS,
        in_force_until=None,
    )
