"""The record as the rest of the service uses it: keep, look up, sign, replay; each with its audit event."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection, Engine

from app.access.actor import Actor
from app.answers.parts import versions_json
from app.store import audit, case_queries, signing, study_cases
from app.store.case_queries import KeptCase, RevisionContent
from app.store.database import read
from app.store.faults import CaseWentOn
from app.store.judged_case import JudgedCase
from app.store.revisions import Judgement, Kept, Origin, Revision, check_case_id
from app.store.signing import SignedOff
from app.store.status import Status
from app.store.writer import Writer
from app.triage import rulebook
from scoring.case import Case


@dataclass(frozen=True, slots=True)
class CaseChanged:
    """Something that outputs may have to tell the world of."""

    case_id: str
    revision: int
    status: Status
    actor: Actor


Listener = Callable[[Connection, CaseChanged], None]
"""Called within the transaction: what it writes, such as a delivery, is kept together with the change or not at all."""


class Records:
    """Cases with their revisions, signatures and trail."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self.engine = engine
        self.writer = writer
        self.listeners: list[Listener] = []

    async def judge_and_keep(self, request: bytes, case: Case, parts: Sequence[str] | None, actor: Actor) -> bytes:
        """Judge a case and keep it.

        Returns
        -------
        The answer as JSON with the part ``record``; it is on disk by then.

        Raises
        ------
        CaseError
            The case contradicts itself; nothing is kept.
        UnusableCaseId, RecordBusy, RecordUnavailable
            Nothing is kept.
        """
        check_case_id(case.case_id)
        if case.case_id is not None and study_cases.may_be_study(case.case_id):
            return await self._judge_beside_scan(request, case, case.case_id, parts, actor)
        judged = JudgedCase(case, parts)
        judgement = judgement_of(request, judged)
        return with_record(judgement.answer, await self.keep(judgement, actor))

    async def _judge_beside_scan(
        self, request: bytes, case: Case, case_id: str, parts: Sequence[str] | None, actor: Actor
    ) -> bytes:
        """The same for a case that may be a study: what was read of its scan stays beside it."""
        while True:
            known = await read(self.engine, lambda connection: study_cases.known_of(connection, case_id))
            judged = JudgedCase.beside(case, known.reading, parts)
            judgement = judgement_of(
                request, judged, reading=known.reading, scan_sha256=known.scan_sha256, follows=known.revision
            )
            with suppress(CaseWentOn):
                return with_record(judgement.answer, await self.keep(judgement, actor))

    async def keep(self, judgement: Judgement, actor: Actor) -> Kept:
        """Keep a judgement as the next revision of its case. Raises as `judge_and_keep`."""
        return await self.writer.write(self.keeping(judgement, actor))

    def keeping(self, judgement: Judgement, actor: Actor) -> Callable[[Connection], Kept]:
        """What `keep` writes, for callers who write more in the same transaction. Raises UnusableCaseId."""
        revision = Revision(judgement, actor)

        def write(connection: Connection) -> Kept:
            kept = revision.keep(connection)
            self._tell(connection, CaseChanged(kept.case_id, kept.revision, Status.PRELIMINARY, actor))
            return kept

        return write

    async def confirm(self, actor: Actor, case_id: str, revision: int, comment: str | None) -> SignedOff:
        """Sign a revision as it is. Raises NotInRecord, AlreadyDecided."""

        def write(connection: Connection) -> SignedOff:
            signed = signing.confirm(connection, actor, case_id, revision, comment)
            self._tell_signed(connection, signed, actor)
            return signed

        return await self.writer.write(write)

    async def edit(
        self, actor: Actor, case_id: str, revision: int, changed: Judgement, comment: str | None
    ) -> SignedOff:
        """Add a changed case as a new revision and sign that one. Raises NotInRecord, AlreadyDecided."""
        packed = Revision(changed, actor)

        def write(connection: Connection) -> SignedOff:
            signed = signing.edit(connection, actor, case_id, revision, packed, comment)
            self._tell_signed(connection, signed, actor)
            return signed

        return await self.writer.write(write)

    async def list_cases(self, actor: Actor, limit: int, before: int | None) -> Sequence[KeptCase]:
        """A page of cases, the newest first."""
        cases = await read(self.engine, lambda connection: case_queries.list_cases(connection, limit, before))
        await self.note(audit.Event(actor, "cases.listed", "cases", detail={"cases": len(cases)}))
        return cases

    async def show_case(self, actor: Actor, case_id: str) -> KeptCase:
        """One case. Raises NotInRecord."""
        case = await read(self.engine, lambda connection: case_queries.show_case(connection, case_id))
        await self.note(audit.Event(actor, "case.read", f"case/{case_id}"))
        return case

    async def show_revision(
        self, actor: Actor, case_id: str, revision: int, action: str = "case.read"
    ) -> RevisionContent:
        """One revision with its contents. Raises NotInRecord."""
        content = await read(self.engine, lambda connection: case_queries.show_revision(connection, case_id, revision))
        await self.note(audit.Event(actor, action, f"case/{case_id}", detail={"revision": revision}))
        return content

    async def note(self, event: audit.Event) -> int:
        """Add an event of its own to the trail."""
        return await self.writer.write(lambda connection: audit.append(connection, event))

    def _tell_signed(self, connection: Connection, signed: SignedOff, actor: Actor) -> None:
        self._tell(connection, CaseChanged(signed.case_id, signed.revision, signed.standing.status, actor))

    def _tell(self, connection: Connection, change: CaseChanged) -> None:
        for listener in self.listeners:
            listener(connection, change)


def judgement_of(
    request: bytes,
    judged: JudgedCase,
    *,
    case_id: str | None = None,
    reading: bytes | None = None,
    scan_sha256: str | None = None,
    origin: Origin = Origin.TRIAGE,
    follows: int | None = None,
) -> Judgement:
    """Judge, and gather what is to be kept of it; ``case_id``: where the case names none. Raises CaseError."""
    return Judgement(
        request=request,
        judged_case=judged.to_json(),
        answer=judged.judge_text(),
        versions=versions_json(rulebook()),
        case_id=judged.case.case_id or case_id,
        reading=reading,
        scan_sha256=scan_sha256,
        origin=origin,
        follows=follows,
    )


def with_record(answer: bytes, kept: Kept) -> bytes:
    """The answer with the part ``record`` at its end; every other byte stays.

    >>> with_record(b'{"warnings":[]}', Kept("a", 1, 7))
    b'{"warnings":[],"record":{"case_id":"a","revision":1,"audit_sequence":7}}'
    """
    record: dict[str, Any] = {
        "case_id": kept.case_id,
        "revision": kept.revision,
        "audit_sequence": kept.audit_sequence,
    }
    return answer[:-1] + b',"record":' + to_json(record) + b"}"
