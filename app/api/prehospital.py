"""POST /v1/prehospital: from a scale in the field to where to drive."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field, StrictBool
from pydantic_core import to_json

from app.access.actor import Scope
from app.access.guard import requires
from app.answers.schemas import ActionOut
from app.api.strict_route import StrictJsonRoute
from app.intake.schemas import Name, StrictModel, Time
from app.prehospital import FieldCase, prehospital
from scoring.lvo_scales import score_scale
from scoring.site import StrokeSystem

router = APIRouter(tags=["triage"], route_class=StrictJsonRoute, dependencies=[Depends(requires(Scope.TRIAGE))])


class ScaleIn(StrictModel):
    """A prehospital scale as far as it was examined; an item that is absent is not known, which is not zero."""

    name: Name = Field(description="RACE, LAMS, FAST-ED, C-STAT, VAN, PASS, G-FAST, 3I-SS or FAST PLUS.")
    items: dict[Name, StrictBool | Annotated[int, Field(strict=True, ge=0, le=9)]] = Field(max_length=16)


class PrehospitalRequest(StrictModel):
    """A suspected stroke before any hospital; everything may be absent."""

    evaluated_at: Time | None = Field(None, description="The moment of the decision. Absent: the server's clock.")
    scale: ScaleIn | None = None
    large_vessel_occlusion_suspected: StrictBool | None = Field(None, description="Without a scale: said outright.")
    thrombectomy_centre_is_local: StrictBool | None = None
    stroke_system: StrokeSystem | None = None
    bypass_loses_thrombolysis: StrictBool | None = None


class PrehospitalAnswer(BaseModel):
    """Where to drive, and what the scale said."""

    scale: dict[str, Any] | None
    transfer: ActionOut
    versions: dict[str, str]
    not_for_clinical_use: str


@router.post("/v1/prehospital", summary="Where to drive", responses={200: {"model": PrehospitalAnswer}})
async def drive(body: PrehospitalRequest) -> Response:
    """Suspicion of a large-vessel occlusion by one of nine scales, and the hospital to drive to."""
    case = FieldCase(
        evaluated_at=body.evaluated_at or datetime.now(UTC),
        score=score_scale(body.scale.name, body.scale.items) if body.scale else None,
        large_vessel_occlusion_suspected=body.large_vessel_occlusion_suspected,
        thrombectomy_centre_is_local=body.thrombectomy_centre_is_local,
        stroke_system=body.stroke_system,
        bypass_loses_thrombolysis=body.bypass_loses_thrombolysis,
    )
    return Response(to_json(prehospital(case)), media_type="application/json")
