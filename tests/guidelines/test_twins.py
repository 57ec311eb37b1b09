"""Every rule file has a twin: a table of values just below, at and above each bound, and unknown."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from scoring.case import Case
from scoring.conditions import Bounds, Condition, Flag, Membership
from scoring.derived import DERIVED_FACTS, assess, fact_spec
from scoring.eligibility import clause_answer
from scoring.facts import Facts
from scoring.rule_files import RULES_FOLDER, read_rulebook
from scoring.rulebook import AnyOf, Clause
from scoring.values import Interval, Known

TWINS = Path(__file__).parent
CLAUSES = {clause.id: clause for ruleset in read_rulebook().rulesets for clause in ruleset.clauses}
FILES = sorted(path for path in TWINS.rglob("*.yaml"))


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C loader reads these many files in a tenth of the time; not every build of PyYAML has it."""


def read_twin(path: Path) -> dict[str, Any]:
    twin: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 -- a safe loader
    return twin


def values_of(stated: dict[str, Any]) -> dict[str, Known]:
    """What a rule sees of a table's facts; derived facts may be stated as such."""
    facts = Facts(**{name: value for name, value in stated.items() if name not in DERIVED_FACTS})
    values = assess(Case(evaluated_at=datetime(2026, 11, 22, tzinfo=UTC), facts=facts)).values
    values.update({name: value for name, value in stated.items() if name in DERIVED_FACTS and value is not None})
    return {name: value for name, value in values.items() if stated.get(name, value) is not None}


def rows() -> Iterator[Any]:
    for path in FILES:
        twin = read_twin(path)
        for number, table in enumerate(twin["tables"]):
            for fact, answers in table["rows"].items():
                for answer, given in answers.items():
                    for value in given:
                        name = f"{twin['rule']}-{number}-{fact}={value}"
                        yield pytest.param(twin["rule"], table["met_by"], fact, value, answer, id=name)


@pytest.mark.parametrize(("rule", "met_by", "fact", "value", "answer"), list(rows()))
def test_clause_answers_as_its_table_says(
    rule: str, met_by: dict[str, Any], fact: str, value: Any, answer: str
) -> None:
    assert clause_answer(CLAUSES[rule], values_of({**met_by, fact: value})).value == answer


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_patients_of_a_table_meet_the_clause(path: Path) -> None:
    twin = read_twin(path)
    for table in twin["tables"]:
        assert clause_answer(CLAUSES[twin["rule"]], values_of(table["met_by"])).value == "met"


def test_rule_files_and_twins_pair_up() -> None:
    rules = {p.relative_to(RULES_FOLDER) for p in RULES_FOLDER.glob("*/*.yaml")}
    assert rules == {path.relative_to(TWINS) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_table_looks_at_both_sides_of_every_bound_and_at_unknown(path: Path) -> None:
    twin = read_twin(path)
    tried = _tried_values(twin)
    for condition in _own_conditions(CLAUSES[twin["rule"]]):
        values = tried.get(condition.fact, [])
        assert None in values or condition.fact in {"mismatch_ratio", "mismatch_volume_ml"}, condition.fact
        known = [value for value in values if value is not None]
        if isinstance(condition, Flag):
            assert set(known) == {True, False}
        elif isinstance(condition, Membership):
            assert set(condition.choices) <= set(known)
            assert set(known) - set(condition.choices), f"{condition.fact}: no value outside the choices"
        elif isinstance(condition, Bounds):
            _check_bounds(condition, known, CLAUSES[twin["rule"]])


def _own_conditions(clause: Clause) -> Iterator[Condition]:
    """Conditions that the clause itself states; criteria taken over from another rule set have twins of their own."""
    for line in clause.lines:
        if not isinstance(line, AnyOf):
            yield line
        elif not line.meets:
            yield from (condition for alternative in line.alternatives for condition in alternative)


def _tried_values(twin: dict[str, Any]) -> dict[str, list[Any]]:
    """Values that the tables try, in the terms of the rule: ages in days as years, perfusion as mismatch."""
    tried: dict[str, list[Any]] = {}
    for table in twin["tables"]:
        for fact, answers in table["rows"].items():
            for given in answers.values():
                for value in given:
                    tried.setdefault(fact, []).append(value)
                    seen = values_of({**table["met_by"], fact: value})
                    for derived in ("age_years", "mismatch_ratio", "mismatch_volume_ml"):
                        if derived != fact and fact in {"age_days", "core_volume_ml", "tmax6_volume_ml"}:
                            exact = None if isinstance(seen.get(derived), Interval) else seen.get(derived)
                            tried.setdefault(derived, []).append(exact)
    return tried


def _check_bounds(condition: Bounds, known: list[float], clause: Clause) -> None:
    for bound in (condition.low, condition.high):
        if bound is None:
            continue
        where = f"{clause.id}: {condition.fact} {condition.text}"
        assert any(value == pytest.approx(bound, abs=1e-6) for value in known), f"{where}: nothing at {bound:g}"
        spec = fact_spec(condition.fact)
        assert spec is not None
        assert bound == spec.minimum or any(value < bound for value in known), f"{where}: nothing below"
        assert bound == spec.maximum or any(value > bound for value in known), f"{where}: nothing above"
