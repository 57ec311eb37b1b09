"""The transfer action: what decides it, in which order, and what happens when something is not known."""

from datetime import date

import pytest

from scoring.eligibility import grid_in_force, judge
from scoring.outcomes import Action, Stance
from scoring.rule_files import read_rulebook
from scoring.transfer import TransferAdvice, action_advice, leading_stance, transfer_advice
from scoring.values import Known

BOOK = read_rulebook()
IMAGED: dict[str, Known] = {"vessel_imaging_done": True, "haemorrhage_on_imaging": False, "occlusion_site": "mca_m1"}


def advice(stance: Stance, values: dict[str, Known]) -> TransferAdvice:
    return transfer_advice(BOOK, date(2026, 11, 22), values, stance)


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
    ],
)
def test_stance_and_site_decide(stance: Stance, *, treats: bool, action: Action) -> None:
    assert advice(stance, {**IMAGED, "site_treats": treats}).action is action


@pytest.mark.parametrize("stance", Stance)
def test_haemorrhage_comes_before_everything(stance: Stance) -> None:
    assert advice(stance, {**IMAGED, "haemorrhage_on_imaging": True}).action is Action.HAEMORRHAGE_PATHWAY


def test_no_occlusion_is_no_reason_to_transfer_for_thrombectomy() -> None:
    assert advice(Stance.NOT_ADDRESSED, {**IMAGED, "occlusion_site": "none"}).action is Action.NO_TRANSFER_FOR_EVT


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
    told = transfer_advice(BOOK, before, {}, Stance.RECOMMENDED)
    assert told == TransferAdvice(Action.CALL_THROMBECTOMY_CENTRE, None, (), ())


def test_without_a_guideline_in_force_nothing_is_addressed() -> None:
    assert leading_stance([]) is Stance.NOT_ADDRESSED
    trials = judge(grid_in_force(BOOK, date(2026, 11, 22)), {})
    assert leading_stance([answer for answer in trials if answer.ruleset.kind == "trial"]) is Stance.NOT_ADDRESSED


@pytest.mark.parametrize(
    ("stance", "values", "clause", "missing"),
    [
        (Stance.RECOMMENDED, {**IMAGED, "haemorrhage_on_imaging": True}, "haemorrhage", ()),
        (Stance.RECOMMENDED, {"haemorrhage_on_imaging": False, "occlusion_site": "none"}, "no-occlusion", ()),
        (Stance.RECOMMENDED, {**IMAGED, "site_treats": True}, "treat-here", ()),
        (Stance.RECOMMENDED, {"site_treats": False}, "transfer", ("haemorrhage_on_imaging", "occlusion_site")),
        (Stance.HARMFUL, {**IMAGED, "site_treats": False}, "no-benefit", ()),
        (
            Stance.NEED_DATA,
            {"vessel_imaging_done": False, "nihss_total": 6, "site_treats": False},
            "no-vessel-imaging",
            ("haemorrhage_on_imaging", "occlusion_site"),
        ),
        (Stance.NEED_DATA, {**IMAGED, "site_treats": True}, "discuss-here", ()),
        (Stance.NEED_DATA, {**IMAGED, "site_treats": False, "nihss_total": 20}, "discuss", ()),
        (
            Stance.NEED_DATA,
            {"vessel_imaging_done": False, "haemorrhage_on_imaging": False, "site_treats": False},
            "discuss",
            ("occlusion_site", "nihss_total"),
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
