"""GET /v1/after-treatment: what the sources say of the time after treatment, for reference."""

from dataclasses import asdict

from fastapi import APIRouter, Depends, Response
from pydantic_core import to_json

from app.access.guard import signed_in
from scoring.after_treatment import after_treatment

router = APIRouter(prefix="/v1/after-treatment", tags=["rules"], dependencies=[Depends(signed_in)])


@router.get("", summary="What to watch after treatment")
async def show_after_treatment() -> Response:
    """Checklists for the first 24 hours and later, scales of outcome, definitions; no case is judged by them."""
    return Response(to_json(asdict(after_treatment())), media_type="application/json")
