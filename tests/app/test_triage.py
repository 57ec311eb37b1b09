"""The use case as a whole: what an answer holds for typical and for awkward cases."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.triage import PARTS, rules_catalogue, triage
from scoring.aspects import Findings
from scoring.case import Case
from scoring.errors import CaseError
from scoring.facts import Facts
from scoring.regions import Region, Side, Status
from scoring.site import Capability, Site

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SEEN = dict.fromkeys(Region, Status.UNAFFECTED) | {Region.I: Status.AFFECTED, Region.M2: Status.AFFECTED}
SPOKE = Site(
    capability=Capability.PRIMARY,
    minutes_to_thrombectomy_centre=70,
    door_to_groin_minutes=60,
    thrombectomy_centre="Hub",
)


def answer(**changed: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "age_years": 70, "occlusion_site": "mca_m1", "nihss_total": 16, "prestroke_mrs": 0,
        "last_known_well_at": NOW - timedelta(hours=3), "haemorrhage_on_imaging": False, "mass_effect": False,
    }  # fmt: skip
    case = {"findings": Findings(Side.LEFT, SEEN), "site": SPOKE}
    case.update({key: changed.pop(key) for key in list(changed) if key in {"findings", "site"}})
    return triage(Case(evaluated_at=NOW, facts=Facts(**{**facts, **changed}), **case))


def guideline(told: dict[str, Any]) -> dict[str, Any]:
    return next(entry for entry in told["evt"] if entry["ruleset"] == "aha-asa-2026")


def test_a_spoke_patient_goes_from_ten_findings_to_a_transfer() -> None:
    told = answer()
    assert told["aspects"]["total"] == 8
    assert guideline(told)["outcome"] == "COR1"
    assert guideline(told)["clause"] == "4.7.2-1"
    assert told["transfer"]["action"] == "TRANSFER_NOW"
    assert told["transfer"]["destination"] == "Hub"
    assert told["time"]["minutes_to_projected_puncture"] == 130
    assert told["time"]["minutes_from_anchor_to_puncture"] == 310
    assert told["missing"] == ["core_volume_ml"], "only a trial that also selected by core waits for it"
    assert guideline(told)["missing"] == []


def test_an_answer_is_json_and_the_same_each_time() -> None:
    first = json.dumps(answer(), allow_nan=False)
    assert first == json.dumps(answer(), allow_nan=False)


def test_an_answer_holds_nothing_but_plain_json_types() -> None:
    def walk(value: object) -> None:
        assert type(value) in {dict, list, str, int, float, bool, type(None)}, value
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(inner)

    walk(answer())
    walk(triage(Case(evaluated_at=NOW)))


def test_parts_hold_what_the_whole_answer_holds() -> None:
    case = Case(evaluated_at=NOW, facts=Facts(minutes_since_last_known_well=100), findings=Findings(Side.LEFT, SEEN))
    whole = triage(case)
    seen: dict[str, Any] = {}
    for part in PARTS:
        told = triage(case, [part])
        assert {key: whole[key] for key in told} == told
        seen.update(told)
    assert seen == whole


@pytest.mark.parametrize("year", range(1990, 2040, 5))
def test_a_case_of_any_year_is_judged(year: int) -> None:
    told = triage(Case(evaluated_at=NOW.replace(year=year), facts=Facts(haemorrhage_on_imaging=False)))
    assert told["transfer"]["action"]


def test_nothing_known_gives_no_answer_but_what_is_missing() -> None:
    told = triage(Case(evaluated_at=NOW))
    assert told["aspects"] is None
    assert told["time"]["window"] is None
    assert guideline(told)["outcome"] == "NEED_DATA"
    assert "occlusion_site" in told["missing"]
    assert told["evt_summary"]["verdict"] == "need_data"
    assert told["transfer"]["action"] == "CALL_THROMBECTOMY_CENTRE"


def test_a_bound_crossed_on_the_way_shows() -> None:
    told = answer(prestroke_mrs=2, last_known_well_at=NOW - timedelta(hours=5))
    assert guideline(told)["outcome"] == "COR2a"
    assert guideline(told)["at_projected_puncture"] == "IDD"


def test_without_a_site_there_is_no_projection() -> None:
    told = answer(site=None)
    assert told["time"]["projected_puncture_at"] is None
    assert guideline(told)["at_projected_puncture"] is None
    assert "site.capability" in told["missing"]


def test_haemorrhage_stops_everything() -> None:
    told = answer(haemorrhage_on_imaging=True)
    assert told["evt_summary"]["verdict"] == "haemorrhage"
    assert told["transfer"]["action"] == "HAEMORRHAGE_PATHWAY"
    assert {entry["outcome"] for entry in told["evt"] if entry["kind"] == "guideline"} == {"NOT_ADDRESSED"}
    assert guideline(told)["reasons"][0]["fact"] == "haemorrhage_on_imaging"


def test_an_unstated_haemorrhage_is_a_warning() -> None:
    assert any("Haemorrhage was not stated" in warning for warning in answer(haemorrhage_on_imaging=None)["warnings"])


def test_a_projection_without_an_arrival_says_what_it_assumes() -> None:
    here = Site(capability=Capability.COMPREHENSIVE, door_to_groin_minutes=60)
    assert any("time of arrival is not known" in warning for warning in answer(site=here)["warnings"])
    arrived = answer(site=here, arrived_at=NOW - timedelta(minutes=20))
    assert arrived["time"]["minutes_to_projected_puncture"] == 40
    assert not any("time of arrival" in warning for warning in arrived["warnings"])


def test_software_findings_are_marked_as_such() -> None:
    case = Case(evaluated_at=NOW, findings=Findings(Side.LEFT, SEEN), findings_from_software=True)
    told = triage(case)
    assert told["aspects"]["source"] == "software_reading"
    assert any("software" in warning for warning in told["warnings"])


def test_every_clause_tells_how_it_was_checked() -> None:
    for entry in answer()["evt"]:
        assert entry["source"]["checked"] in {"read", "second-hand", "memory"}
        assert entry["reasons"]


def test_an_uncertain_region_that_could_tip_the_answer_asks_for_aspects() -> None:
    seen = {**SEEN, Region.C: Status.AFFECTED, Region.L: Status.AFFECTED, Region.M4: Status.NOT_ASSESSABLE}
    told = answer(findings=Findings(Side.LEFT, seen), last_known_well_at=NOW - timedelta(hours=10), age_years=85)
    assert (told["aspects"]["low"], told["aspects"]["high"]) == (5, 6)
    assert guideline(told)["outcome"] == "NEED_DATA"
    assert guideline(told)["missing"] == ["aspects_total"]


def test_contradictions_reach_the_caller() -> None:
    with pytest.raises(CaseError):
        answer(affected_side="right")


def test_the_catalogue_names_every_clause_once() -> None:
    ids = [entry["id"] for entry in rules_catalogue()]
    assert len(ids) == len(set(ids))
    assert {entry["ruleset"] for entry in rules_catalogue("dawn")} == {"dawn"}


def test_where_both_treatments_are_due_neither_is_left_out_or_waits() -> None:
    told = answer(disabling_deficit=True)["ivt"][0]["with_thrombectomy"]
    assert [(one["ruleset"], one["clause"], one["outcome"]) for one in told] == [
        ("aha-asa-2026", "4.7.1-1", "COR1"), ("aha-asa-2026", "4.7.1-2", "COR1"),
        ("eso-esmint-2022", "drip-and-ship", "STRONG"),
    ]  # fmt: skip
    assert answer(disabling_deficit=True, infective_endocarditis=True)["ivt"][0]["with_thrombectomy"] == []
    assert answer(disabling_deficit=False)["ivt"][0]["with_thrombectomy"] == []
    assert answer(disabling_deficit=True, prestroke_mrs=3)["ivt"][0]["with_thrombectomy"] == []


def test_a_bound_that_is_crossed_on_the_way_is_told_with_its_moment() -> None:
    (crossing,) = answer(last_known_well_at=NOW - timedelta(minutes=300), prestroke_mrs=2)["on_the_way"]
    assert crossing["at"] == (NOW + timedelta(minutes=60)).isoformat()
    assert crossing["minutes_since_last_known_well"] == 360
    assert {"ruleset": "aha-asa-2026", "from": "COR2a", "to": "IDD"} in crossing["changes"]
    assert answer()["on_the_way"] == []


@pytest.mark.parametrize(
    ("capability", "action", "onward"),
    [
        (Capability.PRIMARY, "TRANSFER_NEUROSURGERY", "TRANSFER_NEUROSURGERY"),
        (Capability.THROMBECTOMY_CAPABLE, "TRANSFER_NEUROSURGERY", "TRANSFER_NEUROSURGERY"),
        (Capability.COMPREHENSIVE, "TREAT_LOCALLY", None),
    ],
)
def test_a_malignant_infarct_goes_where_it_can_be_operated_on(
    capability: Capability, action: str, onward: str | None
) -> None:
    told = answer(
        site=Site(capability=capability), last_known_well_at=NOW - timedelta(hours=30), age_years=50,
        malignant_mca_infarct=True, deficit_worsening=True,
    )  # fmt: skip
    assert told["transfer"]["action"] == action
    assert told["swelling"]["action"] == onward
    assert told["swelling"]["surgery_is_advised"] is True
    assert bool(told["transfer"]["checklist"]) is (onward is not None)


def test_swelling_that_nobody_wants_to_operate_on_moves_nobody() -> None:
    told = answer(
        last_known_well_at=NOW - timedelta(hours=30), mca_infarct_fraction=0.2, malignant_mca_infarct=False,
        cerebellar_infarct=False, cerebellar_infarct_volume_ml=0, dwi_lesion_volume_ml=20, nihss_1a=0,
    )  # fmt: skip
    assert told["swelling"]["surgery_is_advised"] is False
    assert told["transfer"]["action"] == "CALL_THROMBECTOMY_CENTRE"


@pytest.mark.parametrize(
    ("imaged", "worse", "action"),
    [
        (70, False, "DIRECT_TO_ANGIO_MAY_BE_CONSIDERED"),
        (120, False, "DIRECT_TO_ANGIO_MAY_BE_CONSIDERED"),
        (121, False, "REPEAT_NCCT"),
        (70, True, "REPEAT_NCCT"),
        (70, None, "REPEAT_NCCT"),
        (10, False, None),
    ],
)
def test_who_has_come_with_images_from_elsewhere_is_asked_for_at_the_centre_too(
    imaged: int, worse: bool | None, action: str | None
) -> None:
    told = answer(
        site=Site(capability=Capability.COMPREHENSIVE, door_to_groin_minutes=60), deficit_worsening=worse,
        arrived_at=NOW - timedelta(minutes=10), imaged_at=NOW - timedelta(minutes=imaged),
    )["transfer"]  # fmt: skip
    assert told["action"] == "TREAT_LOCALLY"
    assert (told["on_arrival"] or {}).get("action") == action


def mismatch_of(**volumes: float) -> tuple[str, dict[str, tuple[Any, str]]]:
    """What DEFUSE 3 says late, and what its lines show of the mismatch."""
    told = answer(last_known_well_at=NOW - timedelta(hours=10), **volumes)
    defuse = next(entry for entry in told["evt"] if entry["ruleset"] == "defuse-3")
    shown = {line["fact"]: (line["value"], line["answer"]) for line in defuse["reasons"]}
    return defuse["outcome"], {fact: told for fact, told in shown.items() if fact.startswith("mismatch")}


def test_bounds_of_the_mismatch_are_shown_only_where_they_decide() -> None:
    assert mismatch_of(tmax6_volume_ml=10) == (
        "NOT_ELIGIBLE", {"mismatch_volume_ml": ({"low": -1990.0, "high": 10.0}, "not_met")},
    )  # fmt: skip
    nothing_found = {"mismatch_ratio": (None, "unknown"), "mismatch_volume_ml": (None, "unknown")}
    assert mismatch_of(tmax6_volume_ml=100) == ("NEED_DATA", nothing_found)
    assert mismatch_of(core_volume_ml=20) == ("NEED_DATA", nothing_found)
    assert mismatch_of(tmax6_volume_ml=100, core_volume_ml=20) == ("ELIGIBLE", {
        "mismatch_ratio": (5, "met"), "mismatch_volume_ml": (80, "met"),
    })  # fmt: skip
