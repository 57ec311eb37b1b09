"""What stands beside the verdict, from answers of the real use case."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.intake.cases import case_of
from app.intake.schemas import TriageRequest
from app.triage import triage
from app.web.answer.expected import checklist, delay_figures, near_bounds, score_is_near, trial_figures

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 22, 5, 5, tzinfo=UTC)


def _answer(hours: float, capability: str = "primary", **facts: Any) -> dict[str, Any]:
    known = {
        "last_known_well_at": (NOW - timedelta(hours=hours)).isoformat(),
        "age_years": 74,
        "nihss_total": 16,
        "occlusion_site": "mca_m1",
        "prestroke_mrs": 0,
        "haemorrhage_on_imaging": False,
        "affected_side": "left",
    }
    site = {"capability": capability, "minutes_to_thrombectomy_centre": 70, "door_to_groin_minutes": 60}
    request = {"evaluated_at": NOW.isoformat(), "facts": {**known, **facts}, "site": site}
    answer: dict[str, Any] = triage(case_of(TriageRequest.model_validate(request)))
    return answer


def test_a_score_one_point_from_other_answers_is_said_to_be_near() -> None:
    answer = _answer(8, aspects_total=5)
    (near,) = [words for words, _ in near_bounds(answer) if words.startswith("ASPECTS")]
    assert near.startswith("ASPECTS 5 points: at 6, another answer from AHA/ASA 2026")
    assert score_is_near(answer) == "6"
    assert score_is_near(_answer(3, aspects_total=9)) == ""


def test_figures_of_trials_name_both_arms_with_their_unit() -> None:
    figures = {one["title"]: one["figures"] for one in trial_figures(_answer(8, aspects_total=5))}
    assert figures["SELECT2"].startswith("mRS 0 to 2: 20 % with thrombectomy, 7 % without; death: 38.4 % with")
    assert "median mRS: 4 with thrombectomy, 5 without" in figures["TENSION"]


def test_waiting_costs_some_of_a_hundred_patients() -> None:
    figures = delay_figures(_answer(3, aspects_total=9))
    assert figures is not None
    whens, counts = zip(*figures["rows"], strict=True)
    assert whens[0] == "puncture as expected"
    assert whens[1].endswith("later")
    assert sorted(map(int, counts), reverse=True) == [int(count) for count in counts]
    assert delay_figures(_answer(8, aspects_total=5)) is None


def test_the_checklist_is_filled_with_what_is_known_and_open_where_it_is_not() -> None:
    lines = dict(checklist(_answer(3, aspects_total=9), LONDON))
    assert lines["Last known well"] == "02:05 GMT"
    assert lines["NIHSS"] == "16 points"
    assert lines["Occluded vessel"] == "MCA M1"
    assert lines["Airway"] == ""


@pytest.mark.parametrize("capability", ["comprehensive", "thrombectomy_capable"])
def test_who_stays_needs_no_checklist(capability: str) -> None:
    assert checklist(_answer(3, capability, aspects_total=9), LONDON) == []
