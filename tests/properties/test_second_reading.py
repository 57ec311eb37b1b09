"""A second evaluator, written from the rule files alone and as plainly as can be, agrees on 20,000 patients.

It shares nothing with the product but the YAML files: its own reader, its own conditions, no compiling, no three-valued
logic. Of a patient of whom something is not known it asks what every way of filling in the gaps would give.
"""

import random
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from scoring.eligibility import grid_in_force, judge
from scoring.outcomes import Outcome
from scoring.rule_files import read_rulebook
from scoring.values import Known

RULES = Path(__file__).resolve().parents[2] / "scoring" / "rules"
SETS: list[dict[str, Any]] = [
    entry
    for entry in yaml.safe_load((RULES / "rulesets.yaml").read_text(encoding="utf-8"))
    if entry["kind"] in {"guideline", "trial"}
]
CLAUSES: dict[str, list[dict[str, Any]]] = {
    entry["id"]: [
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((RULES / entry["folder"]).glob("*.yaml"))
    ]
    for entry in SETS
}
DAYS = (date(2020, 6, 1), date(2024, 6, 1), date(2026, 11, 22))
PATIENTS = 20_000


def holds(line: dict[str, Any], patient: dict[str, Any]) -> bool:
    if "any_of" in line:
        return any(holds(one, patient) for one in line["any_of"])
    if "meets" in line:
        return any(holds(clause, patient) for other in line["meets"] for clause in CLAUSES[other])
    if "all_of" in line:
        return all(holds(one, patient) for one in line["all_of"])
    value = patient[line["fact"]]
    return all(TESTS[word](value, years(bound)) for word, bound in line.items() if word != "fact")


TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda value, bound: value is bound,
    "one_of": lambda value, bound: value in bound,
    "at_least": lambda value, bound: value >= bound,
    "above": lambda value, bound: value > bound,
    "at_most": lambda value, bound: value <= bound,
    "below": lambda value, bound: value < bound,
    "between": lambda value, bound: bound[0] <= value <= bound[1],
}


@cache
def clauses_on(ruleset: str, day: date) -> list[dict[str, Any]]:
    """The clauses in force, or of an edition that has ended the last ones; none before it was published."""
    published = [clause for clause in CLAUSES[ruleset] if clause["in_force"]["from"] <= day]
    present = [c for c in published if c["in_force"]["until"] is None or day < c["in_force"]["until"]]
    ends = [clause["in_force"]["until"] for clause in published]
    return present or [clause for clause in published if clause["in_force"]["until"] == max(ends)]


def outcome(entry: dict[str, Any], patient: dict[str, Any], day: date) -> str:
    """The grade, and the stance where the clause states one of its own: advice for and against are not one answer."""
    if entry.get("unless") and holds(entry["unless"], patient):
        return str(entry["otherwise"])
    met = [clause for clause in clauses_on(entry["id"], day) if holds(clause, patient)]
    names = {clause["id"].removeprefix(f"{entry['id']}.") for clause in met}
    strengths = [clause["strength"] for clause in met if not names & set(clause.get("yields_to", ()))]
    deciding = {f"{one['outcome']} {one.get('stance', '')}".strip() for one in strengths}
    assert len(deciding) <= 1, (entry["id"], names)
    return deciding.pop() if deciding else str(entry["otherwise"])


def years(bound: Any) -> Any:
    """Ages that a rule states in days, as a part of a year."""
    return bound["days"] / 365.25 if isinstance(bound, dict) else bound


def lines() -> Iterator[dict[str, Any]]:
    waiting = [line for clauses in CLAUSES.values() for clause in clauses for line in clause["all_of"]]
    waiting += [entry["unless"] for entry in SETS if entry.get("unless")]
    while waiting:
        line = waiting.pop()
        waiting += line.get("any_of", []) + line.get("all_of", [])
        if "fact" in line:
            yield line


def choices() -> dict[str, list[Any]]:
    """For each fact that any rule asks for: both flags, every choice and one beside, each bound and its neighbours."""
    found: dict[str, set[Any]] = {}
    for line in lines():
        fact = found.setdefault(line["fact"], set())
        for word, bound in line.items():
            if word == "is":
                fact |= {True, False}
            elif word == "one_of":
                fact |= {*bound, "none"} if line["fact"] == "occlusion_site" else {*bound, "absent"}
            elif word != "fact":
                bounds = bound if isinstance(bound, list) else [bound]
                fact |= {near for b in map(years, bounds) for near in (0, b - 1, b, b + 1) if near >= 0}
    scale = {
        "aspects_total": 10,
        "pc_aspects_total": 10,
        "prestroke_mrs": 5,
        "nihss_total": 42,
        "pons_midbrain_index": 8,
    }
    return {
        fact: sorted((v for v in values if isinstance(v, str | bool) or v <= scale.get(fact, v)), key=repr)
        for fact, values in found.items()
    }


CHOICES = choices()
HIDEABLE = sorted(CHOICES.keys() - {"haemorrhage_on_imaging"})
"""Haemorrhage that nobody excluded is warned of and else taken as absent, so answers do not wait for it."""


def patients(seed: int, how_many: int) -> Iterator[dict[str, Any]]:
    """Patients by chance; every second one made to fit a clause, but for up to two facts, since chance alone misses."""
    draw = random.Random(seed)
    every = [clause for clauses in CLAUSES.values() for clause in clauses]
    for number in range(how_many):
        patient = {fact: draw.choice(values) for fact, values in CHOICES.items()}
        if number % 2:
            fit(patient, draw.choice(every)["all_of"], draw)
            patient |= {fact: draw.choice(CHOICES[fact]) for fact in draw.sample(sorted(CHOICES), draw.randint(0, 2))}
        yield patient


def fit(patient: dict[str, Any], wanted: list[dict[str, Any]], draw: random.Random) -> None:
    for line in wanted:
        if "any_of" in line:
            one = draw.choice(line["any_of"])
            fit(patient, one.get("all_of", [one]), draw)
        elif "meets" in line:
            fit(patient, draw.choice(CLAUSES[draw.choice(line["meets"])])["all_of"], draw)
        else:
            fitting = [v for v in CHOICES[line["fact"]] if holds(line, {line["fact"]: v})]
            both = [v for v in fitting if v == patient[line["fact"]]]
            patient[line["fact"]] = draw.choice(both or fitting)


def ours(patient: dict[str, Known], day: date) -> dict[str, str]:
    answers = judge(grid_in_force(BOOK, day), patient)
    own = {answer.ruleset.id: (answer.clause.stance if answer.clause else None) or "" for answer in answers}
    return {answer.ruleset.id: f"{answer.outcome} {own[answer.ruleset.id]}".strip() for answer in answers}


BOOK = read_rulebook()


def test_the_files_ask_for_what_this_test_varies() -> None:
    assert len(CHOICES) >= 15
    assert all(len(values) >= 2 for values in CHOICES.values())


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_patients_of_whom_everything_is_known(day: date) -> None:
    seen: dict[str, set[str]] = {}
    for patient in patients(seed=day.year, how_many=PATIENTS // 6):
        told = ours(patient, day)
        expected = {e["id"]: outcome(e, patient, day) for e in SETS if clauses_on_or_none(e["id"], day)}
        assert told == expected, patient
        for ruleset, word in told.items():
            seen.setdefault(ruleset, set()).add(word)
    assert all(len(words) > 1 for words in seen.values()), "each set must have said more than one thing"


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_patients_of_whom_something_is_not_known(day: date) -> None:
    """An outcome that is given in spite of gaps is the outcome of every way of filling them in."""
    draw = random.Random(day.toordinal())
    given = 0
    for patient in patients(seed=-day.year, how_many=PATIENTS // 6):
        hidden = draw.sample(HIDEABLE, draw.randint(1, 6))
        told = ours({fact: value for fact, value in patient.items() if fact not in hidden}, day)
        decided = [e for e in SETS if told.get(e["id"], Outcome.NEED_DATA.value) != Outcome.NEED_DATA.value]
        for filled in (patient, *({**patient, **{f: draw.choice(CHOICES[f]) for f in hidden}} for _ in range(2))):
            for entry in decided:
                given += 1
                assert outcome(entry, filled, day) == told[entry["id"]], (entry["id"], patient, hidden)
    assert given > PATIENTS


def clauses_on_or_none(ruleset: str, day: date) -> list[dict[str, Any]]:
    return clauses_on(ruleset, day) if any(c["in_force"]["from"] <= day for c in CLAUSES[ruleset]) else []
