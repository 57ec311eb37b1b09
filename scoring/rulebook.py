"""Reads and checks the rule files, and picks the clauses that are in force on a date."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from scoring.conditions import Bounds, Condition, Membership, read_condition
from scoring.derived import DERIVED_FACTS
from scoring.errors import RuleFileError
from scoring.facts import FACTS, FactSpec, Kind
from scoring.outcomes import Action, Outcome
from scoring.rule_yaml import load_yaml

RULES_FOLDER = Path(__file__).parent / "rules"

CHECK_STATUSES = ("read", "second-hand", "memory")
"""How a clause was checked: against the document, against a transcription of it, or not at all yet."""

_NOT_CLAUSES = {"sources.yaml", "rulesets.yaml", "time_windows.yaml"}

_CLAUSE_KEYS = {
    "id",
    "title",
    "source",
    "locator",
    "checked",
    "strength",
    "in_force",
    "all_of",
    "clause",
    "group",
    "note",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A document that clauses are taken from."""

    key: str
    title: str
    year: int
    reference: str
    """Journal, volume, identifier."""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """How a clause was compared with its source, by whom and when; ``None``: by no clinician yet."""

    status: str
    by: str | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Alternatives of which one must hold."""

    conditions: tuple[Condition, ...]


Line = Condition | AnyOf


@dataclass(frozen=True, eq=False)
class Clause:
    """One clause of one source: all of its lines must hold."""

    id: str
    ruleset: str
    clause: str
    """The clause as the source numbers it, ``"4.7.2-3"``."""
    title: str
    source: Source
    locator: str
    checked: Checked
    outcome: Outcome | Action
    """An action in the clauses of an action table, else an outcome."""
    level: str | None
    group: str | None
    note: str | None
    lines: tuple[Line, ...]
    in_force_from: date
    in_force_until: date | None
    """First day on which the clause no longer holds; ``None``: still in force."""

    def conditions(self) -> Iterator[Condition]:
        """Every condition of the clause, alternatives included."""
        for line in self.lines:
            yield from line.conditions if isinstance(line, AnyOf) else (line,)

    def is_in_force(self, on: date) -> bool:
        """Whether the clause holds on a day."""
        return self.in_force_from <= on and (self.in_force_until is None or on < self.in_force_until)

    @cached_property
    def source_summary(self) -> dict[str, Any]:
        """The citation as answers carry it."""
        return {
            "key": self.source.key,
            "title": self.source.title,
            "year": self.source.year,
            "reference": self.source.reference,
            "locator": self.locator,
            "checked": self.checked.status,
        }


@dataclass(frozen=True, eq=False, slots=True)
class RuleSet:
    """One guideline, trial or decision table: its clauses and what it says when none of them holds."""

    id: str
    kind: str
    """``"guideline"``, ``"trial"`` or ``"action"``."""
    title: str
    source: Source
    otherwise: Outcome | Action
    """The outcome where no clause holds."""
    unless: Condition | None
    """A fact that takes the patient out of the rule set's scope when it holds, and only then."""
    left_out: str | None
    """What the source asks for beyond the clauses and this program does not check, in words."""
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, eq=False)
class RuleBook:
    """All rule sets, with a version that changes when any rule file does."""

    rulesets: tuple[RuleSet, ...]
    version: str

    def in_force(self, on: date) -> tuple[RuleSet, ...]:
        """The rule sets with the clauses that hold on a day; a set without any is left out."""
        dated = (
            replace(ruleset, clauses=tuple(clause for clause in ruleset.clauses if clause.is_in_force(on)))
            for ruleset in self.rulesets
        )
        return tuple(ruleset for ruleset in dated if ruleset.clauses)

    def ruleset(self, ruleset_id: str) -> RuleSet:
        """The rule set of that name; ``KeyError`` if there is none."""
        for ruleset in self.rulesets:
            if ruleset.id == ruleset_id:
                return ruleset
        raise KeyError(ruleset_id)


def read_rulebook(folder: Path = RULES_FOLDER) -> RuleBook:
    """Read every rule file below ``folder``.

    Raises
    ------
    RuleFileError
        A file breaks the format, names an unknown fact, choice or source, or states an impossible bound.
    """
    sources = {key: Source(key=key, **entry) for key, entry in load_yaml(folder / "sources.yaml").items()}
    rulesets = []
    for entry in load_yaml(folder / "rulesets.yaml"):
        where = folder / entry["folder"]
        if entry["source"] not in sources:
            raise RuleFileError(f"rulesets.yaml: '{entry['id']}' cites an unknown source")
        files = sorted(where.glob("*.yaml"), key=lambda path: path.name)
        clauses = tuple(_read_clause(path, entry, sources) for path in files)
        if not clauses:
            raise RuleFileError(f"{where.name}: no clause files")
        rulesets.append(
            RuleSet(
                id=entry["id"],
                kind=entry["kind"],
                title=entry["title"],
                source=sources[entry["source"]],
                otherwise=_outcome(entry["otherwise"], entry["kind"]),
                unless=read_condition(entry["unless"]) if entry.get("unless") else None,
                left_out=entry.get("left_out"),
                clauses=tuple(sorted(clauses, key=lambda clause: clause.id)),
            )
        )
    return RuleBook(tuple(rulesets), _version(folder))


def _read_clause(path: Path, ruleset: Mapping[str, Any], sources: Mapping[str, Source]) -> Clause:
    entry = load_yaml(path)
    name = f"{path.parent.name}/{path.name}"
    if not isinstance(entry, dict) or not set(entry) <= _CLAUSE_KEYS:
        raise RuleFileError(f"{name}: allowed keys are {', '.join(sorted(_CLAUSE_KEYS))}")
    try:
        clause = _build_clause(entry, ruleset, sources)
    except (KeyError, TypeError, ValueError) as error:
        raise RuleFileError(f"{name}: {error}") from error
    if path.stem != clause.id.removeprefix(f"{clause.ruleset}."):
        raise RuleFileError(f"{name}: the file should be named after the id, '{clause.id}'")
    return clause


def _build_clause(entry: Mapping[str, Any], ruleset: Mapping[str, Any], sources: Mapping[str, Source]) -> Clause:
    if not entry["id"].startswith(f"{ruleset['id']}."):
        raise ValueError(f"the id should start with '{ruleset['id']}.'")
    checked = Checked(**entry["checked"])
    if checked.status not in CHECK_STATUSES:
        raise ValueError(f"checked.status is one of {', '.join(CHECK_STATUSES)}")
    lines = tuple(_read_line(line) for line in entry["all_of"])
    short_id = entry["id"].removeprefix(f"{ruleset['id']}.")
    clause = Clause(
        id=entry["id"],
        ruleset=ruleset["id"],
        clause=entry.get("clause", short_id),
        title=entry["title"],
        source=sources[entry["source"]],
        locator=entry["locator"],
        checked=checked,
        outcome=_outcome(entry["strength"]["outcome"], ruleset["kind"]),
        level=entry["strength"].get("level"),
        group=entry.get("group"),
        note=entry.get("note"),
        lines=lines,
        in_force_from=entry["in_force"]["from"],
        in_force_until=entry["in_force"]["until"],
    )
    for condition in clause.conditions():
        _check_condition(condition)
    return clause


def _read_line(entry: Mapping[str, Any]) -> Line:
    if set(entry) == {"any_of"}:
        return AnyOf(tuple(read_condition(alternative) for alternative in entry["any_of"]))
    return read_condition(entry)


def fact_spec(name: str) -> FactSpec | None:
    """What a rule may know of a fact, stated or derived; ``None`` if there is no such fact."""
    return FACTS.get(name) or DERIVED_FACTS.get(name)


def _outcome(name: str, kind: str) -> Outcome | Action:
    return Action(name) if kind == "action" else Outcome(name)


def _check_condition(condition: Condition) -> None:
    spec = fact_spec(condition.fact)
    if spec is None:
        raise ValueError(f"there is no fact '{condition.fact}'")
    fits = {Bounds: (Kind.NUMBER, Kind.INTEGER), Membership: (Kind.CHOICE,)}.get(type(condition), (Kind.BOOLEAN,))
    if spec.kind not in fits:
        raise ValueError(f"'{condition.fact}' is a {spec.kind}; the condition does not fit")
    if isinstance(condition, Membership) and not set(condition.choices) <= set(spec.choices) - set(spec.coarse):
        raise ValueError(f"'{condition.fact}' has no such choice, or one that is too coarse for a rule")
    if isinstance(condition, Bounds):
        low, high = spec.minimum, spec.maximum
        bounds = [bound for bound in (condition.low, condition.high) if bound is not None]
        if low is not None and high is not None and not all(low <= bound <= high for bound in bounds):
            raise ValueError(f"'{condition.fact}' lies between {low:g} and {high:g}; a bound is outside")


def _version(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"sha256:{digest.hexdigest()[:16]}"
