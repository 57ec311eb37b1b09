"""The sentence over all answers: who leads, who says so too, who differs and in what."""

from dataclasses import replace
from datetime import date

import pytest

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
    assert "In other strength UK and Ireland 2023: consider." in told.text


def test_all_who_use_other_words_are_told_in_one_row() -> None:
    told = summary_of({**EARLY, "aspects_total": 4})
    assert (
        "In other strength ESO-ESMINT 2019: expert consensus: may be considered; UK and Ireland 2023: consider; "
        "Japan Stroke Society 2021: grade C: may be considered."
    ) in told.text


def test_for_and_against_is_a_difference_of_direction_and_the_text_says_against() -> None:
    told = summary_of(BASILAR)
    assert told.differ_in == "direction"
    assert "ESO-ESMINT basilar 2024: weak recommendation against thrombectomy" in told.text


def test_the_grade_and_the_clause_of_who_differs_are_told_by_their_names() -> None:
    told = summary_of({**EARLY, "occlusion_site": "mca_m2_nondominant"})
    assert "ESO-ESMINT 2019: expert consensus: reasonable (M2, 0 to 6 hours)" in told.text
    assert "(basilar artery, 0 to 24 hours, NIHSS below 10)" in summary_of(BASILAR).text


def test_an_answer_that_no_clause_gave_has_nothing_in_brackets() -> None:
    answers = judge(GRID, {**EARLY, "occlusion_site": "mca_m2_nondominant"})
    told = summarise([replace(answer, clause=None) for answer in answers])
    assert "Otherwise ESO-ESMINT 2019: expert consensus: reasonable; Japan Stroke Society 2021: grade C" in told.text
    assert told.text.endswith("Japan Stroke Society 2021: grade C: may be considered.")


def test_trials_that_would_have_taken_the_patient_are_named() -> None:
    assert "Trials that would have taken the patient: BAOCHE." in summary_of(BASILAR).text


def test_haemorrhage_is_the_verdict() -> None:
    told = summary_of({**EARLY, "haemorrhage_on_imaging": True})
    assert (told.verdict, told.agree, told.differ_in) == ("haemorrhage", None, None)


def test_before_any_guideline() -> None:
    told = summarise(judge(grid_in_force(read_rulebook(), date(2012, 1, 1)), EARLY))
    assert told.verdict == "not_addressed"
    assert "No guideline" in told.text


def on(day: date, values: dict[str, Known]) -> Summary:
    return summarise(judge(grid_in_force(read_rulebook(), day), values))


NOT_OURS = "Haemorrhage on imaging: thrombectomy for ischaemic stroke does not apply."


@pytest.mark.parametrize(
    ("day", "values", "told"),
    [
        (
            date(2026, 11, 22),
            EARLY,
            Summary(
                "recommended",
                False,
                "strength",
                "Thrombectomy is recommended (AHA/ASA 2026, class 1, level A, clause 4.7.2-1). So say ESO-ESMINT 2019,"
                " NICE NG128, Japan Stroke Society 2021. In other strength UK and Ireland 2023: consider.",
            ),
        ),
        (
            date(2026, 11, 22),
            BASILAR,
            Summary(
                "may_be_considered",
                False,
                "direction",
                "Thrombectomy may be considered (AHA/ASA 2026, class 2b, level B-R, clause 4.7.3-2). So say NICE NG128."
                " In other strength SNIS basilar 2023: class I: recommended. Otherwise ESO-ESMINT basilar 2024: weak"
                " recommendation against thrombectomy (basilar artery, 0 to 24 hours, NIHSS below 10). Trials that"
                " would have taken the patient: BAOCHE.",
            ),
        ),
        (date(2026, 11, 22), {**EARLY, "haemorrhage_on_imaging": True}, Summary("haemorrhage", None, None, NOT_OURS)),
        (
            date(2026, 11, 22),
            {},
            Summary("need_data", None, None, "Cannot say yet: data are missing (AHA/ASA 2026)."),
        ),
        (
            date(2019, 6, 1),
            EARLY,
            Summary(
                "recommended",
                True,
                None,
                "Thrombectomy is recommended (ESO-ESMINT 2019, strong recommendation, level high, clause pico-1)."
                " So say NICE NG128.",
            ),
        ),
        (
            date(2012, 1, 1),
            EARLY,
            Summary("not_addressed", None, None, "No guideline of the rule book was in force on this date."),
        ),
    ],
)
def test_the_whole_sentence(day: date, values: dict[str, Known], told: Summary) -> None:
    assert on(day, values) == told


def test_one_voice_neither_agrees_nor_differs() -> None:
    answers = judge(GRID, EARLY)
    lead = next(answer for answer in answers if answer.ruleset.kind == "guideline")
    silent = next(
        answer for answer in answers if answer.ruleset.kind == "guideline" and answer.stance == "not_addressed"
    )
    told = summarise([lead, silent])
    assert (told.agree, told.differ_in) == (None, None)
    assert told.text == "Thrombectomy is recommended (AHA/ASA 2026, class 1, level A, clause 4.7.2-1)."


def test_a_clause_without_a_level_is_named_without_one() -> None:
    lead = next(answer for answer in judge(GRID, EARLY) if answer.ruleset.id == "aha-asa-2026")
    assert lead.clause is not None
    plain = replace(lead, clause=replace(lead.clause, level=None))
    assert summarise([plain]).text == ("Thrombectomy is recommended (AHA/ASA 2026, class 1, clause 4.7.2-1).")


def test_every_trial_that_would_have_taken_the_patient_is_named() -> None:
    late: dict[str, Known] = {**EARLY, "minutes_since_last_known_well": 900, "core_volume_ml": 20}
    late |= {"tmax6_volume_ml": 130, "mismatch_volume_ml": 110, "mismatch_ratio": 6.5}
    assert summary_of(late).text.endswith("Trials that would have taken the patient: DAWN, DEFUSE 3.")


def test_who_puts_the_patient_outside_the_criteria_differs_in_direction_and_the_text_says_why() -> None:
    told = summary_of({**EARLY, "prestroke_mrs": 3})
    assert (told.verdict, told.agree, told.differ_in) == ("may_be_considered", False, "direction")
    assert told.text.endswith(
        "Otherwise NICE NG128: outside the criteria (deficit too mild or disability before too great)."
    )


def test_insufficient_data_is_said_once_and_others_differ_from_it_in_direction() -> None:
    told = summary_of({**EARLY, "prestroke_mrs": 5})
    assert told.text.startswith(
        "Data are insufficient to recommend for or against thrombectomy (AHA/ASA 2026, clause Fig3). Otherwise"
        " ESO-ESMINT 2019: strong recommendation (anterior large vessel, 0 to 6 hours); NICE NG128: outside"
    )
    assert told.differ_in == "direction"


def test_a_leading_guideline_that_is_silent_leaves_the_others_to_speak() -> None:
    told = summary_of({**EARLY, "nihss_total": 4})
    assert told.text.startswith("No recommendation covers this patient (AHA/ASA 2026). Otherwise NICE NG128: outside")
    assert "In other strength" not in told.text
