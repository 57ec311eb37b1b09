"""A kept case as FHIR: the answer that stands, under addresses that stay, with its status and who signed it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.interop.fhir.answer_bundle import Basis, case_identifier, fill
from app.interop.fhir.answer_draft import Draft
from app.interop.fhir.systems import (
    CASES_SYSTEM,
    IDENTIFIER_TYPES,
    PARTICIPANTS,
    RESULTS_SYSTEM,
    STUDIES_SYSTEM,
    Json,
    coding,
    concept,
)
from app.queue.job_rows import identity_of_case
from app.queue.queue import Identity
from app.store.case_queries import RevisionContent, RevisionSummary, Signature, show_case, show_revision
from app.store.judged_case import JudgedCase, UnreadableCase, read_judged_case
from app.store.status import Status
from app.store.study_cases import may_be_study


@dataclass(frozen=True, slots=True)
class KeptReport:
    """What the record holds of a case, as far as its report tells it."""

    number: int
    """Of the case; its resources are named by it."""
    content: RevisionContent
    """The revision that stands: the last that was signed, else the latest."""
    identity: Identity | None
    unsigned: int | None
    """A later revision that waits for a signature."""

    @property
    def case_id(self) -> str:
        return self.content.summary.case_id


@dataclass(frozen=True, slots=True)
class KeptNames:
    """Names by the number of the case: they stay the same for all its revisions."""

    base: str
    """Address of the endpoint."""
    number: int

    def identity(self, name: str) -> str:
        """Number and name, parted by a dot."""
        return f"{self.number}.{name.replace('/', '.')}"

    def address(self, kind: str, name: str) -> str:
        """The address at which it can be read."""
        return f"{self.base}/{self.reference(kind, name)}"

    def reference(self, kind: str, name: str) -> str:
        """The same, from the endpoint on."""
        return f"{kind}/{self.identity(name)}"


def kept_report(connection: Connection, number: int, case_id: str) -> KeptReport:
    """Look a case up. Raises NotInRecord."""
    revisions = show_case(connection, case_id).revisions
    signed = [one for one in revisions if one.standing.status in {Status.FINAL, Status.CORRECTED}]
    latest = revisions[-1]
    stands = signed[-1] if signed else latest
    content = show_revision(connection, case_id, stands.revision)
    unsigned = None if latest is stands else latest.revision
    return KeptReport(number, content, identity_of_case(connection, case_id), unsigned)


def report_bundle(report: KeptReport, base: str) -> Json | None:
    """All resources of the report; ``None``: the revision holds parts of an answer alone, or is not read any more."""
    try:
        judged = read_judged_case(report.content.judged_case)
    except UnreadableCase:
        return None
    return None if judged.parts is not None else _drafted(report, judged, base).bundle()


def _drafted(report: KeptReport, judged: JudgedCase, base: str) -> Draft:
    summary, answer = report.content.summary, json.loads(report.content.answer)
    signature = summary.signature
    changed = (summary.kept_at, summary.audit_sequence)
    if signature is not None:
        changed = (signature.at, signature.audit_sequence)
    draft = Draft(
        KeptNames(base, report.number),
        _subject(report),
        answer["evaluated_at"],
        summary.standing.status.value,
        {"versionId": str(changed[1]), "lastUpdated": changed[0]},
    )
    made = fill(draft, _basis(report, signature), judged.case, answer)
    if signature is not None:
        _add_signature(draft, made, summary, signature)
    return draft


def _basis(report: KeptReport, signature: Signature | None) -> Basis:
    study = _study_uid(report)
    imaging: list[Json] = []
    identifiers = [case_identifier(report.case_id)]
    if study is not None:
        identifier = {"system": STUDIES_SYSTEM, "value": f"urn:oid:{study}"}
        imaging, identifiers = [{"type": "ImagingStudy", "identifier": identifier}], [*identifiers, identifier]
    if report.identity is not None and report.identity.accession_number:
        accession = concept(coding(IDENTIFIER_TYPES, "ACSN", "Accession ID"))
        identifiers.append({"type": accession, "value": report.identity.accession_number})
    return Basis(
        imaging=imaging,
        used=imaging,
        identifiers=identifiers,
        refusal=_refusal(report.content.reading),
        interpreters=[] if signature is None else [{"display": signature.actor_name}],
    )


def _subject(report: KeptReport) -> Json:
    """The patient by the number that the scan brought; without one, only that it is the patient of this case."""
    if report.identity is None:
        return {"type": "Patient", "identifier": case_identifier(report.case_id), "display": "The patient of this case"}
    number: Json = {"type": concept(coding(IDENTIFIER_TYPES, "MR", "Medical record number"))}
    number["value"] = report.identity.patient_id
    if report.identity.issuer:
        number["assigner"] = {"display": report.identity.issuer}
    return {"type": "Patient", "identifier": number}


def _study_uid(report: KeptReport) -> str | None:
    if report.identity is not None and report.identity.study_uid:
        return report.identity.study_uid
    return report.case_id if may_be_study(report.case_id) and report.content.reading is not None else None


def _refusal(reading: bytes | None) -> str | None:
    refusal: Mapping[str, Any] = (json.loads(reading).get("refusal") if reading else None) or {}
    return f"The scan has no score: {refusal['text']} {refusal['remedy']} ({refusal['code']})" if refusal else None


def _add_signature(draft: Draft, made: list[Json], summary: RevisionSummary, signature: Signature) -> None:
    """Who stands for the answer, and which signed one it takes the place of."""
    before = summary.standing.supersedes
    replaced = {"identifier": {"system": CASES_SYSTEM, "value": f"{summary.case_id}/revisions/{before}"}}
    content = {
        "target": made,
        "recorded": signature.at,
        "activity": concept(coding(RESULTS_SYSTEM, "sign-off", "Signed by a clinician, as it was or changed")),
        "agent": [
            {"type": concept(coding(PARTICIPANTS, "verifier", "Verifier")), "who": {"display": signature.actor_name}}
        ],
        **({"entity": [{"role": "revision", "what": replaced}]} if before is not None else {}),
    }
    draft.add("Provenance", "signature", content)
