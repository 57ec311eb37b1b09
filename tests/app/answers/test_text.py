"""The text of an answer is, byte for byte, what writing out the answer gives: for new patients and for known cells."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from app.answers.gapped import gap, gapped
from app.answers.text import OTHER_GAPS
from app.intake.case_file import read_case
from app.triage import PARTS, triage, triage_text
from scoring.aspects import Findings
from scoring.case import Case
from scoring.derived import DERIVED_FACTS
from scoring.facts import FACTS, OCCLUSION_SITES, Facts
from scoring.grid import Grid, Kept
from scoring.regions import Region, Side, Status
from scoring.site import Capability, Site

CASES = Path(__file__).resolve().parents[3] / "sample_data" / "cases"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def sample_cases() -> list[Case]:
    return [read_case(path.read_bytes()) for path in sorted(CASES.glob("*.json"))]


@pytest.mark.parametrize("case", sample_cases(), ids=lambda case: case.case_id)
def test_the_text_is_that_of_the_answer(case: Case) -> None:
    assert triage_text(case) == to_json(triage(case))
    assert triage_text(case) == to_json(triage(case)), "and again, from what was kept"


@pytest.mark.parametrize("part", PARTS)
def test_a_part_alone(part: str) -> None:
    for case in sample_cases():
        assert triage_text(case, [part]) == to_json(triage(case, [part]))


statuses = st.dictionaries(st.sampled_from(Region), st.sampled_from(Status))
cases = st.builds(
    lambda facts, minutes, regions, site: Case(
        evaluated_at=NOW,
        case_id="x",
        facts=Facts(**facts, last_known_well_at=None if minutes is None else NOW - timedelta(minutes=minutes)),
        findings=Findings(Side.LEFT, regions),
        site=site,
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "age_years": st.integers(0, 100),
            "nihss_total": st.integers(0, 42),
            "prestroke_mrs": st.integers(0, 5),
            "occlusion_site": st.sampled_from(OCCLUSION_SITES),
            "mass_effect": st.booleans(),
            "core_volume_ml": st.sampled_from([0, 20.5, 70, 151]),
            "tmax6_volume_ml": st.sampled_from([0, 10, 90, 200.25]),
            "haemorrhage_on_imaging": st.booleans(),
            "weight_kg": st.integers(40, 120),
            "inr": st.sampled_from([1.0, 1.7, 2.5]),
            "days_since_neurosurgery": st.integers(0, 200),
            "malignant_mca_infarct": st.booleans(),
        },
    ),
    st.none() | st.integers(0, 2000),
    statuses,
    st.none() | st.builds(Site, capability=st.sampled_from(Capability), door_to_groin_minutes=st.just(60)),
)


@settings(max_examples=150)
@given(cases)
def test_any_case_twice(case: Case) -> None:
    assert triage_text(case) == to_json(triage(case)) == triage_text(case)


def test_two_patients_of_one_cell_keep_their_own_values_and_moments() -> None:
    common = Facts(nihss_total=15, occlusion_site="mca_m1")
    early, later = (
        Case(
            evaluated_at=NOW,
            facts=replace(common, age_years=age, last_known_well_at=NOW - timedelta(minutes=minutes)),
        )
        for age, minutes in ((61, 100), (62, 101))
    )
    answers = [json.loads(triage_text(case)) for case in (early, later)]
    ages = [{r["value"] for e in a["evt"] for r in e["reasons"] if r["fact"] == "age_years"} for a in answers]
    assert ages == [{61}, {62}]
    moments = [{change["after"] for change in a["what_would_change"] if "after" in change} for a in answers]
    assert moments[0]
    assert moments[0].isdisjoint(moments[1])


def alike(case: Case, draw: random.Random) -> Case:
    """A patient whom few rules tell apart from this one: other values of the same cells, other times, another site."""
    facts, shift = case.facts, timedelta(minutes=draw.choice([0, 0, 1, 7, 40]))
    nihss = facts.nihss_total
    return replace(
        case,
        evaluated_at=case.evaluated_at + shift,
        facts=replace(
            facts,
            age_years=None if facts.age_years is None else facts.age_years + draw.choice([0, 0.5, 3]),
            nihss_total=nihss if nihss is None else min(42, nihss + draw.choice([0, 1])),
            weight_kg=draw.choice([facts.weight_kg, 71, None]),
            imaged_at=draw.choice([facts.imaged_at, None]),
            systolic_bp_mmhg=draw.choice([facts.systolic_bp_mmhg, 150, 151]),
        ),
        site=draw.choice([case.site, None, Site(capability=Capability.PRIMARY, minutes_to_thrombectomy_centre=70)]),
    )


def test_what_alike_patients_share_holds_for_each_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer from what earlier patients left behind is the one that nobody before the patient gave."""
    draw = random.Random(20261129)
    wards = [alike(case, draw) for case in sample_cases() * 8]
    shared = [triage_text(case) for case in wards]
    monkeypatch.setattr(Grid, "kept_at", lambda _self, _signature: Kept())
    for case, text in zip(wards, shared, strict=True):
        assert text == to_json(triage(case))


def test_gaps_are_filled_in_their_places() -> None:
    text = gapped({"a": gap("one"), "b": [gap("two"), "two", gap("one")]})
    assert b"".join(text.filled({"one": b"1", "two": b'"x"'})) == b'{"a":1,"b":["x","two",1]}'


def test_no_fact_has_the_name_of_another_gap() -> None:
    assert {*FACTS, *DERIVED_FACTS}.isdisjoint(OTHER_GAPS)
