"""From a request that was kept to the fields of the form, so that a case of the record can be gone on with."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.web.form.layout import names_on_the_form
from scoring.facts import FACTS, Kind

_SIDE, _GLUCOSE, _ITEMS = "affected_side", "glucose_mmol_per_l", "nihss_items"


def fields_of(request: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Lay a triage request out on the form.

    Returns
    -------
    fields
        Field name to text. The moment of the decision is left open: the case is judged anew, now.
    left_out
        Facts that the form has no field for, such as durations; they would be lost, so the page names them.
    """
    facts: Mapping[str, Any] = request.get("facts") or {}
    known = {name: value for name, value in facts.items() if value is not None}
    on_form = set(names_on_the_form())
    fields = dict(_of_facts(known, on_form))
    for key in ("case_id", "site_id"):
        if request.get(key):
            fields[key] = str(request[key])
    fields |= dict(_of_findings(request.get("findings") or {}, "region"))
    fields |= dict(_of_findings(request.get("posterior_findings") or {}, "posterior"))
    fields |= {name: str(value) for name, value in (request.get("site") or {}).items() if value is not None}
    return fields, sorted(known.keys() - on_form - {_SIDE, _ITEMS})


def _of_facts(known: Mapping[str, Any], on_form: set[str]) -> Iterator[tuple[str, str]]:
    for name, value in known.items():
        if name == _ITEMS:
            yield from ((f"nihss.{item}", str(points)) for item, points in value.items() if points is not None)
        elif name == _SIDE:
            yield "side", value
        elif name in on_form:
            yield name, _text(name, value)
    if _GLUCOSE in known:
        yield "glucose_unit", "mmol"


def _text(name: str, value: Any) -> str:
    if FACTS[name].kind is Kind.BOOLEAN:
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _of_findings(findings: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    if findings.get("side"):
        yield "side", findings["side"]
    for region, status in (findings.get("regions") or {}).items():
        if status is not None:
            yield f"{prefix}.{region}", status
    for mark in ("old_infarct", "swelling_only"):
        yield from ((f"{mark}.{region}", "yes") for region in findings.get(mark) or ())
