"""Which of the orders that are about to be signed concern an acute stroke, and how."""

from enum import StrEnum
from typing import Any

from app.interop.fhir.bundles import MOST_ENTRIES
from app.interop.fhir.fact_codes import CT_HEAD, HEAD_OR_BRAIN, THROMBOLYSIS_PROCEDURES
from app.interop.fhir.nodes import Node
from app.interop.fhir.systems import ACTIONS_SYSTEM, ATC, LOINC, RXNORM, SNOMED

_THROMBOLYTICS = {ATC: frozenset({"B01AD02", "B01AD11"}), RXNORM: frozenset({"8410", "259280"})}
_THROMBECTOMY = frozenset({"397046001"})
_TRANSFER = frozenset({"107724000"})


class Order(StrEnum):
    """What an order is for."""

    IMAGING = "imaging"
    THROMBOLYSIS = "thrombolysis"
    THROMBECTOMY = "thrombectomy"
    TRANSFER = "transfer"


def orders_of(draft_orders: dict[str, Any] | None) -> set[Order]:
    """The kinds of orders that concern a stroke. Raises the 422 `Problem` for what is no Bundle of resources."""
    if draft_orders is None:
        return set()
    bundle = Node(draft_orders, "context.draftOrders")
    resources = [entry.node("resource") for entry in bundle.nodes("entry")[:MOST_ENTRIES]]
    return {kind for node in resources if node is not None and (kind := _kind(node)) is not None}


def _kind(node: Node) -> Order | None:
    match node.text("resourceType"):
        case "MedicationRequest" | "MedicationAdministration":
            codes = node.codings("medicationCodeableConcept")
            return Order.THROMBOLYSIS if any(code in _THROMBOLYTICS.get(system, ()) for system, code in codes) else None
        case "ServiceRequest":
            return _service(node)
    return None


def _service(node: Node) -> Order | None:
    codes = list(node.codings("code"))
    snomed = {code for system, code in codes if system == SNOMED}
    if snomed & THROMBOLYSIS_PROCEDURES:
        return Order.THROMBOLYSIS
    if snomed & _THROMBECTOMY:
        return Order.THROMBECTOMY
    if snomed & _TRANSFER or any(system == ACTIONS_SYSTEM for system, _ in codes):
        return Order.TRANSFER
    sites = {code for site in node.nodes("bodySite") for system, code in site.own_codings() if system == SNOMED}
    is_head = bool(sites & HEAD_OR_BRAIN) or any(system == LOINC and code in CT_HEAD for system, code in codes)
    return Order.IMAGING if is_head else None
