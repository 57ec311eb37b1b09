"""The issuer's public keys: from its address or a file, kept for a while, taken anew when a token names a new one."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

log = logging.getLogger("aspects.access")

_KEEP_SECONDS = 600.0
_AGAIN_SECONDS = 10.0
"""Tokens with made-up key names do not make us ask the issuer more often than this."""
_FETCH_SECONDS = 5.0
_MOST_BYTES = 256 * 1024
_LEAST_RSA_BITS = 2048
_CURVE = "P-256"


class KeysUnavailable(Exception):
    """The issuer's keys can be had neither now nor from before."""


class IssuerKeys:
    """Public keys by their names (``kid``)."""

    def __init__(self, url: str | None, file: Path | None, again_seconds: float = _AGAIN_SECONDS) -> None:
        self._url = url
        self._file = file
        self._again_seconds = again_seconds
        self._keys: dict[str, ECKey | RSAKey] = {}
        self._fetched_at = -_KEEP_SECONDS
        self._tried_at = -_KEEP_SECONDS
        self._turn = asyncio.Lock()

    async def find(self, kid: str) -> ECKey | RSAKey | None:
        """The key of this name; ``None``: the issuer has none. Raises KeysUnavailable."""
        now = time.monotonic()
        if kid in self._keys and now - self._fetched_at < _KEEP_SECONDS:
            return self._keys[kid]
        async with self._turn:
            if time.monotonic() - self._tried_at >= self._again_seconds:
                await self._renew()
        if not self._keys:
            raise KeysUnavailable
        return self._keys.get(kid)

    async def _renew(self) -> None:
        """Take the keys anew; those from before stay where that fails, so that an outage of the issuer ends nothing."""
        self._tried_at = time.monotonic()
        try:
            content = await self._fetch() if self._url is not None else await asyncio.to_thread(self._read)
            self._keys = usable_keys(content)
            self._fetched_at = time.monotonic()
        except (httpx.HTTPError, OSError, ValueError, JoseError) as error:
            log.warning("The issuer's keys could not be taken: %s.", type(error).__name__)

    async def _fetch(self) -> Any:
        timeout = httpx.Timeout(_FETCH_SECONDS)
        async with (
            httpx.AsyncClient(timeout=timeout, follow_redirects=False) as client,
            client.stream("GET", self._url or "", headers={"accept": "application/json"}) as response,
        ):
            response.raise_for_status()
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise ValueError("The answer of the issuer is too large.")
        return httpx.Response(200, content=bytes(body)).json()

    def _read(self) -> Any:
        if self._file is None:
            return {}
        return httpx.Response(200, content=self._file.read_bytes()[:_MOST_BYTES]).json()


def usable_keys(content: Any) -> dict[str, ECKey | RSAKey]:
    """The keys of a JWKS that may verify our tokens: P-256 and RSA of 2048 bits or more, for signatures, with a name.

    Raises
    ------
    ValueError
        It is not a JWKS.
    """
    if not isinstance(content, dict) or not isinstance(content.get("keys"), list):
        raise ValueError("not a JWKS")
    keys: dict[str, ECKey | RSAKey] = {}
    for entry in content["keys"]:
        try:
            key = _usable(entry)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue  # one odd key does not take the others with it
        if key is not None and key.kid:
            keys[key.kid] = key
    return keys


def _usable(entry: Any) -> ECKey | RSAKey | None:
    if entry.get("use", "sig") != "sig":
        return None
    (key,) = KeySet.import_key_set({"keys": [entry]}).keys
    if isinstance(key, ECKey):
        return key if key.curve_name == _CURVE else None
    if isinstance(key, RSAKey):
        return key if key.public_key.key_size >= _LEAST_RSA_BITS else None
    return None
