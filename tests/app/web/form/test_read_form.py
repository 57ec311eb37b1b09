"""From form fields to a request: what is read, what is refused beside which field, and that unknown stays unknown."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.form.layout import NOT_ON_THE_FORM, names_on_the_form
from app.web.form.read_form import problem_at, read_form
from app.web.form.reading import FormReading
from scoring.facts import FACTS, Kind
from scoring.regions import PosteriorRegion, Region

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 22, 5, 5, 40, tzinfo=UTC)


def read(**fields: str) -> FormReading:
    """Read a form; ``__`` in a name stands for the point of field names such as ``region.M1``."""
    return read_form({name.replace("__", "."): text for name, text in fields.items()}, NOW, LONDON)


def test_every_fact_has_a_place_on_the_form_or_a_reason_not_to() -> None:
    placed = names_on_the_form()
    assert len(placed) == len(set(placed))
    assert set(placed) | NOT_ON_THE_FORM | {"nihss_items"} == set(FACTS)


def test_an_empty_form_states_nothing_but_the_time() -> None:
    reading = read()
    assert reading.problems == {}
    assert reading.payload == {"evaluated_at": "2026-11-22T05:05:00+00:00", "facts": {}}


def test_blank_fields_are_not_known() -> None:
    blank = dict.fromkeys([*names_on_the_form(), *(f"region__{region}" for region in Region), "side", "capability"], "")
    assert read(**blank).payload["facts"] == {}
    assert "findings" not in read(**blank).payload
    assert "site" not in read(**blank).payload


def test_reads_every_kind_of_field() -> None:
    reading = read(
        case_id=" A-17 ",
        age_years="74.5",
        nihss_total="16",
        prestroke_mrs="0",
        occlusion_site="mca_m1",
        haemorrhage_on_imaging="no",
        mass_effect="yes",
        last_known_well_at="-3h55",
        side="left",
        region__L="affected",
        region__M4="not_assessable",
        old_infarct__M6="yes",
        posterior__pons="unaffected",
        nihss__5a="UN",
        nihss__1a="0",
        capability="primary",
        minutes_to_thrombectomy_centre="70",
        thrombectomy_centre="Northport",
    )
    assert reading.problems == {}
    assert reading.payload == {
        "case_id": "A-17",
        "evaluated_at": "2026-11-22T05:05:00+00:00",
        "facts": {
            "last_known_well_at": "2026-11-22T01:10:00+00:00",
            "nihss_total": 16,
            "prestroke_mrs": 0,
            "age_years": 74.5,
            "occlusion_site": "mca_m1",
            "haemorrhage_on_imaging": False,
            "mass_effect": True,
            "nihss_items": {"1a": 0, "5a": "UN"},
            "affected_side": "left",
        },
        "findings": {
            "side": "left",
            "regions": {"L": "affected", "M4": "not_assessable"},
            "old_infarct": ["M6"],
        },
        "posterior_findings": {"regions": {"pons": "unaffected"}},
        "site": {"capability": "primary", "minutes_to_thrombectomy_centre": 70, "thrombectomy_centre": "Northport"},
    }
    assert reading.request is not None


def test_regions_left_open_are_unaffected_only_when_the_reader_says_so() -> None:
    assert read(region__L="affected").payload["findings"]["regions"] == {"L": "affected"}
    reading = read(region__L="affected", rest="region")
    assert reading.payload["findings"]["regions"] == {r.value: "unaffected" for r in Region} | {"L": "affected"}
    assert reading.kept["region.M6"] == "unaffected"
    assert "rest" not in reading.kept


def test_parts_of_the_posterior_circulation_are_filled_in_alike() -> None:
    reading = read(posterior__pons="affected", rest="posterior")
    parts = {part.value: "unaffected" for part in PosteriorRegion} | {"pons": "affected"}
    assert reading.payload["posterior_findings"]["regions"] == parts
    assert "findings" not in reading.payload


@pytest.mark.parametrize("text", ["about 03:40", "~0340", "ca. 03:40", "etwa 03:40"])
def test_an_approximate_time_is_counted_as_it_stands_and_stays_approximate(text: str) -> None:
    reading = read(last_known_well_at=text)
    assert reading.payload["facts"]["last_known_well_at"] == "2026-11-22T03:40:00+00:00"
    assert reading.kept["last_known_well_at"] == "about 22 Nov 03:40 GMT"
    assert reading.approximate == {"last_known_well_at"}
    assert [words.partition(":")[0] for words in reading.warnings()] == ["Last known well is approximate"]
    again = read_form(reading.kept, NOW, LONDON)
    assert again.payload["facts"] == reading.payload["facts"]
    assert again.approximate == reading.approximate
    assert read(last_known_well_at="03:40").warnings() == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("age_years", "old"), ("age_years", "121"), ("age_years", "-1"), ("age_years", "1e1"), ("age_years", "nan"),
        ("age_years", "7,5"), ("nihss_total", "43"), ("nihss_total", "7.0"), ("nihss_total", "sixteen"),
        ("prestroke_mrs", "6"), ("occlusion_site", "m1"), ("haemorrhage_on_imaging", "false"), ("collaterals", "fair"),
        ("core_volume_ml", "2001"), ("side", "both"), ("region.M1", "normal"), ("posterior.pons", "yes"),
        ("nihss.1a", "UN"), ("nihss.1a", "4"), ("nihss.5a", "5"), ("capability", "hospital"),
        ("minutes_to_thrombectomy_centre", "1 h"), ("minutes_to_thrombectomy_centre", "99999"),
        ("door_to_groin_minutes", "-5"), ("last_known_well_at", "3:40 pm"), ("last_known_well_at", "tomorrow 03:00"),
        ("last_known_well_at", "about ten"),
        ("time_zone", "Mars/Base"), ("evaluated_at", "2030-01-01 10:00"), ("glucose_mmol_per_l", "7"),
        ("case_id", "x" * 129), ("case_id", "a\nb"), ("thrombectomy_centre", "\x00"), ("case_id", "\ud800"),
    ],
)  # fmt: skip
def test_refuses_beside_the_field(name: str, text: str) -> None:
    reading = read_form({name: text}, NOW, LONDON)
    assert list(reading.problems) == [name]
    assert reading.problems[name]
    assert reading.request is None
    assert reading.kept[name] == text.strip()[:200]


def test_a_contradiction_found_below_the_form_lands_beside_its_field() -> None:
    reading = read()
    problem_at(reading, ("facts", "slept_at"), "'fell asleep, well' lies after 'woke with symptoms'.")
    problem_at(reading, ("findings", "side"), "The side contradicts.")
    problem_at(reading, ("facts", "nihss_items", "item_5a"), "An integer.")
    assert list(reading.problems) == ["slept_at", "side", "nihss.5a"]


class TestGlucose:
    def test_without_a_unit_it_is_refused(self) -> None:
        assert "glucose_mmol_per_l" in read(glucose_mmol_per_l="50").problems

    @pytest.mark.parametrize(("unit", "expected"), [("mmol", 50.0), ("mg", 2.7753)])
    def test_each_unit_is_read_as_such(self, unit: str, expected: float) -> None:
        reading = read(glucose_mmol_per_l="50", glucose_unit=unit)
        assert reading.payload["facts"]["glucose_mmol_per_l"] == expected
        assert reading.kept["glucose_mmol_per_l"] == "50"

    def test_high_values_in_mg_per_dl_are_in_range(self) -> None:
        assert read(glucose_mmol_per_l="401", glucose_unit="mg").payload["facts"]["glucose_mmol_per_l"] == 22.258


class TestTimes:
    def test_a_relative_time_is_kept_as_the_moment_it_meant(self) -> None:
        reading = read(last_known_well_at="-2h", age_years="old")
        assert reading.kept["last_known_well_at"] == "22 Nov 03:05 GMT"

    def test_what_is_kept_means_the_same_an_hour_later(self) -> None:
        first = read(last_known_well_at="-2h")
        later = read_form(first.kept, datetime(2026, 11, 22, 6, 5, tzinfo=UTC), LONDON)
        assert later.payload["facts"] == first.payload["facts"]

    def test_a_chosen_day_is_joined_to_the_time(self) -> None:
        reading = read_form({"last_known_well_at": "23:10", "last_known_well_at.day": "2026-11-20"}, NOW, LONDON)
        assert reading.payload["facts"]["last_known_well_at"] == "2026-11-20T23:10:00+00:00"

    def test_hours_before_a_past_decision_count_from_it(self) -> None:
        reading = read(evaluated_at="1 Jul 2026 12:00", last_known_well_at="-2h")
        assert reading.payload["evaluated_at"] == "2026-07-01T12:00:00+01:00"
        assert reading.payload["facts"]["last_known_well_at"] == "2026-07-01T10:00:00+01:00"

    @pytest.mark.parametrize("doubt", [{"time_zone": "Europ/Paris"}, {"evaluated_at": "soon"}])
    def test_times_stay_as_typed_while_their_clock_is_in_doubt(self, doubt: dict[str, str]) -> None:
        reading = read(last_known_well_at="-2h", **doubt)
        assert reading.kept["last_known_well_at"] == "-2h"

    def test_a_repeated_time_offers_both_passes(self) -> None:
        fields = {"last_known_well_at": "25 Oct 01:30"}
        asked = read_form(fields, NOW, LONDON)
        assert asked.repeated["last_known_well_at"] == ("25 Oct 2026 01:30 BST", "25 Oct 2026 01:30 GMT")
        answered = read_form({**fields, "last_known_well_at.pass": "first"}, NOW, LONDON)
        assert answered.payload["facts"]["last_known_well_at"] == "2026-10-25T01:30:00+01:00"

    def test_a_skipped_time_is_refused(self) -> None:
        assert "did not exist" in read(last_known_well_at="29 Mar 2026 01:30").problems["last_known_well_at"]


_NAMES = st.sampled_from(
    [*names_on_the_form(), "side", "case_id", "time_zone", "evaluated_at", "region.C", "nihss.7", "capability", "x.day"]
)
_TEXTS = st.one_of(st.text(max_size=30), st.from_regex(r"-?\d{1,4}[:.h]?\d{0,3}( ?[a-z]{0,4})?", fullmatch=True))


@given(st.dictionaries(_NAMES, _TEXTS, max_size=12))
def test_whatever_is_sent_is_read_or_refused(fields: dict[str, str]) -> None:
    reading = read_form(fields, NOW, LONDON)
    assert (reading.request is None) == bool(reading.problems)
    for name, value in reading.payload["facts"].items():
        assert FACTS[name].kind is not Kind.NUMBER or isinstance(value, float)
