"""Reads and checks the rule files; what is wrong is refused with the file's name and what was expected."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scoring.conditions import Bounds, Condition, Membership, read_condition
from scoring.derived import fact_spec
from scoring.errors import RuleFileError
from scoring.facts import Kind
from scoring.outcomes import Action, Outcome, Stance, Tier, Verdict
from scoring.rule_yaml import TABLES_FOLDER, load_yaml
from scoring.rulebook import (
    AnyOf,
    Checked,
    Clause,
    Conjunction,
    Line,
    RuleBook,
    RuleSet,
    Source,
    Unaddressed,
)

RULES_FOLDER = Path(__file__).parent / "rules"

CHECK_STATUSES = ("read", "second-hand", "memory")

_CLAUSE_KEYS = frozenset(
    "id title source locator checked strength clause group note instruction yields_to in_force all_of".split()  # noqa: SIM905 -- reads better
)


def read_rulebook(folder: Path = RULES_FOLDER) -> RuleBook:
    """Read every rule file below ``folder``.

    Raises
    ------
    RuleFileError
        A file breaks the format, names an unknown fact, choice, source or clause, or states an impossible bound.
    """
    reader = _Reader(folder)
    return RuleBook(tuple(reader.ruleset(ruleset_id) for ruleset_id in reader.entries), rules_version(folder))


class _Reader:
    """Reads rule sets on demand, because a line may refer to the clauses of another set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources = {key: Source(key=key, **entry) for key, entry in load_yaml(folder / "sources.yaml").items()}
        self.entries: dict[str, dict[str, Any]] = {e["id"]: e for e in load_yaml(folder / "rulesets.yaml")}
        self._clauses: dict[str, tuple[Clause, ...]] = {}

    def ruleset(self, ruleset_id: str) -> RuleSet:
        entry = self.entries[ruleset_id]
        if entry["source"] not in self.sources:
            raise RuleFileError(f"rulesets.yaml: '{ruleset_id}' cites an unknown source")
        return RuleSet(
            id=ruleset_id,
            kind=entry["kind"],
            name=entry.get("name", ruleset_id),
            title=entry["title"],
            source=self.sources[entry["source"]],
            otherwise=_outcome(entry["otherwise"], entry["kind"]),
            unless=read_condition(entry["unless"]) if entry.get("unless") else None,
            left_out=entry.get("left_out"),
            clauses=self.clauses(ruleset_id),
            first_met_decides=entry.get("first_met_decides", False),
            not_addressed=tuple(self._unaddressed(ruleset_id, told) for told in entry.get("not_addressed", ())),
        )

    def _unaddressed(self, ruleset_id: str, entry: Mapping[str, Any]) -> Unaddressed:
        try:
            return Unaddressed(entry["title"], tuple(read_line(line) for line in entry["all_of"]))
        except (KeyError, TypeError, ValueError) as error:
            raise RuleFileError(f"rulesets.yaml: '{ruleset_id}', not addressed: {error}") from error

    def clauses(self, ruleset_id: str) -> tuple[Clause, ...]:
        """The clauses of one set in the order of precedence."""
        if ruleset_id not in self._clauses:
            where = self.folder / self.entries[ruleset_id]["folder"]
            clauses = [self._clause(path, ruleset_id) for path in sorted(where.glob("*.yaml"))]
            if not clauses:
                raise RuleFileError(f"{where.name}: no clause files")
            self._clauses[ruleset_id] = _by_precedence(clauses)
        return self._clauses[ruleset_id]

    def _clause(self, path: Path, ruleset_id: str) -> Clause:
        name = f"{path.parent.name}/{path.name}"
        entry = load_yaml(path)
        if not isinstance(entry, dict) or not set(entry) <= _CLAUSE_KEYS:
            raise RuleFileError(f"{name}: allowed keys are {', '.join(sorted(_CLAUSE_KEYS))}")
        try:
            clause = self._build(entry, ruleset_id)
        except (KeyError, TypeError, ValueError) as error:
            raise RuleFileError(f"{name}: {error}") from error
        if path.stem != clause.id.removeprefix(f"{ruleset_id}."):
            raise RuleFileError(f"{name}: the file should be named after the id, '{clause.id}'")
        return clause

    def _build(self, entry: Mapping[str, Any], ruleset_id: str) -> Clause:
        if not entry["id"].startswith(f"{ruleset_id}."):
            raise ValueError(f"the id should start with '{ruleset_id}.'")
        strength = entry["strength"]
        return Clause(
            id=entry["id"],
            ruleset=ruleset_id,
            clause=entry.get("clause", entry["id"].removeprefix(f"{ruleset_id}.")),
            title=entry["title"],
            source=self.sources[entry["source"]],
            locator=entry["locator"],
            checked=read_checked(entry["checked"]),
            outcome=_outcome(strength["outcome"], self.entries[ruleset_id]["kind"]),
            stance=Stance(strength["stance"]) if "stance" in strength else None,
            level=strength.get("level"),
            group=entry.get("group"),
            note=entry.get("note"),
            instruction=entry.get("instruction"),
            lines=tuple(self._line(line) for line in entry["all_of"]),
            yields_to=tuple(f"{ruleset_id}.{short}" for short in entry.get("yields_to", ())),
            in_force_from=entry["in_force"]["from"],
            in_force_until=entry["in_force"]["until"],
        )

    def _line(self, entry: Mapping[str, Any]) -> Line:
        if set(entry) == {"meets"}:
            alternatives = [
                c for ruleset_id in entry["meets"] for clause in self.clauses(ruleset_id) for c in clause.conjunctions()
            ]
            return AnyOf(tuple(alternatives), tuple(entry["meets"]))
        return read_line(entry)


def read_line(entry: Mapping[str, Any]) -> Line:
    """Read one line of a clause that refers to no other rule set.

    Raises
    ------
    ValueError
        It names an unknown fact or choice, or states an impossible bound.
    """
    if set(entry) == {"any_of"}:
        return AnyOf(tuple(_alternative(alternative) for alternative in entry["any_of"]))
    condition = read_condition(entry)
    check_condition(condition)
    return condition


def _alternative(entry: Mapping[str, Any]) -> Conjunction:
    conditions = tuple(read_condition(line) for line in (entry["all_of"] if set(entry) == {"all_of"} else (entry,)))
    for condition in conditions:
        check_condition(condition)
    return conditions


def read_checked(entry: Mapping[str, Any]) -> Checked:
    """Read how, by whom and when something was checked. Raises ValueError, TypeError."""
    checked = Checked(**entry)
    if checked.status not in CHECK_STATUSES:
        raise ValueError(f"checked.status is one of {', '.join(CHECK_STATUSES)}")
    if (checked.by is None) != (checked.on is None):
        raise ValueError("checked needs both a name ('by') and a day ('on'), or neither")
    return checked


def _outcome(name: str, kind: str) -> Verdict:
    if kind == "action":
        return Action(name)
    return Tier(name) if kind == "caution" else Outcome(name)


def _by_precedence(clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    """Clauses by name, each after those that it yields to."""
    waiting = {clause.id: clause for clause in clauses}
    known, ordered = set(waiting), []
    while waiting:
        ready = [clause for clause in waiting.values() if not set(clause.yields_to) & set(waiting)]
        for clause in ready:
            if not set(clause.yields_to) <= known:
                raise RuleFileError(f"{clause.id}: yields to a clause that does not exist")
            ordered.append(waiting.pop(clause.id))
        if not ready:
            raise RuleFileError(f"{min(waiting)}: clauses yield to one another in a circle")
    return tuple(ordered)


def check_condition(condition: Condition) -> None:
    """Raise ValueError for a condition that does not fit the fact it asks for."""
    spec = fact_spec(condition.fact)
    if spec is None:
        raise ValueError(f"there is no fact '{condition.fact}'")
    fits = {Bounds: (Kind.NUMBER, Kind.INTEGER), Membership: (Kind.CHOICE,)}.get(type(condition), (Kind.BOOLEAN,))
    if spec.kind not in fits:
        raise ValueError(f"'{condition.fact}' is a {spec.kind}; the condition does not fit")
    if isinstance(condition, Membership) and not set(condition.choices) <= set(spec.choices) - set(spec.coarse):
        raise ValueError(f"'{condition.fact}' has no such choice, or one that is too coarse for a rule")
    if isinstance(condition, Bounds):
        low, high = spec.ends
        bounds = [bound for bound in (condition.low, condition.high) if bound is not None]
        if not all(low <= bound <= high for bound in bounds):
            raise ValueError(f"'{condition.fact}' lies between {low:g} and {high:g}; a bound is outside")


def rules_version(folder: Path = RULES_FOLDER) -> str:
    """A hash over all rule files and tables as they lie on the disk."""
    digest = hashlib.sha256()
    for root in (folder, TABLES_FOLDER):
        for path in sorted(root.rglob("*.yaml")):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"sha256:{digest.hexdigest()[:16]}"
