"""The request model mirrors the table of facts, and turns into the words of `scoring` without loss."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.intake.schemas import FactsIn, FindingsIn, PosteriorFindingsIn, SiteIn, TriageRequest
from scoring.facts import FACTS, Facts, Kind
from scoring.nihss import ITEM_MAXIMA, MAY_BE_UNTESTABLE
from scoring.regions import PosteriorRegion, Region, Side, Status
from scoring.site import Site

NUMBERS = [spec for spec in FACTS.values() if spec.kind in {Kind.NUMBER, Kind.INTEGER}]


def facts(**values: Any) -> Facts:
    return TriageRequest.model_validate({"facts": values}).to_facts()


def accepted(**values: Any) -> bool:
    try:
        facts(**values)
    except ValidationError:
        return False
    return True


def test_every_fact_can_be_sent_and_has_a_description() -> None:
    schema = TypeAdapter(FactsIn).json_schema()
    assert list(schema["properties"]) == list(FACTS) == [entry.name for entry in fields(Facts)]
    for name, entry in schema["properties"].items():
        assert FACTS[name].title in entry["description"]
        if FACTS[name].unit:
            assert f"in {FACTS[name].unit}" in entry["description"]


@pytest.mark.parametrize("spec", NUMBERS, ids=lambda spec: spec.name)
def test_bounds_are_inclusive_and_nothing_lies_beyond(spec: Any) -> None:
    least = 1 if spec.kind is Kind.INTEGER else 0.001
    low, high = spec.minimum, spec.maximum
    if spec.kind is Kind.INTEGER:
        low, high = int(low), int(high)
    assert accepted(**{spec.name: low})
    assert accepted(**{spec.name: high})
    assert not accepted(**{spec.name: low - least})
    assert not accepted(**{spec.name: high + least})


@pytest.mark.parametrize("spec", FACTS.values(), ids=list(FACTS))
def test_null_and_absent_are_both_not_known(spec: Any) -> None:
    assert facts(**{spec.name: None}) == facts() == Facts()


@pytest.mark.parametrize("spec", [s for s in FACTS.values() if s.kind is Kind.CHOICE], ids=lambda spec: spec.name)
def test_every_choice_is_taken(spec: Any) -> None:
    for choice in spec.choices:
        assert getattr(facts(**{spec.name: choice}), spec.name) == choice


@pytest.mark.parametrize("item", ITEM_MAXIMA)
def test_nihss_items_have_their_ranges(item: str) -> None:
    highest = ITEM_MAXIMA[item]
    assert facts(nihss_items={item: highest}).nihss_items == {item: highest}
    assert facts(nihss_items={item: 0}).nihss_items == {item: 0}
    assert not accepted(nihss_items={item: highest + 1})
    assert not accepted(nihss_items={item: True})
    assert accepted(nihss_items={item: "UN"}) == (item in MAY_BE_UNTESTABLE)
    assert facts(nihss_items={item: None}).nihss_items == {}


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=OFFSETS))  # noqa: DTZ001 -- zone is drawn
def test_any_time_with_an_offset_keeps_its_moment(moment: datetime) -> None:
    assert facts(last_known_well_at=moment.isoformat()).last_known_well_at == moment


def test_z_and_minutes_alone_are_times() -> None:
    moment = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert facts(last_known_well_at="2026-03-01T09:30Z").last_known_well_at == moment


@given(st.text(max_size=40) | st.integers() | st.floats() | st.booleans())
def test_anything_else_is_no_time(value: object) -> None:
    assert not accepted(last_known_well_at=value)


def test_findings_keep_what_was_seen_and_leave_out_what_was_not() -> None:
    findings = FindingsIn.model_validate(
        {"side": "right", "regions": {"C": "affected", "M6": "not_assessable", "L": None}, "old_infarct": ["M1"]}
    ).to_findings()
    assert findings.side is Side.RIGHT
    assert findings.regions == {Region.C: Status.AFFECTED, Region.M6: Status.NOT_ASSESSABLE}
    assert findings.old_infarct == {Region.M1}


def test_posterior_findings_likewise() -> None:
    findings = PosteriorFindingsIn.model_validate({"regions": {"pons": "affected", "midbrain": None}}).to_findings()
    assert findings.regions == {PosteriorRegion.PONS: Status.AFFECTED}


def test_a_site_may_leave_everything_out() -> None:
    assert SiteIn.model_validate({}).to_site() == Site()
    site = SiteIn.model_validate({"capability": "primary", "minutes_to_thrombectomy_centre": 70}).to_site()
    assert (site.capability, site.minutes_to_thrombectomy_centre) == ("primary", 70)
