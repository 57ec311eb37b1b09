"""The whole answer as a Bundle: scores, guidance, a report, a proposal, and where all of it came from."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.answers.note import triage_text
from app.interop.fhir.answer_draft import Draft, NamesByContent, notes
from app.interop.fhir.answer_guidance import add_guidance, add_risk, citation
from app.interop.fhir.answer_observations import add_aspects, add_posterior
from app.interop.fhir.case_reading import FhirCase
from app.interop.fhir.outcomes import outcome_of_notes
from app.interop.fhir.systems import (
    ACTIONS_SYSTEM,
    CASES_SYSTEM,
    LOINC,
    OWN,
    PARTICIPANTS,
    RESULTS_SYSTEM,
    Json,
    coding,
    concept,
)
from scoring.case import Case
from scoring.outcomes import Action

_NOTHING_TO_PROPOSE = frozenset({Action.NO_TRANSFER_FOR_EVT})
_URGENT = frozenset({Action.TRANSFER_NOW, Action.HAEMORRHAGE_PATHWAY, Action.TRANSFER_NEUROSURGERY})


@dataclass(frozen=True, slots=True)
class Basis:
    """What an answer was made from, beside the case."""

    imaging: Sequence[Json] = ()
    """References to the imaging studies."""
    used: Sequence[Json] = ()
    """References to all that was used."""
    identifiers: Sequence[Json] = ()
    """By which the report is found."""
    unread: Json | None = None
    """What was sent and not used: the content of an OperationOutcome."""
    refusal: str | None = None
    """Why the scan has no score, in words."""
    interpreters: Sequence[Json] = ()
    """References to who signed the report."""


def answer_bundle(read: FhirCase, case: Case, answer: Mapping[str, Any]) -> Json:
    """The answer to ``$triage``: the same request, rules and software give the same Bundle, ids included.

    Parameters
    ----------
    read
        What the request stated, and where.
    case
        The case that was judged.
    answer
        The whole answer of `app.triage.triage`, all parts.
    """
    subject: Json = {"reference": read.subject} if read.subject else {"display": "The patient of this request"}
    seed = f"{read.request.model_dump_json()}|{read.subject}|{read.used}|{sorted(answer['versions'].items())}"
    record = answer.get("record")
    basis = Basis(
        imaging=[{"reference": study} for study in read.imaging],
        used=[{"reference": reference} for reference in read.used],
        identifiers=[case_identifier(record["case_id"])] if record else [],
        unread=outcome_of_notes(read.notes) if read.notes.listed else None,
    )
    draft = Draft(NamesByContent(seed), subject, answer["evaluated_at"])
    fill(draft, basis, case, answer)
    return draft.bundle()


def case_identifier(case_id: str) -> Json:
    """The name of a kept case."""
    return {"system": CASES_SYSTEM, "value": case_id}


def fill(draft: Draft, basis: Basis, case: Case, answer: Mapping[str, Any]) -> list[Json]:
    """Add everything that the whole answer says; returns the references to it."""
    device = _add_device(draft, answer["versions"])
    scores = _add_scores(draft, basis, case, answer, device)
    risks = [add_risk(draft, told, scores, device) for told in answer["evt"]]
    unread = draft.add("OperationOutcome", "unread", basis.unread) if basis.unread else None
    guidance = add_guidance(draft, answer, unread, device)
    report = _add_report(draft, basis, answer, scores)
    proposal = _add_proposal(draft, answer["transfer"], [guidance, *risks], device)
    made = [*scores, *risks, guidance, report, *([proposal] if proposal else [])]
    _add_provenance(draft, basis, made, device)
    return made


def _add_device(draft: Draft, versions: Mapping[str, str]) -> Json:
    content = {
        "status": "active",
        "deviceName": [{"name": "ASPECTS triage", "type": "user-friendly-name"}],
        "type": concept(text="Decision support software; not a cleared medical device"),
        "version": [{"type": concept(text=name), "value": value} for name, value in versions.items()],
    }
    return draft.add("Device", "software", content, told=["ASPECTS triage, decision support software."])


def _add_scores(draft: Draft, basis: Basis, case: Case, answer: Mapping[str, Any], device: Json) -> list[Json]:
    added = []
    if answer["aspects"] is not None:
        added.append(add_aspects(draft, answer["aspects"], case, basis.imaging, device))
    if answer["pc_aspects"] is not None:
        added.append(add_posterior(draft, answer["pc_aspects"], case, basis.imaging, device))
    return added


def _add_report(draft: Draft, basis: Basis, answer: Mapping[str, Any], scores: list[Json]) -> Json:
    summary = answer["evt_summary"]["text"]
    conclusion = f"{basis.refusal} {summary}" if basis.refusal else summary
    content = {
        **({"identifier": list(basis.identifiers)} if basis.identifiers else {}),
        "status": draft.status,
        "code": concept(coding(LOINC, "18748-4", "Diagnostic imaging study"), text="ASPECTS and thrombectomy triage"),
        "subject": draft.subject,
        "issued": draft.evaluated_at,
        **({"result": scores} if scores else {}),
        **({"imagingStudy": list(basis.imaging)} if basis.imaging else {}),
        **({"resultsInterpreter": list(basis.interpreters)} if basis.interpreters else {}),
        "conclusion": conclusion,
        "presentedForm": [
            {
                "contentType": "text/plain; charset=utf-8",
                "language": "en-GB",
                "data": base64.b64encode(triage_text(answer).encode()).decode(),
                "title": "Triage answer",
            }
        ],
    }
    return draft.add("DiagnosticReport", "report", content, told=[conclusion, answer["not_for_clinical_use"]])


def _add_proposal(draft: Draft, transfer: Mapping[str, Any], support: list[Json], device: Json) -> Json | None:
    """A proposal and never an order: nothing happens until a person makes it one. ``None``: there is none to make."""
    action = transfer["action"]
    if action in _NOTHING_TO_PROPOSE:
        return None
    told = [text for text in (citation(transfer), transfer["note"]) if text]
    content = {
        "status": "draft",
        "intent": "proposal",
        **({"priority": "stat"} if action in _URGENT else {}),
        "code": concept(coding(ACTIONS_SYSTEM, action, transfer["action_text"]), text=transfer["action_text"]),
        "subject": draft.subject,
        "authoredOn": draft.evaluated_at,
        "requester": device,
        **({"locationCode": [concept(text=transfer["destination"])]} if transfer["destination"] else {}),
        "supportingInfo": support,
        **notes(told),
    }
    return draft.add("ServiceRequest", "transfer", content, told=[f"Proposal: {transfer['action_text']}."])


def _add_provenance(draft: Draft, basis: Basis, made: list[Json], device: Json) -> None:
    entities = [{"role": "source", "what": reference} for reference in basis.used]
    content = {
        "target": made,
        "recorded": draft.evaluated_at,
        "policy": [f"{OWN}rules"],
        "activity": concept(coding(RESULTS_SYSTEM, "triage", "Triage by published rules")),
        "agent": [{"type": concept(coding(PARTICIPANTS, "assembler", "Assembler")), "who": device}],
        **({"entity": entities} if entities else {}),
    }
    draft.add("Provenance", "provenance", content)
