"""The transfer action: what decides it, in which order, and what happens when something is not known."""

from datetime import date

import pytest

from scoring.eligibility import grid_in_force, judge
from scoring.outcomes import Action, Stance
from scoring.rule_files import read_rulebook
from scoring.transfer import TransferAdvice, action_advice, leading_stance, stances, transfer_advice
from scoring.values import Known

BOOK = read_rulebook()
IMAGED: dict[str, Known] = {"vessel_imaging_done": True, "haemorrhage_on_imaging": False, "occlusion_site": "mca_m1"}


def advice(stance: Stance, values: dict[str, Known], **said: Known) -> TransferAdvice:
    return transfer_advice(BOOK, date(2026, 11, 22), values, {"evt_stance": stance.value, **said})


@pytest.mark.parametrize(
    ("stance", "treats", "action"),
    [
        (Stance.RECOMMENDED, True, Action.TREAT_LOCALLY),
        (Stance.REASONABLE, True, Action.TREAT_LOCALLY),
        (Stance.RECOMMENDED, False, Action.TRANSFER_NOW),
        (Stance.REASONABLE, False, Action.TRANSFER_NOW),
        (Stance.MAY_BE_CONSIDERED, False, Action.CALL_THROMBECTOMY_CENTRE),
        (Stance.INSUFFICIENT_DATA, False, Action.CALL_THROMBECTOMY_CENTRE),
        (Stance.INSUFFICIENT_DATA, True, Action.CALL_THROMBECTOMY_CENTRE),
        (Stance.NOT_ADDRESSED, False, Action.CALL_THROMBECTOMY_CENTRE),
        (Stance.NEED_DATA, False, Action.CALL_THROMBECTOMY_CENTRE),
        (Stance.NOT_RECOMMENDED, False, Action.NO_TRANSFER_FOR_EVT),
        (Stance.HARMFUL, True, Action.NO_TRANSFER_FOR_EVT),
        (Stance.OUTSIDE_CRITERIA, False, Action.CALL_THROMBECTOMY_CENTRE),
    ],
)
def test_stance_and_site_decide(stance: Stance, *, treats: bool, action: Action) -> None:
    assert advice(stance, {**IMAGED, "site_treats": treats}).action is action


@pytest.mark.parametrize("stance", Stance)
def test_haemorrhage_comes_before_everything(stance: Stance) -> None:
    assert advice(stance, {**IMAGED, "haemorrhage_on_imaging": True}).action is Action.HAEMORRHAGE_PATHWAY


def test_no_occlusion_is_no_reason_to_transfer_for_thrombectomy() -> None:
    assert advice(Stance.NOT_ADDRESSED, {**IMAGED, "occlusion_site": "none"}).action is Action.NO_TRANSFER_FOR_EVT


SWOLLEN: dict[str, Known] = {**IMAGED, "site_treats": False, "site_has_neurosurgery": False}


@pytest.mark.parametrize("stance", sorted(set(Stance) - {Stance.RECOMMENDED, Stance.REASONABLE}))
def test_a_swelling_infarct_that_calls_for_surgery_goes_to_neurosurgery(stance: Stance) -> None:
    told = advice(stance, SWOLLEN, neurosurgery_is_advised=True)
    assert told.action is Action.TRANSFER_NEUROSURGERY
    assert advice(stance, SWOLLEN, neurosurgery_is_advised=False).action is not Action.TRANSFER_NEUROSURGERY


def test_where_thrombectomy_is_due_it_goes_first() -> None:
    assert advice(Stance.REASONABLE, SWOLLEN, neurosurgery_is_advised=True).action is Action.TRANSFER_NOW


def test_a_hospital_with_neurosurgery_keeps_a_swelling_infarct() -> None:
    here: dict[str, Known] = {**IMAGED, "site_treats": True, "site_has_neurosurgery": True}
    told = advice(Stance.INSUFFICIENT_DATA, here, neurosurgery_is_advised=True)
    assert told.action is Action.TREAT_LOCALLY
    assert told.clause is not None
    assert told.clause.instruction == "Treat here and call the neurosurgeons"


def test_a_hospital_whose_neurosurgery_is_not_known_does_not_keep_a_swelling_infarct() -> None:
    told = advice(Stance.INSUFFICIENT_DATA, IMAGED, neurosurgery_is_advised=True)
    assert told.action is Action.TRANSFER_NEUROSURGERY
    assert told.missing == ("site.capability",)


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ({"evt_stance_nice": "may_be_considered"}, Action.CALL_THROMBECTOMY_CENTRE),
        ({"evt_stance_uk": "recommended"}, Action.CALL_THROMBECTOMY_CENTRE),
        ({"evt_stance_nice": "outside_criteria", "evt_stance_uk": "not_addressed"}, Action.NO_TRANSFER_FOR_EVT),
        ({"evt_stance_nice": "need_data"}, Action.NO_TRANSFER_FOR_EVT),
    ],
)
def test_no_benefit_that_british_guidance_disputes_is_talked_about(said: dict[str, Known], action: Action) -> None:
    assert advice(Stance.NOT_RECOMMENDED, {**IMAGED, "site_treats": False}, **said).action is action


def test_what_guidelines_say_is_read_off_their_answers() -> None:
    distal: dict[str, Known] = {
        "age_years": 70, "occlusion_site": "pca_p1", "nihss_total": 9, "prestroke_mrs": 0, "salvageable_tissue": True,
        "minutes_since_last_known_well": 200,
    }  # fmt: skip
    assert stances(judge(grid_in_force(BOOK, date(2026, 11, 22)), distal)) == {
        "evt_stance": "not_recommended", "evt_stance_nice": "may_be_considered", "evt_stance_uk": "not_addressed",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("minutes", "clause"), [(1440, "No vessel imaging, deficit fits a large vessel, 0 to 24 hours"), (1441, None)]
)
def test_a_ct_angiogram_within_a_day_goes_before_neurosurgery(minutes: int, clause: str | None) -> None:
    values: dict[str, Known] = {
        "vessel_imaging_done": False, "nihss_total": 18, "minutes_since_last_known_well": minutes,
    }  # fmt: skip
    told = advice(Stance.NEED_DATA, values, neurosurgery_is_advised=True)
    assert told.clause is not None
    assert told.action is (Action.GET_CTA_OR_DISCUSS if clause else Action.TRANSFER_NEUROSURGERY)
    assert clause in {told.clause.title, None}


@pytest.mark.parametrize(("nihss", "action"), [(5, Action.CALL_THROMBECTOMY_CENTRE), (6, Action.GET_CTA_OR_DISCUSS)])
def test_without_vessel_imaging_the_deficit_decides(nihss: int, action: Action) -> None:
    values: dict[str, Known] = {"vessel_imaging_done": False, "nihss_total": nihss, "site_treats": False}
    assert advice(Stance.NEED_DATA, values).action is action


def test_an_unknown_site_is_a_call_and_names_what_is_missing() -> None:
    told = advice(Stance.RECOMMENDED, IMAGED)
    assert told.action is Action.CALL_THROMBECTOMY_CENTRE
    assert told.missing == ("site.capability",)
    assert told.clause is None


def test_an_unstated_haemorrhage_is_named() -> None:
    values: dict[str, Known] = {"vessel_imaging_done": True, "occlusion_site": "mca_m1", "site_treats": False}
    told = advice(Stance.RECOMMENDED, values)
    assert told.action is Action.TRANSFER_NOW
    assert "haemorrhage_on_imaging" in told.missing


def test_the_lines_are_those_that_decided() -> None:
    lines = advice(Stance.RECOMMENDED, {**IMAGED, "site_treats": False}).lines
    assert {line.fact: line.answer for line in lines} == {"evt_stance": "met", "site_treats": "met"}


def test_before_the_table_was_in_force_there_is_the_cautious_default() -> None:
    before = date(1999, 1, 1)
    assert action_advice(BOOK, before, "transfer", {}) is None
    told = transfer_advice(BOOK, before, {}, {"evt_stance": "recommended"})
    assert told == TransferAdvice(Action.CALL_THROMBECTOMY_CENTRE, None, (), ())


def test_without_a_guideline_in_force_nothing_is_addressed() -> None:
    assert leading_stance([]) is Stance.NOT_ADDRESSED
    trials = judge(grid_in_force(BOOK, date(2026, 11, 22)), {})
    assert leading_stance([answer for answer in trials if answer.ruleset.kind == "trial"]) is Stance.NOT_ADDRESSED


@pytest.mark.parametrize(
    ("stance", "values", "clause", "missing"),
    [
        (Stance.RECOMMENDED, {**IMAGED, "haemorrhage_on_imaging": True}, "haemorrhage", ()),
        (Stance.NOT_ADDRESSED, {"haemorrhage_on_imaging": False, "occlusion_site": "none"}, "no-occlusion", ()),
        (Stance.RECOMMENDED, {**IMAGED, "site_treats": True}, "treat-here", ()),
        (Stance.RECOMMENDED, {"site_treats": False}, "transfer", ("haemorrhage_on_imaging",)),
        (Stance.HARMFUL, {**IMAGED, "site_treats": False}, "no-benefit", ()),
        (
            Stance.NEED_DATA,
            {"vessel_imaging_done": False, "nihss_total": 6, "site_treats": False},
            "no-vessel-imaging",
            ("haemorrhage_on_imaging", "minutes_since_last_known_well", "occlusion_site"),
        ),
        (Stance.NEED_DATA, {**IMAGED, "site_treats": True}, "discuss-here", ()),
        (Stance.NEED_DATA, {**IMAGED, "site_treats": False, "nihss_total": 20}, "discuss", ()),
        (
            Stance.NEED_DATA,
            {"vessel_imaging_done": False, "haemorrhage_on_imaging": False, "site_treats": False},
            "discuss",
            ("nihss_total", "minutes_since_last_known_well", "occlusion_site"),
        ),
        (Stance.NEED_DATA, IMAGED, "discuss", ("site.capability",)),
    ],
)
def test_the_clause_that_decides_and_what_stopped_an_earlier_one(
    stance: Stance, values: dict[str, Known], clause: str, missing: tuple[str, ...]
) -> None:
    told = advice(stance, values)
    assert told.clause is not None
    assert (told.clause.clause, told.missing) == (clause, missing)


def test_the_leading_stance_is_that_of_the_first_guideline_that_holds_today() -> None:
    answers = judge(grid_in_force(BOOK, date(2026, 11, 22)), {"haemorrhage_on_imaging": True})
    old = next(answer for answer in answers if answer.ruleset.superseded)
    trial = next(answer for answer in answers if answer.ruleset.kind == "trial")
    first = next(answer for answer in answers if answer.ruleset.id == "aha-asa-2026")
    assert leading_stance([trial, old, first]) is first.stance
    assert leading_stance([trial, old]) is Stance.NOT_ADDRESSED


def test_where_no_clause_of_a_table_holds_nothing_is_said_to_have_decided() -> None:
    told = action_advice(BOOK, date(2026, 11, 22), "prehospital", {})
    assert told is not None
    assert (told.action, told.clause, told.lines) == (Action.NEAREST_STROKE_CENTRE, None, ())
    assert told.missing
