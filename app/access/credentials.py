"""What a request shows to say who asks: a key, a token or a session's cookie."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.types import Scope

COOKIE = "aspects_session"
SECURE_COOKIE = "__Host-aspects_session"
"""Under TLS: a browser takes a cookie of this name only from this host, over TLS, for all paths."""
_MOST_COOKIE_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Credentials:
    """What was shown; at most one of them counts, the first that is there."""

    key: str | None = None
    token: str | None = None
    session: str | None = None
    unreadable: bool = False
    """Something was shown that is no credential of ours, or two that may disagree."""

    @property
    def are_absent(self) -> bool:
        """Whether nothing was shown."""
        return not self.unreadable and self.key is None and self.token is None and self.session is None


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """The headers by name; of a repeated one, the last."""
    return dict(scope["headers"])


def shown_by(scope: Scope, headers: Mapping[bytes, bytes]) -> Credentials:
    """Read the credentials of a request."""
    authorisation, key = headers.get(b"authorization"), headers.get(b"x-api-key")
    if authorisation is not None and key is not None:
        return Credentials(unreadable=True)
    if key is not None:
        return Credentials(key=key.decode("latin-1"))
    if authorisation is not None:
        scheme, _, secret = authorisation.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            return Credentials(unreadable=True)
        secret = secret.strip()
        return Credentials(key=secret) if secret.startswith("ak_") else Credentials(token=secret)
    cookie = headers.get(b"cookie")
    return Credentials() if cookie is None else Credentials(session=session_in(cookie, is_secure(scope)))


def session_in(cookie: bytes, secure: bool) -> str | None:  # noqa: FBT001 -- the two names of one cookie
    """The session's secret in a ``Cookie`` header; ``None``: there is none."""
    if len(cookie) > _MOST_COOKIE_BYTES:
        return None
    try:
        jar = SimpleCookie(cookie.decode("latin-1"))
    except CookieError:
        return None
    morsel = jar.get(SECURE_COOKIE if secure else COOKIE)
    return morsel.value if morsel is not None and morsel.value else None


def is_secure(scope: Scope) -> bool:
    """Whether the browser speaks TLS with us or with the trusted proxy in front."""
    return bool(scope.get("scheme") == "https")
