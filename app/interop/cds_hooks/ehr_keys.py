"""Public keys of an EHR: written in the file, or fetched from its one address and kept for a while."""

import asyncio
import json
import logging
import time
from typing import Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from app.interop.cds_hooks.ehr_file import Ehr

log = logging.getLogger("aspects.cds_hooks")

_KEEP_SECONDS = 600.0
_AGAIN_SECONDS = 10.0
"""Tokens with made-up key names do not make us ask the EHR more often than this."""
_FETCH_SECONDS = 3.0
_MOST_BYTES = 256 * 1024
_LEAST_RSA_BITS = 2048


class EhrKeys:
    """Keys by name (``kid``)."""

    def __init__(self, ehr: Ehr) -> None:
        self._url = ehr.jwks_url
        self._keys = usable_keys({"keys": ehr.keys})
        self._fetched_at = -_KEEP_SECONDS
        self._tried_at = -_KEEP_SECONDS
        self._turn = asyncio.Lock()

    async def find(self, kid: str) -> ECKey | RSAKey | None:
        """The key of this name; ``None``: there is none, or it cannot be had now."""
        fresh = self._url is None or time.monotonic() - self._fetched_at < _KEEP_SECONDS
        if kid in self._keys and fresh:
            return self._keys[kid]
        if self._url is not None:
            async with self._turn:
                if time.monotonic() - self._tried_at >= _AGAIN_SECONDS:
                    await self._renew(self._url)
        return self._keys.get(kid)

    async def _renew(self, url: str) -> None:
        self._tried_at = time.monotonic()
        try:
            self._keys = usable_keys(await _fetched(url))
            self._fetched_at = time.monotonic()
        except (httpx.HTTPError, ValueError, RecursionError) as error:
            log.warning("The keys of an EHR could not be taken: %s.", type(error).__name__)


async def _fetched(url: str) -> Any:
    async with (
        httpx.AsyncClient(timeout=_FETCH_SECONDS, follow_redirects=False) as client,
        client.stream("GET", url, headers={"accept": "application/json"}) as response,
    ):
        response.raise_for_status()
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _MOST_BYTES:
                raise ValueError("too large")
    return json.loads(bytes(body))


def usable_keys(content: Any) -> dict[str, ECKey | RSAKey]:
    """The named public keys of a JWKS: curves P-256 and P-384, and RSA of 2048 bits or more."""
    if not isinstance(content, dict) or not isinstance(content.get("keys"), list):
        return {}
    keys: dict[str, ECKey | RSAKey] = {}
    for entry in content["keys"]:
        try:
            (key,) = KeySet.import_key_set({"keys": [entry]}).keys
            is_strong = (
                key.curve_name in {"P-256", "P-384"}
                if isinstance(key, ECKey)
                else isinstance(key, RSAKey) and key.public_key.key_size >= _LEAST_RSA_BITS
            )
            if is_strong and isinstance(key, ECKey | RSAKey) and key.kid and entry.get("use", "sig") == "sig":
                keys[key.kid] = key
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue  # one odd key does not take the others with it
    return keys
