"""Gives a kept answer again: by the rule book it was given by, and by today's."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection

import app
import scoring
from app.store.case_queries import RevisionContent
from app.store.differences import differences
from app.store.judged_case import UnreadableCase, read_judged_case
from app.store.rule_snapshot import RULES, TABLES, kept_rules, write_rules
from app.triage import rulebook
from scoring.errors import CaseError

_LONGEST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Again:
    """An answer given again, or why it cannot be given."""

    answer: dict[str, Any] | None
    reason: str | None
    by_installed_rules: bool


class CannotReplay(Exception):
    """The answer cannot be given again; the message says why."""


def rules_for_replay(connection: Connection, content: RevisionContent) -> bytes | None:
    """The kept rule book of a revision; ``None`` where it is the installed one. Raises CannotReplay."""
    version = content.summary.versions["rules"]
    if version == rulebook().version:
        return None
    try:
        return kept_rules(connection, version)
    except ValueError as error:
        raise CannotReplay(str(error)) from None


def replay(content: RevisionContent, own_rules: bytes | None, why_not: str | None = None) -> dict[str, Any]:
    """Replay a revision both ways.

    Parameters
    ----------
    content
        The revision.
    own_rules
        Its rule book, as `rules_for_replay` gives it.
    why_not
        Why there is none, where that failed.

    Returns
    -------
    The answer of ``POST …/replay``.
    """
    kept = json.loads(content.answer)
    today = _by_installed(content.judged_case)
    if why_not is not None:
        own = Again(None, why_not, by_installed_rules=False)
    else:
        own = today if own_rules is None else _by_kept(content, own_rules)
    return {
        "case_id": content.summary.case_id,
        "revision": content.summary.revision,
        "kept": {"versions": content.summary.versions, "answer": kept},
        "own_rules": _own(content, kept, own),
        "today": _today(kept, today),
    }


def _own(content: RevisionContent, kept: dict[str, Any], own: Again) -> dict[str, Any]:
    """Compare byte for byte; the versions of software and atlas are told apart from the answer itself."""
    told = {
        "rules": content.summary.versions["rules"],
        "rules_are_installed": own.by_installed_rules,
        "software": None,
        "identical": None,
        "reason": own.reason,
        "differences": [],
    }
    if own.answer is None:
        return told
    again = {**own.answer, "versions": kept["versions"]}
    identical = to_json(again) == content.answer
    told |= {"identical": identical, "software": own.answer["versions"]["software"]}
    if not identical:
        told["differences"] = differences(kept, again)
    return told


def _today(kept: dict[str, Any], today: Again) -> dict[str, Any]:
    found = [] if today.answer is None else differences(_but_versions(kept), _but_versions(today.answer))
    versions = today.answer["versions"] if today.answer else {"rules": rulebook().version}
    return {"versions": versions, "answer": today.answer, "reason": today.reason, "differences": found}


def _but_versions(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in answer.items() if name != "versions"}


def _by_installed(judged_case: bytes) -> Again:
    try:
        return Again(read_judged_case(judged_case).judge(), None, by_installed_rules=True)
    except (CaseError, UnreadableCase) as error:
        return Again(None, _words(error), by_installed_rules=True)


def _words(error: CaseError | UnreadableCase) -> str:
    return error.message if isinstance(error, CaseError) else str(error)


def _by_kept(content: RevisionContent, rules: bytes) -> Again:
    """Judge in a process of its own, with this program's code beside the kept rule files."""
    try:
        answer = _in_process(content.judged_case, rules)
    except CannotReplay as error:
        return Again(None, str(error), by_installed_rules=False)
    if answer["versions"]["rules"] != content.summary.versions["rules"]:
        return Again(None, "The kept rule book is not the one that the answer names.", by_installed_rules=False)
    return Again(answer, None, by_installed_rules=False)


def _in_process(judged_case: bytes, rules: bytes) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="aspects-replay-") as name:
        folder = Path(name)
        package = folder / "scoring"
        shutil.copytree(
            Path(scoring.__file__ or "").parent, package, ignore=shutil.ignore_patterns(RULES, TABLES, "__pycache__")
        )
        try:
            policy = write_rules(rules, package)
            told = subprocess.run(
                [sys.executable, "-m", "app.store.replay_process"],
                input=judged_case,
                capture_output=True,
                check=False,
                cwd=folder,
                env=_environment(policy),
                timeout=_LONGEST_SECONDS,
            )
        except (ValueError, subprocess.TimeoutExpired):
            raise CannotReplay("The kept rule book cannot be laid out or takes too long.") from None
    if told.returncode:
        raise CannotReplay("This release cannot read the kept rule book; the release that gave the answer can.")
    answer: dict[str, Any] = json.loads(told.stdout)
    if "refused" in answer:
        raise CannotReplay(answer["refused"])
    return answer


def _environment(policy: Path | None) -> dict[str, str]:
    """No setting of today but the policy that the answer was given under."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ASPECTS_")}
    kept["PYTHONPATH"] = str(Path(app.__file__ or "").parents[1])
    return kept if policy is None else {**kept, "ASPECTS_LOCAL_POLICY_FILE": str(policy)}
