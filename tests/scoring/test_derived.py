"""From the case to the values that rules see: scores, ages, mismatch, sides, and contradictions."""

from datetime import UTC, datetime
from typing import Any

import pytest

from scoring.aspects import Findings
from scoring.case import Case
from scoring.derived import MISMATCH_FACTS, assess, fact_spec
from scoring.errors import CaseError
from scoring.facts import FACTS, Facts
from scoring.pc_aspects import PosteriorFindings
from scoring.regions import PosteriorRegion, Region, Side, Status
from scoring.site import Capability, Site
from scoring.values import Interval, Known, OneOf

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CLEAR = dict.fromkeys(Region, Status.UNAFFECTED)
INFINITE = float("inf")
NO_STEM = {PosteriorRegion.PONS: Status.UNAFFECTED, PosteriorRegion.MIDBRAIN: Status.UNAFFECTED}


def values_of(facts: Facts | None = None, **case: Any) -> dict[str, Known]:
    return assess(Case(evaluated_at=NOW, facts=facts or Facts(), **case)).values


def test_nothing_known_is_nothing_assumed() -> None:
    assert values_of() == {
        "vessel_imaging_done": False, "inr_is_known": False, "aptt_is_known": False, "last_dose_is_known": False,
    }  # fmt: skip


def test_what_was_measured_is_known_whatever_it_showed() -> None:
    values = values_of(Facts(inr=0, aptt_seconds=0, hours_since_anticoagulant=0))
    assert [values[fact] for fact in ("inr_is_known", "aptt_is_known", "last_dose_is_known")] == [True, True, True]


def test_whoever_was_seen_to_fall_ill_did_not_wake_with_it() -> None:
    seen = datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert values_of(Facts(onset_witnessed_at=seen))["woke_with_symptoms"] is False
    assert values_of(Facts(woke_at=seen))["woke_with_symptoms"] is True
    assert values_of(Facts(minutes_since_sleep_midpoint=300))["woke_with_symptoms"] is True
    assert "woke_with_symptoms" not in values_of(Facts(last_known_well_at=seen))


def test_findings_give_the_total_or_its_bounds() -> None:
    assert values_of(findings=Findings(Side.LEFT, CLEAR))["aspects_total"] == 10
    partly = Findings(Side.LEFT, {**CLEAR, Region.M4: Status.NOT_ASSESSABLE})
    assert values_of(findings=partly)["aspects_total"] == Interval(9, 10)


def test_a_stated_total_sharpens_findings_that_allow_it_and_contradicts_others() -> None:
    findings = Findings(Side.LEFT, {Region.I: Status.AFFECTED})
    assert values_of(Facts(aspects_total=7), findings=findings)["aspects_total"] == 7
    with pytest.raises(CaseError) as caught:
        values_of(Facts(aspects_total=10), findings=findings)
    assert caught.value.loc == ("facts", "aspects_total")


def test_posterior_findings_and_nihss_items_join_like_findings() -> None:
    seen = dict.fromkeys(PosteriorRegion, Status.UNAFFECTED) | {PosteriorRegion.PONS: Status.AFFECTED}
    assert values_of(posterior_findings=PosteriorFindings(seen))["pc_aspects_total"] == 8
    assert values_of(Facts(nihss_items={"1a": 1}))["nihss_total"] == Interval(1, 40)
    with pytest.raises(CaseError):
        values_of(Facts(nihss_items={"1a": 1}, nihss_total=0))


def test_age_in_days_becomes_years_and_must_agree_with_stated_years() -> None:
    assert values_of(Facts(age_days=28))["age_years"] == 28 / 365.25
    assert values_of(Facts(age_days=28, age_years=0))["age_years"] == 28 / 365.25
    with pytest.raises(CaseError):
        values_of(Facts(age_days=28, age_years=40))


@pytest.mark.parametrize(
    ("core", "tmax", "volume", "ratio"),
    [(69.9, 125.82, 55.92, 1.8), (10, 24.9, 14.9, 2.49), (0, 40, 40, float("inf")), (20, 10, -10, 0.5)],
)
def test_mismatch_is_exact_in_decimals(core: float, tmax: float, volume: float, ratio: float) -> None:
    values = values_of(Facts(core_volume_ml=core, tmax6_volume_ml=tmax))
    assert (values["mismatch_volume_ml"], values["mismatch_ratio"]) == (volume, ratio)


def test_the_level_of_consciousness_is_that_of_its_item() -> None:
    assert values_of(Facts(nihss_items={"1a": 2}))["nihss_1a"] == 2
    assert values_of(Facts(nihss_items={"1a": 2}, nihss_1a=2))["nihss_1a"] == 2
    assert values_of(Facts(nihss_1a=1))["nihss_1a"] == 1
    assert "nihss_1a" not in values_of(Facts(nihss_items={"1b": 1}))


@pytest.mark.parametrize(
    ("case", "loc", "text"),
    [
        (
            {"facts": Facts(affected_side="right"), "findings": Findings(Side.LEFT, CLEAR)},
            ("findings", "side"), "The side of the findings contradicts 'affected_side'.",
        ),
        (
            {"facts": Facts(age_days=28, age_years=40)},
            ("facts", "age_days"), "The age in days contradicts the age in years.",
        ),
        (
            {"facts": Facts(nihss_1a=1, nihss_items={"1a": 2})},
            ("facts", "nihss_1a"), "'NIHSS item 1a' contradicts the NIHSS items.",
        ),
        (
            {"facts": Facts(pons_midbrain_index=1), "posterior_findings": PosteriorFindings(NO_STEM)},
            ("facts", "pons_midbrain_index"), "The index contradicts an unaffected pons and midbrain.",
        ),
        (
            {"facts": Facts(aspects_total=10), "findings": Findings(Side.LEFT, {Region.I: Status.AFFECTED})},
            ("facts", "aspects_total"), "'ASPECTS' contradicts what was entered region by region.",
        ),
    ],
)  # fmt: skip
def test_a_contradiction_names_its_place_and_says_what_it_is(
    case: dict[str, Any], loc: tuple[str, str], text: str
) -> None:
    with pytest.raises(CaseError) as caught:
        values_of(**case)
    assert (caught.value.loc, str(caught.value)) == (loc, text)


@pytest.mark.parametrize("stated", [8, 9])
def test_a_stated_total_may_be_either_bound(stated: int) -> None:
    partly = Findings(Side.LEFT, {**CLEAR, Region.I: Status.AFFECTED, Region.M4: Status.NOT_ASSESSABLE})
    assert values_of(Facts(aspects_total=stated), findings=partly)["aspects_total"] == stated


def test_the_scores_are_handed_on_with_the_values() -> None:
    case = Case(
        evaluated_at=NOW,
        facts=Facts(nihss_items={"1a": 1}),
        findings=Findings(Side.LEFT, CLEAR),
        posterior_findings=PosteriorFindings(NO_STEM),
    )
    found = assess(case)
    assert found.aspects is not None
    assert found.aspects.total == 10
    assert found.pc_aspects is not None
    assert found.pc_aspects.high == 10
    assert found.nihss is not None
    assert found.nihss.low == 1
    nothing = assess(Case(evaluated_at=NOW, facts=Facts()))
    assert (nothing.aspects, nothing.pc_aspects, nothing.nihss) == (None, None, None)


@pytest.mark.parametrize(
    ("fact", "title"), [("age_years", FACTS["age_years"].title), ("mismatch_ratio", "Mismatch ratio")]
)
def test_facts_are_described_stated_and_derived_ones(fact: str, title: str) -> None:
    spec = fact_spec(fact)
    assert spec is not None
    assert spec.title == title
    assert fact_spec("shoe_size") is None


def test_no_lesion_on_perfusion_has_no_ratio() -> None:
    values = values_of(Facts(core_volume_ml=0, tmax6_volume_ml=0))
    assert values["mismatch_volume_ml"] == 0
    assert "mismatch_ratio" not in values


def test_without_a_volume_nothing_is_known_of_the_mismatch() -> None:
    assert not set(MISMATCH_FACTS) & set(values_of(Facts(age_years=70)))


@pytest.mark.parametrize(
    ("stated", "volume", "ratio"),
    [
        ({"tmax6_volume_ml": 10}, Interval(-1990, 10), Interval(0.005, INFINITE)),
        ({"tmax6_volume_ml": 125.82}, Interval(-1874.18, 125.82), Interval(0.06291, INFINITE)),
        ({"tmax6_volume_ml": 2000}, Interval(0, 2000), Interval(1, INFINITE)),
        ({"tmax6_volume_ml": 0}, Interval(-2000, 0), None),  # without a core, 0 to 0
        ({"core_volume_ml": 80}, Interval(-80, 1920), Interval(0, 25)),
        ({"core_volume_ml": 0.1}, Interval(-0.1, 1999.9), Interval(0, 20_000)),
        ({"core_volume_ml": 2000}, Interval(-2000, 0), Interval(0, 1)),
        ({"core_volume_ml": 0}, Interval(0, 2000), None),  # infinite, or 0 to 0
    ],
)
def test_one_volume_bounds_the_mismatch(stated: dict[str, float], volume: Interval, ratio: Interval | None) -> None:
    values = values_of(Facts(**stated))
    assert (values["mismatch_volume_ml"], values.get("mismatch_ratio")) == (volume, ratio)


def test_an_m2_without_dominance_stays_open() -> None:
    site = values_of(Facts(occlusion_site="mca_m2_unspecified"))["occlusion_site"]
    assert site == OneOf(frozenset({"mca_m2_dominant", "mca_m2_codominant", "mca_m2_nondominant"}))


@pytest.mark.parametrize(
    ("capability", "treats"),
    [("primary", False), ("acute_stroke_ready", False), ("thrombectomy_capable", True), ("comprehensive", True)],
)
def test_what_a_site_can_do(capability: str, *, treats: bool) -> None:
    assert values_of(site=Site(capability=Capability(capability)))["site_treats"] is treats


def test_a_site_of_unknown_capability_is_not_taken_for_one_that_cannot() -> None:
    assert "site_treats" not in values_of(site=Site(door_to_groin_minutes=60))


def test_sides_must_agree() -> None:
    with pytest.raises(CaseError) as caught:
        values_of(Facts(affected_side="right"), findings=Findings(Side.LEFT, CLEAR))
    assert caught.value.loc == ("findings", "side")


@pytest.mark.parametrize("index", [1, 8])
def test_an_unaffected_pons_and_midbrain_have_an_index_of_0(index: int) -> None:
    clear = PosteriorFindings({PosteriorRegion.PONS: Status.UNAFFECTED, PosteriorRegion.MIDBRAIN: Status.UNAFFECTED})
    case = Case(evaluated_at=NOW, facts=Facts(), posterior_findings=clear)
    assert assess(case).values["pons_midbrain_index"] == 0
    stated = Case(evaluated_at=NOW, facts=Facts(pons_midbrain_index=index), posterior_findings=clear)
    with pytest.raises(CaseError, match="contradicts an unaffected pons"):
        assess(stated)


@pytest.mark.parametrize(
    ("capability", "neurosurgery"),
    [("comprehensive", True), ("thrombectomy_capable", None), ("primary", False), ("acute_stroke_ready", False)],
)
def test_where_there_is_neurosurgery(capability: str, neurosurgery: object) -> None:
    case = Case(evaluated_at=NOW, facts=Facts(), site=Site(capability=Capability(capability)))
    assert assess(case).values.get("site_has_neurosurgery") is neurosurgery
