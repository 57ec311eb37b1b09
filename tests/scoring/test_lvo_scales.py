"""Prehospital scales: every cut-off from both sides, missing items, disputed cut-offs, and items out of range."""

from dataclasses import replace
from itertools import product

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import CaseError
from scoring.lvo_scales import LvoScale, LvoScore, ScaleItem, lvo_scales, score_scale
from scoring.rule_files import CHECK_STATUSES, RULES_FOLDER

PUBLISHED = {
    "RACE": (9, 5), "LAMS": (5, 4), "FAST-ED": (9, 4), "C-STAT": (4, 2), "PASS": (3, 2), "G-FAST": (4, 3),
    "3I-SS": (6, 4),
}  # fmt: skip
"""Most points and cut-off, written down a second time."""

VALUES = {name: {item: [*told.scores] or [False, True] for item, told in scale.items.items()}
          for name, scale in lvo_scales().items()}  # fmt: skip


def combinations(scale: LvoScale) -> list[dict[str, int | bool]]:
    items = VALUES[scale.name]
    return [dict(zip(items, values, strict=True)) for values in product(*items.values())]


def test_the_nine_scales_are_there() -> None:
    assert set(lvo_scales()) == {*PUBLISHED, "VAN", "FAST PLUS"}


@pytest.mark.parametrize(("name", "published"), PUBLISHED.items())
def test_points_run_from_zero_to_the_published_most_and_turn_at_the_cut(name: str, published: tuple[int, int]) -> None:
    most, cut = published
    scores = [score_scale(name, items) for items in combinations(lvo_scales()[name])]
    totals = {score.total for score in scores}
    assert totals == set(range(most + 1))
    for score in scores:
        assert score.total is not None
        assert score.suspected is (score.total >= cut)


@pytest.mark.parametrize(
    ("items", "suspected"),
    [
        ({"arm_weakness": True, "visual": False, "aphasia": False, "neglect": True}, True),
        ({"arm_weakness": True, "visual": True}, True),
        ({"arm_weakness": True, "visual": False, "aphasia": False, "neglect": False}, False),
        ({"arm_weakness": False}, False),
        ({"visual": False, "aphasia": False, "neglect": False}, False),
        ({"arm_weakness": True}, None),
        ({"arm_weakness": True, "visual": False, "aphasia": None}, None),
        ({"visual": True}, None),
    ],
)
def test_van_needs_weakness_and_one_cortical_sign(items: dict[str, bool | None], suspected: bool | None) -> None:
    score = score_scale("VAN", items)
    assert score.suspected is suspected
    assert (score.total, score.low, score.high) == (None, None, None)


def test_fast_plus_needs_a_positive_fast_and_a_severe_limb() -> None:
    assert score_scale("FAST PLUS", {"fast_positive": True, "severe_arm": False, "severe_leg": True}).suspected is True
    assert score_scale("FAST PLUS", {"fast_positive": True, "severe_arm": False}).suspected is None
    assert (
        score_scale("FAST PLUS", {"fast_positive": True, "severe_arm": False, "severe_leg": False}).suspected is False
    )


def test_a_missing_item_is_not_zero() -> None:
    score = score_scale("RACE", {"face": 1, "arm": 2, "leg": 1, "gaze": None})
    assert (score.total, score.low, score.high, score.suspected) == (None, 4, 7, None)
    assert score.missing == ("gaze", "aphasia_or_agnosia")


def test_a_passed_cut_stays_passed_whatever_is_missing() -> None:
    assert score_scale("C-STAT", {"gaze": 2}).suspected is True


def test_an_unreachable_cut_is_a_no_although_an_item_is_missing() -> None:
    assert score_scale("LAMS", {"face": 0, "arm": 1}).suspected is False


def test_nothing_known_is_nothing_said() -> None:
    for name in lvo_scales():
        assert score_scale(name, {}).suspected is None


@given(st.data())
def test_filling_in_an_item_never_turns_an_answer(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(lvo_scales())))
    full = {item: data.draw(st.sampled_from(values)) for item, values in VALUES[name].items()}
    hidden = data.draw(st.sets(st.sampled_from(sorted(full))))
    partly = score_scale(name, {item: value for item, value in full.items() if item not in hidden})
    answers = {score_scale(name, items).suspected for items in combinations(lvo_scales()[name])
               if all(items[item] == full[item] for item in full if item not in hidden)}  # fmt: skip
    assert partly.suspected is (answers.pop() if len(answers) == 1 else None)


def test_fast_ed_at_four_tells_that_a_cut_above_four_would_say_no() -> None:
    four = score_scale("FAST-ED", {"face": 1, "arm": 2, "speech": 1, "eyes": 0, "neglect": 0})
    assert four.suspected is True
    assert "the answer would differ" in " ".join(four.notes)
    five = score_scale("FAST-ED", {"face": 1, "arm": 2, "speech": 2, "eyes": 0, "neglect": 0})
    assert "the answer would differ" not in " ".join(five.notes)


def test_race_says_that_above_four_is_the_same_cut() -> None:
    assert "above 4" in " ".join(score_scale("RACE", {}).notes)


def test_the_older_name_of_c_stat_is_understood() -> None:
    assert score_scale("CPSSS", {"gaze": 2}).scale.name == "C-STAT"


@pytest.mark.parametrize(
    ("name", "items", "loc"),
    [
        ("RACE", {"gaze": 2}, ("lvo_scale", "items", "gaze")),
        ("C-STAT", {"gaze": 1}, ("lvo_scale", "items", "gaze")),
        ("LAMS", {"arm": -1}, ("lvo_scale", "items", "arm")),
        ("LAMS", {"arm": True}, ("lvo_scale", "items", "arm")),
        ("LAMS", {"arm": 1.0}, ("lvo_scale", "items", "arm")),
        ("LAMS", {"arm": "1"}, ("lvo_scale", "items", "arm")),
        ("LAMS", {"arm": [1]}, ("lvo_scale", "items", "arm")),
        ("VAN", {"neglect": 1}, ("lvo_scale", "items", "neglect")),
        ("LAMS", {"leg": 1}, ("lvo_scale", "items", "leg")),
        ("LAMS", {"leg": None}, ("lvo_scale", "items", "leg")),
        ("NIHSS", {}, ("lvo_scale", "name")),
    ],
)
def test_what_a_scale_does_not_have_is_refused(name: str, items: dict[str, int], loc: tuple[str, ...]) -> None:
    with pytest.raises(CaseError) as refused:
        score_scale(name, items)
    assert refused.value.loc == loc


@pytest.mark.parametrize(
    ("name", "items", "message"),
    [
        ("NIHSS", {},
         "There is no such scale; scales are RACE, LAMS, FAST-ED, C-STAT, VAN, PASS, G-FAST, 3I-SS, FAST PLUS."),
        ("LAMS", {"leg": 1}, "LAMS has no such item; items are face, arm, grip."),
        ("VAN", {"neglect": 1}, "'Neglect' is answered yes or no: true or false."),
        ("LAMS", {"arm": 3}, "'Arm drift' is scored 0 (absent), 1 (drifts down), 2 (falls rapidly)."),
    ],
)  # fmt: skip
def test_a_refusal_says_what_the_scale_has(name: str, items: dict[str, int], message: str) -> None:
    with pytest.raises(CaseError) as refused:
        score_scale(name, items)
    assert refused.value.message == message


def test_a_scale_without_points_tells_what_is_missing_and_its_notes() -> None:
    score = score_scale("VAN", {"arm_weakness": True, "neglect": False})
    van = lvo_scales()["VAN"]
    assert score == LvoScore(van, None, None, None, ("visual", "aphasia"), van.notes)


def test_a_missing_item_counts_with_its_own_least_and_most(monkeypatch: pytest.MonkeyPatch) -> None:
    made = replace(
        lvo_scales()["LAMS"], items={"a": ScaleItem("A", {1: "some", 3: "much"}), "b": ScaleItem("B", {0: "no"})}
    )
    monkeypatch.setattr("scoring.lvo_scales._by_any_name", lambda: {"MADE": made})
    score = score_scale("MADE", {"b": 0})
    assert (score.total, score.low, score.high, score.missing) == (None, 1, 3, ("a",))


@pytest.mark.parametrize("scale", lvo_scales().values(), ids=lambda scale: scale.name)
def test_every_scale_cites_its_paper_and_marks_its_figures(scale: LvoScale) -> None:
    assert scale.source in yaml.safe_load((RULES_FOLDER / "sources.yaml").read_text(encoding="utf-8"))
    assert scale.status in CHECK_STATUSES
    assert scale.accuracy
    for figure in scale.accuracy:
        assert figure.status in CHECK_STATUSES
        assert figure.auc or (figure.sensitivity_percent and figure.specificity_percent)
    assert (scale.suspected_at_least is None) == bool(scale.positive_when)
    named = {item for group in scale.positive_when for item in group}
    assert named == {item for item, told in scale.items.items() if not told.scores}
