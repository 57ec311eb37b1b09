"""Was a request sent by our own page? Keeps other sites from acting with a browser's session (CSRF).

A browser says itself where a request comes from, in headers that no page's script can set: ``Sec-Fetch-Site`` (all
browsers since 2023) and ``Origin``. Together with a cookie that is ``SameSite=Strict`` this needs no token in the
forms; a request that says neither is refused, so a browser that is too old cannot act rather than act unprotected.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


def may_use_session(method: str, headers: Mapping[bytes, bytes], scheme: str) -> bool:
    """Whether a request that a session's cookie came with may change anything, as far as its origin goes.

    Parameters
    ----------
    method
        The HTTP method; those that only look are let through.
    headers
        Names in small letters.
    scheme
        Under which the service was asked, as the trusted proxy tells it.
    """
    if method in _SAFE_METHODS:
        return True
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site == b"same-origin"
    origin = headers.get(b"origin")
    return origin is not None and _same(origin, headers.get(b"host", b""), scheme)


def _same(origin: bytes, host: bytes, scheme: str) -> bool:
    try:
        theirs = urlsplit(origin.decode("ascii"))
        ours = urlsplit(f"{scheme}://{host.decode('ascii')}")
        ports = [address.port or _DEFAULT_PORTS.get(address.scheme) for address in (theirs, ours)]
    except ValueError:
        return False
    return (
        theirs.scheme == scheme and bool(theirs.hostname) and theirs.hostname == ours.hostname and len(set(ports)) == 1
    )
