"""The CDS Hooks addresses: discovery, the two services, and feedback on their cards."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from app.access.actor import Actor, Scope
from app.access.guard import CHALLENGE, actor_of, open_to_all, requires
from app.api.service import Service, service_of
from app.api.strict_route import require_json
from app.intake import strict_json
from app.intake.cases import case_of
from app.interop.cds_hooks.cards import CardMaker
from app.interop.cds_hooks.chart import as_bundle, gather, is_stroke
from app.interop.cds_hooks.discovery import SERVICES
from app.interop.cds_hooks.ehr_file import Ehr, EhrFile, EhrFileError, load_ehrs
from app.interop.cds_hooks.orders import Order, orders_of
from app.interop.cds_hooks.requests import FeedbackCall, HookCall
from app.interop.fhir.bundles import open_bundle
from app.interop.fhir.case_reading import read_case
from app.interop.fhir.nodes import Node, Notes
from app.interop.fhir.patients import is_deceased
from app.interop.fhir.systems import Json
from app.problems import Problem, invalid
from app.settings.settings import Settings
from app.triage import triage
from app.version import __version__
from scoring.errors import CaseError

log = logging.getLogger("aspects.cds_hooks")
SERVICE_PATHS = tuple(f"/cds-services/{name}" for name in SERVICES)

_UNPROCESSABLE = 422


def ehrs_of(settings: Settings) -> EhrFile | None:
    """The EHRs of the settings; ``None``: none are configured. Raises EhrFileError."""
    return load_ehrs(settings.cds_hooks_file) if settings.cds_hooks_file is not None else None


def cds_router(ehrs: EhrFile | None) -> APIRouter:
    """The routes. With EHRs configured each call proves by its own token who sends it; without, as all other routes."""
    entry = Depends(requires(Scope.TRIAGE)) if ehrs is None else Depends(open_to_all)
    router = APIRouter(prefix="/cds-services", tags=["cds-hooks"], include_in_schema=False, dependencies=[entry])
    verify = _verifier(ehrs)
    base_url = ehrs.base_url if ehrs is not None else None

    @router.get("")
    async def discover(request: Request) -> Response:
        await verify(request)
        return _json({"services": [service.described() for service in SERVICES.values()]})

    @router.post("/{service_id}")
    async def answer(service_id: str, request: Request) -> Response:
        ehr, _ = await verify(request)
        call: HookCall = await _body(request, HookCall)
        if service_id not in SERVICES:
            raise Problem(404, "There is no such service.")
        if call.hook != SERVICES[service_id].hook:
            raise Problem(422, f"This service is for the hook {SERVICES[service_id].hook}.")
        return _json({"cards": await cards_for(call, ehr, service_of(request), base_url)})

    @router.post("/{service_id}/feedback")
    async def feedback(service_id: str, request: Request) -> Response:
        _, actor = await verify(request)
        told: FeedbackCall = await _body(request, FeedbackCall)
        if service_id not in SERVICES:
            raise Problem(404, "There is no such service.")
        await _keep(told, service_id, actor, service_of(request))
        return _json({})

    return router


Verify = Callable[[Request], Awaitable[tuple[Ehr | None, Actor]]]


def _verifier(ehrs: EhrFile | None) -> Verify:
    async def as_any_caller(request: Request) -> tuple[Ehr | None, Actor]:
        return None, actor_of(request)

    if ehrs is None:
        return as_any_caller
    try:
        from app.interop.cds_hooks.ehr_tokens import EhrRefused, EhrTokens  # noqa: PLC0415 -- it needs an extra
    except ModuleNotFoundError as error:
        raise EhrFileError(
            f"{error.name} is not installed; ASPECTS_CDS_HOOKS_FILE needs the extra 'hospital'."
        ) from None
    tokens = EhrTokens(ehrs)

    async def as_ehr(request: Request) -> tuple[Ehr | None, Actor]:
        try:
            return await tokens.ehr(request.headers.get("authorization", ""), request.url.path)
        except EhrRefused as refusal:
            log.warning("A CDS Hooks call was refused: %s.", refusal)
            raise Problem(401, "The token of this call is not accepted.", headers=CHALLENGE) from None

    return as_ehr


async def _body(request: Request, model: type[BaseModel]) -> Any:
    require_json(request.headers.get("content-type"))
    try:
        return model.model_validate(strict_json.parse(await request.body()))
    except strict_json.UnreadableJson as error:
        raise Problem(400, str(error)) from None
    except ValidationError as error:
        raise invalid(error.errors(), ("body",)) from None


async def cards_for(call: HookCall, ehr: Ehr | None, service: Service, base_url: str | None) -> list[Json]:
    """The cards of a call; empty where there is nothing to say.

    Raises
    ------
    Problem
        412: needed data cannot be had; 422: the call contradicts itself.
    """
    orders = orders_of(call.context.draft_orders)
    if call.hook == "order-sign" and not orders:
        return []
    answers, unsent = await gather(call, ehr)
    if is_deceased(Node(answers["patient"], "prefetch.patient")):
        return []
    settings, now = service.settings, datetime.now(UTC)
    bundle = as_bundle(answers)
    maker = CardMaker(call.hook_instance, __version__, base_url)
    contents = open_bundle(Node(bundle, "Bundle"), Notes())
    if not is_stroke(contents.resources, now, settings.fhir_observation_hours):
        return []
    try:
        read = read_case(bundle, now, settings.fhir_observation_hours, settings.fhir_site_id)
        answer = triage(case_of(read.request, service.sites))
    except CaseError as error:
        return [maker.trouble_card(error.message)]
    except Problem as problem:
        if problem.status_code != _UNPROCESSABLE:
            raise
        return [maker.trouble_card(_first(problem))]
    return _cards(maker, orders, answer, f"Patient/{call.context.patient_id}", unsent)


def _cards(
    maker: CardMaker, orders: set[Order], answer: Mapping[str, Any], subject: str, unsent: list[str]
) -> list[Json]:
    cards = maker.thrombolysis_cards(answer) if Order.THROMBOLYSIS in orders else []
    if orders != {Order.THROMBOLYSIS}:
        cards = [*maker.answer_cards(answer, subject, unsent), *cards]
    return cards


def _first(problem: Problem) -> str:
    return str(problem.errors[0]["msg"]) if problem.errors else str(problem.detail)


async def _keep(told: FeedbackCall, service_id: str, actor: Actor, service: Service) -> None:
    """In the audit trail where there is one; else a line in the log. Free text is in neither."""
    outcomes = [entry.outcome for entry in told.feedback]
    hospital = service.hospital
    if hospital is None:
        log.info("Feedback on %d cards: %d accepted.", len(outcomes), outcomes.count("accepted"))
        return
    from app.store import audit  # noqa: PLC0415 -- it needs what a service without a record lacks

    events = [
        audit.Event(actor, "cds.feedback", f"cds-card/{entry.card}", entry.outcome, _feedback_detail(entry, service_id))
        for entry in told.feedback
    ]

    await hospital.writer.write(lambda connection: [audit.append(connection, event) for event in events])


def _feedback_detail(entry: Any, service_id: str) -> dict[str, Any]:
    reason = entry.override_reason.reason if entry.override_reason else None
    return {
        "service": service_id,
        "at": entry.outcome_timestamp,
        "suggestions": [suggestion.id for suggestion in entry.accepted_suggestions],
        "reason": None if reason is None else {"system": reason.system, "code": reason.code},
    }


def _json(content: Json) -> Response:
    return Response(to_json(content), media_type="application/json")
