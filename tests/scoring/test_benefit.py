"""Figures of trials: shown only to patients whom the trial would have taken, and never filled in."""

from datetime import UTC, date, datetime

import pytest
import yaml

from scoring.benefit import (
    STOPPED_EARLY_NOTE,
    Arms,
    BenefitFigure,
    NumberNeededToTreat,
    _nnt,
    all_figures,
    benefit_figures,
    eligible_trials,
)
from scoring.case import Case
from scoring.derived import assess
from scoring.eligibility import grid_in_force, judge
from scoring.errors import RuleFileError
from scoring.facts import Facts
from scoring.rule_files import CHECK_STATUSES, RULES_FOLDER, read_rulebook
from scoring.values import Interval, Known

BOOK = read_rulebook()
GRID = grid_in_force(BOOK, date(2026, 11, 22))
EARLY: dict[str, Known] = {
    "age_years": 70, "occlusion_site": "mca_m1", "nihss_total": 16, "prestroke_mrs": 0, "aspects_total": 9,
    "minutes_since_last_known_well": 180,
}  # fmt: skip


def shown(**facts: object) -> list[str]:
    """Ids of the figures that a patient is shown."""
    values = assess(Case(evaluated_at=datetime(2026, 11, 22, tzinfo=UTC), facts=Facts(**facts))).values  # type: ignore[arg-type]
    return shown_for(values)


def shown_for(values: dict[str, Known]) -> list[str]:
    return [figure.id for figure in benefit_figures(eligible_trials(judge(GRID, values)), values)]


def test_an_early_small_core_is_shown_the_pool_and_its_subgroup() -> None:
    assert shown(**EARLY) == ["hermes", "hermes-aspects-9-10"]
    assert shown(**{**EARLY, "aspects_total": 6}) == ["hermes", "hermes-aspects-6-8"]


def test_the_pool_ends_at_six_hours_and_its_main_figure_below_aspects_six() -> None:
    assert "hermes" in shown(**{**EARLY, "minutes_since_last_known_well": 360})
    assert not [name for name in shown(**{**EARLY, "minutes_since_last_known_well": 361}) if name.startswith("hermes")]
    five = shown(**{**EARLY, "aspects_total": 5})
    assert [name for name in five if name.startswith("hermes")] == ["hermes-aspects-0-5"]
    four = shown(**{**EARLY, "aspects_total": 4})
    assert [name for name in four if name.startswith("hermes")] == ["hermes-aspects-0-5", "hermes-aspects-0-4"]


@pytest.mark.parametrize("hidden", sorted(EARLY))
def test_a_pool_needs_every_condition_known(hidden: str) -> None:
    assert shown(**{fact: value for fact, value in EARLY.items() if fact != hidden}) == []


def test_an_aspects_across_the_subgroups_shows_the_pool_alone() -> None:
    assert shown_for({**EARLY, "aspects_total": Interval(8, 9)}) == ["hermes"]
    assert shown_for({**EARLY, "aspects_total": Interval(5, 6)}) == []


def test_nothing_is_shown_once_haemorrhage_was_seen() -> None:
    assert shown(**EARLY, haemorrhage_on_imaging=True) == []
    assert shown(**EARLY, haemorrhage_on_imaging=False) == shown(**EARLY)


def test_dawn_is_shown_to_dawn_patients_alone() -> None:
    late = {**EARLY, "minutes_since_last_known_well": 900, "tmax6_volume_ml": 130}
    assert shown(**late, core_volume_ml=20) == ["dawn", "defuse-3"]
    assert shown(**late, core_volume_ml=40) == ["defuse-3"]
    assert shown(**late) == []


def test_large_core_trials_are_each_shown_by_their_own_criteria() -> None:
    large = {**EARLY, "aspects_total": 4, "minutes_since_last_known_well": 500}
    assert shown(**large) == ["select2", "angel-aspect", "tension", "tesla"]
    assert shown(**{**large, "age_years": 86}) == ["tension"]


def test_basilar_patients_see_no_anterior_figure() -> None:
    basilar = {"age_years": 70, "occlusion_site": "basilar", "nihss_total": 16, "prestroke_mrs": 0,
               "pc_aspects_total": 8, "pons_midbrain_index": 0}  # fmt: skip
    assert shown(**basilar, minutes_since_last_known_well=300) == ["attention", "basics", "best"]
    assert shown(**basilar, minutes_since_last_known_well=400) == ["attention", "baoche", "best"]
    assert shown(**basilar, minutes_since_last_known_well=1000) == ["baoche"]


MEDIUM: dict[str, Known] = {**EARLY, "occlusion_site": "mca_m2_nondominant", "nihss_total": 8}


def test_trials_that_found_no_benefit_are_shown_like_the_others() -> None:
    assert shown(**MEDIUM) == ["distal"]
    assert shown(**MEDIUM, collaterals="good") == ["distal", "escape-mevo"]
    assert shown(**{**MEDIUM, "minutes_since_last_known_well": 700}, collaterals="moderate") == ["escape-mevo"]
    assert shown(**{**MEDIUM, "occlusion_site": "mca_m2_dominant"}) == []
    tesla = {**EARLY, "aspects_total": 2, "minutes_since_last_known_well": 1440}
    assert shown(**tesla) == ["tesla"]
    assert shown(**{**tesla, "aspects_total": 1}) == []


def test_every_trial_of_the_rule_book_has_its_figures() -> None:
    trials = {ruleset.id for ruleset in BOOK.rulesets if ruleset.kind == "trial"}
    assert {figure.taken_by for figure in all_figures() if figure.taken_by} == trials


@pytest.mark.parametrize("figure", all_figures(), ids=lambda figure: figure.id)
def test_every_figure_has_a_source_a_gate_and_no_shift_turned_into_a_number_needed(figure: BenefitFigure) -> None:
    assert figure.source in yaml.safe_load((RULES_FOLDER / "sources.yaml").read_text(encoding="utf-8"))
    assert figure.status in CHECK_STATUSES
    assert (figure.taken_by is None) != (figure.applies_to == ())
    assert (STOPPED_EARLY_NOTE in figure.notes) == (figure.stopped_early is True)
    if figure.nnt is not None and not figure.nnt.is_published:
        assert figure.arms is not None
        assert figure.arms.unit == "percent"
        assert figure.effect is not None
        assert "odds" not in figure.effect.measure, "a shift of the mRS gives no number needed to treat"
    if figure.effect is not None and figure.effect.low is not None and figure.effect.high is not None:
        assert figure.effect.low < figure.effect.value < figure.effect.high


def test_numbers_needed_are_the_published_ones_or_follow_from_the_arms() -> None:
    told = {f.id: (f.nnt.value, f.nnt.is_published) for f in all_figures() if f.nnt is not None}
    assert told == {
        "hermes": (2.6, True), "dawn": (2.8, True), "attention": (4.3, True),
        "rescue-japan-limit": (6, False), "baoche": (5, False),
    }  # fmt: skip


def test_what_was_not_found_stays_unknown() -> None:
    figures = {figure.id: figure for figure in all_figures()}
    assert figures["dawn"].effect is not None
    assert figures["dawn"].effect.low is None
    assert figures["mr-clean-late"].stopped_early is None
    assert figures["hermes-aspects-6-8"].death_percent is None
    assert figures["laste"].nnt is None


@pytest.mark.parametrize(
    ("outcome", "arms"),
    [
        ("mRS 0 to 2", Arms(2.9, 3.6, "points")),
        ("mRS 0 to 2", None),
        (None, Arms(46, 26.5, "percent")),
        (None, None),
    ],
)
def test_a_number_needed_to_treat_from_arms_needs_arms_in_percent(outcome: str | None, arms: Arms | None) -> None:
    with pytest.raises(RuleFileError) as refused:
        _nnt("from_arms", outcome, arms)
    assert str(refused.value) == "benefit.yaml: a number needed to treat 'from_arms' needs arms in percent"


def test_a_number_needed_to_treat_says_what_it_counts_and_is_rounded_up() -> None:
    assert _nnt(None, None, None) is None
    up = _nnt("from_arms", "mRS 0 to 2", Arms(46, 26.5, "percent"))
    assert up == NumberNeededToTreat(6, "mRS 0 to 2", is_published=False)
    even = _nnt("from_arms", "mRS 0 to 3", Arms(40, 20, "percent"))
    assert even == NumberNeededToTreat(5, "mRS 0 to 3", is_published=False)
    printed = _nnt({"published": 2.6, "counts": "one step"}, "mRS 0 to 2", Arms(46, 26.5, "percent"))
    assert printed == NumberNeededToTreat(2.6, "one step", is_published=True)
