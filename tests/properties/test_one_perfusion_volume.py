"""Of two perfusion volumes one is known: what is said without the other holds for every value of it, and only then."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.case import Case
from scoring.derived import assess
from scoring.eligibility import Answer, grid_in_force, judge
from scoring.facts import Facts
from scoring.outcomes import Outcome, Said
from scoring.values import Known
from tests.properties.test_judging import patients as any_patients
from tests.properties.test_second_reading import BOOK, CLAUSES, DAYS, SETS, fit, lines, outcome, patients

NOW = datetime(2026, 11, 22, tzinfo=UTC)
VOLUMES = ("core_volume_ml", "tmax6_volume_ml")
PERFUSION = ("core_volume_ml", "mismatch_ratio", "mismatch_volume_ml")
MOST_ML = 2000


def judged(others: dict[str, Any], volumes: dict[str, Any], day: date) -> dict[str, Answer]:
    """The product's answers; what follows from the volumes is left to the product."""
    known = assess(Case(evaluated_at=NOW, facts=Facts(**volumes))).values
    values: dict[str, Known] = {fact: value for fact, value in others.items() if fact not in PERFUSION}
    values |= {fact: value for fact, value in known.items() if fact in {*VOLUMES, *PERFUSION}}
    return {answer.ruleset.id: answer for answer in judge(grid_in_force(BOOK, day), values)}


def bounds_on(fact: str) -> list[Fraction]:
    stated = [bound for line in lines() if line["fact"] == fact for word, bound in line.items() if word != "fact"]
    flat = [one for bound in stated for one in (bound if isinstance(bound, list) else [bound])]
    return sorted({Fraction(str(bound)) for bound in flat})


CORES, SHARES, MARGINS = (bounds_on(fact) for fact in PERFUSION)


@lru_cache
def telling(unknown: str, known: float) -> list[float]:
    """Volumes at and beside every bound on the core and on the mismatch with the known volume, in thousandths."""
    other = Fraction(str(known))
    if unknown == "core_volume_ml":
        at = [*CORES, *(other - margin for margin in MARGINS), *(other / share for share in SHARES)]
    else:
        at = [*(other + margin for margin in MARGINS), *(other * share for share in SHARES)]
    near = {round(volume + Fraction(step, 1000), 3) for volume in at for step in (-1, 0, 1)}
    return [float(volume) for volume in sorted({*near, Fraction(0), Fraction(MOST_ML)}) if 0 <= volume <= MOST_ML]


KNOWN_ML = (0, 5, 10, 14.9, 15, 15.1, 50, 69.9, 70, 1111.1, 1111.2, 1985, 1985.1, MOST_ML)
"""Volumes below, at and above those from which on one volume settles what the rules ask of the mismatch."""
ONE_KNOWN = st.tuples(
    st.sampled_from(VOLUMES), st.sampled_from(KNOWN_ML) | st.integers(0, 20_000).map(lambda v: v / 10)
)


def said_by(others: dict[str, Any], volumes: dict[str, float]) -> dict[str, Said]:
    return {ruleset: answer.said for ruleset, answer in judged(others, volumes, DAYS[-1]).items()}


@settings(max_examples=80)
@given(any_patients(), ONE_KNOWN, st.data())
def test_learning_the_other_volume_never_undoes_a_decision(
    others: dict[str, Known], known: tuple[str, float], data: st.DataObject
) -> None:
    (unknown,) = set(VOLUMES) - {known[0]}
    volume = data.draw(st.sampled_from(telling(unknown, known[1])))
    before, after = said_by(others, dict([known])), said_by(others, dict([known, (unknown, volume)]))
    for ruleset, told in before.items():
        assert told.verdict is Outcome.NEED_DATA or after[ruleset] == told, ruleset


@settings(max_examples=40)
@given(any_patients(complete=True), ONE_KNOWN)
def test_data_are_needed_only_where_some_value_of_the_other_volume_would_tell(
    others: dict[str, Known], known: tuple[str, float]
) -> None:
    (unknown,) = set(VOLUMES) - {known[0]}
    each = [said_by(others, dict([known, (unknown, volume)])) for volume in telling(unknown, known[1])]
    for ruleset, answer in judged(others, dict([known]), DAYS[-1]).items():
        told = {said[ruleset] for said in each}
        assert (answer.outcome is Outcome.NEED_DATA) == (len(told) > 1), ruleset
        assert answer.missing == ((unknown,) if len(told) > 1 else ()), ruleset


# --- a second evaluator, written from the rule files alone ------------------------------------------------------------

PATIENTS = 6_700 if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else 500
"""On each of the days; 20,100 in all take a minute and a half."""
ON_PERFUSION = [entry for entry in SETS if any(name in str(CLAUSES[entry["id"]]) for name in ("meets", *PERFUSION))]
LEADING_TO = [clause for entry in ON_PERFUSION for clause in CLAUSES[entry["id"]]]


@lru_cache(maxsize=4096)
def mismatch(core: float, tmax: float) -> dict[str, float]:
    """The mismatch as fractions have it; of 0 ml in 0 ml there is no ratio, and no bound is met."""
    exact_core, exact_tmax = Fraction(str(core)), Fraction(str(tmax))
    ratio = float(exact_tmax / exact_core) if core else float("inf") if tmax else float("nan")
    return dict(zip(PERFUSION, (core, ratio, float(exact_tmax - exact_core)), strict=True))


def patients_with_volumes(seed: int, how_many: int) -> Iterator[tuple[dict[str, Any], dict[str, float], str]]:
    """Patients, both volumes, and which of them is hidden; most are made to fit a clause that asks for perfusion."""
    draw = random.Random(seed)
    for number, patient in enumerate(patients(seed, how_many)):
        if number % 4:
            fit(patient, draw.choice(LEADING_TO)["all_of"], draw)
        hidden, known = draw.sample(VOLUMES, 2)
        volume = draw.choice(KNOWN_ML)
        yield patient, {known: volume, hidden: draw.choice(telling(hidden, volume))}, hidden


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_a_second_evaluator_that_tries_volume_after_volume_says_the_same(day: date) -> None:
    draw = random.Random(day.toordinal())
    found: Counter[str] = Counter()
    for patient, volumes, hidden in patients_with_volumes(day.year, PATIENTS):
        known = {name: volume for name, volume in volumes.items() if name != hidden}
        values = telling(hidden, *known.values())
        for ruleset, answer in judged(patient, known, day).items():
            entry = next(one for one in SETS if one["id"] == ruleset)
            if entry not in ON_PERFUSION:
                continue
            needs = answer.outcome is Outcome.NEED_DATA
            tried = draw.sample(values, len(values)) if needs else [volumes[hidden], draw.choice(values)]
            each = set[str]()
            while tried and len(each) < 2:
                both = {**known, hidden: tried.pop()}
                each.add(outcome(entry, patient | mismatch(*map(both.__getitem__, VOLUMES)), day).split()[0])
            assert needs if len(each) > 1 else each == {answer.outcome}, (ruleset, patient, volumes, hidden)
            found["open" if needs else "settled"] += 1
    assert found["open"] > PATIENTS / 20
    assert found["settled"] > PATIENTS
