"""Finds out who asks: the one place that knows keys, tokens and sessions."""

import asyncio
import logging
import time
from datetime import timedelta
from functools import partial

from sqlalchemy import Engine

from app.access import keys, sessions
from app.access.actor import Actor
from app.access.known_secrets import KnownSecrets
from app.access.oidc import TokenCheck, TokenRefused
from app.access.rates import Rates
from app.access.secrets_made import hash_of_secret, looks_like_key, now_text
from app.settings.settings import Settings
from app.store.faults import RecordBusy, RecordUnavailable
from app.store.writer import Write, Writer

log = logging.getLogger("aspects.access")

_NOTE_SECONDS = 60.0
"""How often at most it is written down that a key or a session is in use."""
_MOST_SECRET = 128


class Access:
    """Who may use a hospital's service; opened with its other parts."""

    def __init__(self, settings: Settings, engine: Engine, writer: Writer) -> None:
        self.settings = settings
        self.rates = Rates(settings.request_limit_per_minute, settings.failed_sign_in_limit_per_minute)
        self.times = sessions.SessionTimes(
            timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)
        )
        self.writer = writer
        self._engine = engine
        self._tokens = TokenCheck(settings) if settings.oidc_issuer is not None else None
        self._keys = KnownSecrets(self._key_in_record)
        self._sessions = KnownSecrets(self._session_in_record)
        self._noted: dict[str, float] = {}

    async def by_key(self, key: str) -> Actor | None:
        """Whom a key stands for; ``None``: it opens nothing."""
        if not looks_like_key(key):
            return None
        found = await self._keys.find(hash_of_secret(key))
        if found is None:
            return None
        actor, prefix = found
        self._note(prefix, partial(keys.note_use, used=[(prefix, now_text())]))
        return actor

    async def by_token(self, token: str) -> Actor | None:
        """Whom a token of the hospital's sign-in stands for; ``None``: it is refused. Raises KeysUnavailable."""
        if self._tokens is None:
            return None
        try:
            return await self._tokens.actor(token)
        except TokenRefused as refusal:
            log.info("A token was refused (%s).", refusal)
            return None

    async def by_session(self, secret: str) -> Actor | None:
        """Whom a browser's session stands for; ``None``: it is over."""
        if len(secret) > _MOST_SECRET or not secret.isascii():
            return None
        session = hash_of_secret(secret)
        found = await self._sessions.find(session)
        if found is None:
            return None
        self._note(session, partial(sessions.note_seen, session_sha256=session))
        return found[0]

    async def sign_in(self, code: str) -> str:
        """Use a code up; returns the secret of its session. Raises CodeUnknown, RecordUnavailable or RecordBusy."""
        return await self.writer.write(partial(sessions.begin_by_code, code=code[:_MOST_SECRET], times=self.times))

    async def sign_out(self, secret: str, actor: Actor) -> None:
        """End a session. Raises RecordUnavailable or RecordBusy."""
        session = hash_of_secret(secret)
        await self.writer.write(partial(sessions.end, session_sha256=session, actor=actor))
        self._sessions.forget(session)

    def _key_in_record(self, key_sha256: str) -> tuple[Actor, str] | None:
        with self._engine.connect() as connection:
            return keys.actor_by_hash(connection, key_sha256)

    def _session_in_record(self, session_sha256: str) -> tuple[Actor, str] | None:
        with self._engine.connect() as connection:
            return sessions.actor_by_hash(connection, session_sha256, self.times.idle)

    def _note(self, what: str, write: Write[None]) -> None:
        """Write down a use, without waiting for it, and not for each request."""
        now = time.monotonic()
        if now - self._noted.get(what, -_NOTE_SECONDS) < _NOTE_SECONDS:
            return
        if len(self._noted) > 10 * 1000:
            self._noted.clear()
        self._noted[what] = now
        try:
            asyncio.wrap_future(self.writer.submit(write)).add_done_callback(_look_at)
        except (RecordBusy, RecordUnavailable):
            log.warning("The use of a key or session could not be written down.")


def _look_at(note: "asyncio.Future[None]") -> None:
    if not note.cancelled() and note.exception() is not None:
        log.warning("The use of a key or session could not be written down.")
