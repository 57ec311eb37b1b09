"""Turns what happened to cases and scans into deliveries for those who asked for it, in the same transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from app.access.actor import Actor, ActorKind
from app.interop.dicom_out.clinicians_reading import can_be_shown, is_of_software
from app.outbox import delivery_rows
from app.outbox.delivery import Delivery
from app.outbox.results import case_result, scan_result
from app.outbox.targets import Target
from app.queue.job_rows import identity_of_case
from app.store.case_queries import show_revision
from app.store.records import CaseChanged
from app.store.signing import signed_revisions
from app.store.status import Status
from app.triage import NOT_FOR_CLINICAL_USE

NEEDS_PATIENT = frozenset({"hl7"})
"""Kinds that cannot say anything about a patient who is not named."""
NEEDS_STUDY = frozenset({"dicom-store", "stow"})
"""Kinds whose results belong to the images of a study."""
FINAL_STAYS = frozenset({"hl7", "dicom-store", "stow"})
"""Kinds whose receivers keep the latest result: a preliminary one must not take the place of a signed one."""


class Announcer:
    """Knows the targets; asks nothing of the network."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._targets = targets
        self._actor = Actor(ActorKind.SYSTEM, "outbox", frozenset())

    def case_changed(self, connection: Connection, change: CaseChanged) -> None:
        """A revision was kept or signed; a listener of `Records`."""
        event = f"result.{change.status.value}"
        targets = [target for target in self._targets if event in target.events]
        if change.status is Status.PRELIMINARY and targets and signed_revisions(connection, change.case_id):
            targets = [target for target in targets if target.kind not in FINAL_STAYS]
        if not targets:
            return
        content = show_revision(connection, change.case_id, change.revision)
        reading = None if content.reading is None else json.loads(content.reading)
        whose = identity_of_case(connection, change.case_id)
        identity, answer = None if whose is None else asdict(whose), json.loads(content.answer)
        # A clinician's own score is never told as the software's: it goes out where the objects can say whose it is.
        # An answer without the part ``aspects`` does not tell.
        aspects, is_signed = answer.get("aspects"), change.status is not Status.PRELIMINARY
        can_show = is_of_software(aspects) or (is_signed and can_be_shown(reading, aspects))
        has_study = _has_study(reading, identity) and can_show and "aspects" in answer
        result = case_result(
            answer,
            reading,
            identity,
            case_id=change.case_id,
            revision=change.revision,
            status=change.status.value,
        )
        self._enqueue(
            connection, targets, event, f"case/{change.case_id}", str(change.revision), result, has_study=has_study
        )

    def scan_read(
        self, connection: Connection, job_id: str, reading: Mapping[str, Any], identity: Mapping[str, Any] | None,
        observed_at: str,
    ) -> None:  # fmt: skip
        """A scan without a case was read."""
        event = "result.preliminary"
        targets = [target for target in self._targets if event in target.events]
        if targets:
            result = scan_result(reading, identity, job_id=job_id, observed_at=observed_at, note=NOT_FOR_CLINICAL_USE)
            self._enqueue(
                connection, targets, event, f"job/{job_id}", "1", result, has_study=_has_study(reading, identity)
            )

    def _enqueue(
        self, connection: Connection, targets: Sequence[Target], event: str, subject: str, revision: str,
        result: Mapping[str, Any], *, has_study: bool,
    ) -> None:  # fmt: skip
        for target in targets:
            if target.kind in NEEDS_PATIENT and not result["identity"]:
                continue
            if target.kind in NEEDS_STUDY and not has_study:
                continue
            key = f"{event}/{revision}/{subject}"
            delivery_rows.enqueue(
                connection, Delivery(target.kind, target.name, event, subject, key, result), self._actor
            )


def _has_study(reading: Mapping[str, Any] | None, identity: Mapping[str, Any] | None) -> bool:
    """Whether the scan came as DICOM."""
    return reading is not None and bool(reading.get("input", {}).get("series_uid") or identity)
