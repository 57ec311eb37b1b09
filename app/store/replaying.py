"""Replays a kept revision on request, a few at a time: each may take a process of its own."""

import asyncio
from typing import Any

from sqlalchemy import Connection

from app.access.actor import Actor
from app.store import audit, case_queries
from app.store.case_queries import RevisionContent
from app.store.database import read
from app.store.records import Records
from app.store.replay import CannotReplay, replay, rules_for_replay

_AT_ONCE = asyncio.Semaphore(2)


async def replay_revision(records: Records, actor: Actor, case_id: str, revision: int) -> dict[str, Any]:
    """Replay a revision and note it in the trail. Raises NotInRecord."""

    def find(connection: Connection) -> tuple[RevisionContent, bytes | None, str | None]:
        content = case_queries.show_revision(connection, case_id, revision)
        try:
            return content, rules_for_replay(connection, content), None
        except CannotReplay as error:
            return content, None, str(error)

    content, rules, why_not = await read(records.engine, find)
    async with _AT_ONCE:
        answer = await asyncio.to_thread(replay, content, rules, why_not)
    detail = {"revision": revision, "identical": answer["own_rules"]["identical"]}
    await records.note(audit.Event(actor, "case.replayed", f"case/{case_id}", detail=detail))
    return answer
