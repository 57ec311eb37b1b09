"""The sentence over all answers: who leads, who says so too, who differs and in what."""

from datetime import date

from scoring.eligibility import grid_in_force, judge
from scoring.rule_files import read_rulebook
from scoring.summary import Summary, summarise
from scoring.values import Known

GRID = grid_in_force(read_rulebook(), date(2026, 11, 22))
EARLY: dict[str, Known] = {
    "occlusion_site": "mca_m1", "minutes_since_last_known_well": 180, "aspects_total": 8, "age_years": 70,
    "nihss_total": 16, "prestroke_mrs": 0, "mass_effect": False, "haemorrhage_on_imaging": False, "core_volume_ml": 10,
}  # fmt: skip
BASILAR: dict[str, Known] = {
    "occlusion_site": "basilar", "minutes_since_last_known_well": 500, "pc_aspects_total": 8, "age_years": 65,
    "nihss_total": 8, "prestroke_mrs": 0, "pons_midbrain_index": 0, "salvageable_tissue": True,
}  # fmt: skip


def summary_of(values: dict[str, Known]) -> Summary:
    return summarise(judge(GRID, values))


def test_agreement_is_named_and_silence_is_no_disagreement() -> None:
    told = summary_of(EARLY)
    assert told.verdict == "recommended"
    assert "So say ESO-ESMINT 2019, NICE NG128" in told.text
    assert "SNIS" not in told.text
    assert "AHA/ASA 2019" not in told.text, "a superseded edition neither agrees nor disagrees"


def test_a_weaker_word_is_a_difference_of_strength() -> None:
    told = summary_of(EARLY)
    assert told.differ_in == "strength"
    assert told.agree is False
    assert "Otherwise UK and Ireland 2023: consider" in told.text


def test_for_and_against_is_a_difference_of_direction_and_the_text_says_against() -> None:
    told = summary_of(BASILAR)
    assert told.differ_in == "direction"
    assert "ESO-ESMINT basilar 2024: weak recommendation against thrombectomy" in told.text


def test_trials_that_would_have_taken_the_patient_are_named() -> None:
    assert "Would have been eligible for BAOCHE" in summary_of(BASILAR).text


def test_haemorrhage_is_the_verdict() -> None:
    told = summary_of({**EARLY, "haemorrhage_on_imaging": True})
    assert (told.verdict, told.agree, told.differ_in) == ("haemorrhage", None, None)


def test_before_any_guideline() -> None:
    told = summarise(judge(grid_in_force(read_rulebook(), date(2012, 1, 1)), EARLY))
    assert told.verdict == "not_addressed"
    assert "No guideline" in told.text
