"""The rule book over HTTP, so that every answer can be traced to a clause and its source."""

from fastapi import APIRouter, Depends, Response
from pydantic_core import to_json

from app.access.guard import signed_in
from app.problems import Problem
from app.triage import rules_catalogue

router = APIRouter(prefix="/v1/rules", tags=["rules"], dependencies=[Depends(signed_in)])


@router.get("", summary="List all clauses")
async def list_rules() -> Response:
    """Every clause of every rule set, with its conditions, strength, source and dates."""
    return Response(to_json({"rules": rules_catalogue()}), media_type="application/json")


@router.get("/{rule_id}", summary="Show one clause")
async def show_rule(rule_id: str) -> Response:
    """One clause by its id, such as `aha-asa-2026.4.7.2-1`."""
    for rule in rules_catalogue():
        if rule["id"] == rule_id:
            return Response(to_json(rule), media_type="application/json")
    raise Problem(404, "The rule book has no clause of this id.")
