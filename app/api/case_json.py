"""Kept cases as JSON, in the shapes of `app.api.case_schemas`."""

from collections.abc import Sequence
from typing import Any

from pydantic_core import to_json

from app.store.case_queries import KeptCase, RevisionContent, RevisionSummary, Signature
from app.store.signing import SignedOff


def case_json(case: KeptCase) -> dict[str, Any]:
    """A case with its revisions."""
    revisions: Sequence[RevisionSummary] = case.revisions
    return {
        "case_id": case.case_id,
        "made_at": case.made_at,
        "latest_revision": revisions[-1].revision,
        "status": revisions[-1].standing.status.value,
        "revisions": [summary_json(revision) for revision in revisions],
    }


def summary_json(summary: RevisionSummary) -> dict[str, Any]:
    """A revision without its contents."""
    return {
        "revision": summary.revision,
        "kept_at": summary.kept_at,
        "by": {"kind": summary.actor_kind, "name": summary.actor_name},
        "origin": summary.origin,
        "status": summary.standing.status.value,
        "supersedes": summary.standing.supersedes,
        "superseded_by": summary.standing.superseded_by,
        "signature": None if summary.signature is None else _signature_json(summary.signature),
        "versions": dict(summary.versions),
        "scan_sha256": summary.scan_sha256,
        "content_sha256": summary.content_sha256,
        "audit_sequence": summary.audit_sequence,
    }


def revision_json(content: RevisionContent) -> bytes:
    """A revision with its contents; their bytes are put in as they were kept."""
    head = to_json({"case_id": content.summary.case_id, **summary_json(content.summary)})
    texts = {
        "request": content.request,
        "judged_case": content.judged_case,
        "reading": content.reading or b"null",
        "answer": content.answer,
    }
    return head[:-1] + b"".join(b',"%b":%b' % (name.encode(), text) for name, text in texts.items()) + b"}"


def signed_off_json(signed: SignedOff) -> dict[str, Any]:
    """A signature as it was kept."""
    return {
        "case_id": signed.case_id,
        "revision": signed.revision,
        "status": signed.standing.status.value,
        "supersedes": signed.standing.supersedes,
        "audit_sequence": signed.audit_sequence,
    }


def _signature_json(signature: Signature) -> dict[str, Any]:
    return {
        "by": {"kind": signature.actor_kind, "name": signature.actor_name},
        "at": signature.at,
        "decision": signature.decision,
        "comment": signature.comment,
        "audit_sequence": signature.audit_sequence,
    }
