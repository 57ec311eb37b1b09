"""From the field: a scale, the region's services, and where to drive."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.api.prehospital import PrehospitalAnswer
from app.main import create_app
from app.prehospital import FieldCase, prehospital
from app.settings.settings import Settings
from scoring.lvo_scales import score_scale
from scoring.site import StrokeSystem

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RACE_6 = {"face": 2, "arm": 2, "leg": 1, "gaze": 1, "aphasia_or_agnosia": 0}


def told(**known: Any) -> dict[str, Any]:
    return prehospital(FieldCase(evaluated_at=NOW, score=score_scale("RACE", RACE_6), **known))["transfer"]


@pytest.mark.parametrize(
    ("known", "action", "level"),
    [
        ({"thrombectomy_centre_is_local": True}, "DIRECT_TO_TSC", "COR2a B-NR"),
        (
            {"thrombectomy_centre_is_local": False, "stroke_system": StrokeSystem.WELL_COORDINATED},
            "NEAREST_STROKE_CENTRE",
            "COR3NB B-R",
        ),
        (
            {
                "thrombectomy_centre_is_local": False,
                "stroke_system": StrokeSystem.POORLY_COORDINATED,
                "bypass_loses_thrombolysis": False,
            },
            "DIRECT_TO_TSC_MAY_BE_REASONABLE",
            "COR2b B-NR",
        ),
        (
            {
                "thrombectomy_centre_is_local": False,
                "stroke_system": StrokeSystem.POORLY_COORDINATED,
                "bypass_loses_thrombolysis": True,
            },
            "NEAREST_IVT_CENTRE",
            "COR2b B-NR",
        ),
    ],
)
def test_a_suspected_occlusion(known: dict[str, Any], action: str, level: str) -> None:
    assert (told(**known)["action"], told(**known)["level"]) == (action, level)


def test_what_is_not_known_leads_to_the_nearest_stroke_centre_and_is_named() -> None:
    answer = told()
    assert answer["action"] == "NEAREST_STROKE_CENTRE"
    assert answer["clause"] is None
    assert "thrombectomy_centre_is_local" in answer["missing"]


def test_a_low_score_goes_to_the_nearest_stroke_centre() -> None:
    low = score_scale("RACE", dict.fromkeys(RACE_6, 0))
    answer = prehospital(FieldCase(evaluated_at=NOW, score=low, thrombectomy_centre_is_local=True))
    assert answer["scale"]["suspected"] is False
    assert answer["transfer"]["clause"] == "2.4-1"


def test_an_unfinished_scale_is_not_taken_for_a_low_one() -> None:
    unfinished = score_scale("RACE", {"face": 2})
    answer = prehospital(FieldCase(evaluated_at=NOW, score=unfinished, thrombectomy_centre_is_local=True))
    assert answer["scale"]["suspected"] is None
    assert answer["transfer"]["clause"] is None
    assert "large_vessel_occlusion_suspected" in answer["transfer"]["missing"]


def test_before_any_clause_the_nearest_stroke_centre_is_the_answer() -> None:
    answer = prehospital(FieldCase(evaluated_at=NOW.replace(year=2010)))
    assert answer["transfer"]["action"] == "NEAREST_STROKE_CENTRE"


@pytest.mark.anyio
async def test_over_http() -> None:
    transport = httpx.ASGITransport(create_app(Settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answered = await client.post("/v1/prehospital", json={"scale": {"name": "RACE", "items": RACE_6}})
        assert answered.status_code == 200
        assert PrehospitalAnswer.model_validate(answered.json()).scale == answered.json()["scale"]
        for wrong in ({"scale": {"name": "RACE", "items": {"face": 3}}}, {"scale": {"name": "?", "items": {}}}):
            refused = await client.post("/v1/prehospital", json=wrong)
            assert refused.status_code == 422
            assert refused.json()["errors"][0]["loc"][:2] == ["body", "lvo_scale"]
