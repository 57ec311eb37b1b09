"""Posts a notice to its webhook."""

import asyncio
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from pydantic_core import to_json

from app.interop.webhooks.addresses import AddressRefused, NameUnknown, Resolve, pinned_address, resolve
from app.interop.webhooks.signature import sign
from app.interop.webhooks.target import WebhookTarget
from app.outbox.delivery import Parcel, Undelivered
from app.version import __version__

_SHORTEST_SECRET_BYTES = 24
_MOST_ANSWER_BYTES = 64 * 1024
_LONGEST_PAUSE_SECONDS = 3600.0
_HTTPS_PORT = 443
_GONE = 410
_BUSY = frozenset({429, 503})
_AGAIN = frozenset({408, 409, 425})
"""Refusals that time may cure; the other 4xx say that the notice itself is not wanted."""


class SecretUnusable(ValueError):
    """The file with the shared secret cannot be read or is too short."""


class WebhookSender:
    """Posts to one webhook: one pinned address, no redirects, no proxy, little time, small answers."""

    def __init__(self, target: WebhookTarget, resolver: Resolve = resolve) -> None:
        self._target = target
        self._resolver = resolver
        self._secret = read_secret(target.secret_file)
        self._tls = ssl.create_default_context(cafile=str(target.ca_file) if target.ca_file else None)

    def send(self, parcel: Parcel) -> None:
        """Post the notice; 2xx is the acknowledgement."""
        parts = urlsplit(self._target.url)
        host, port = parts.hostname or "", parts.port or _HTTPS_PORT
        try:
            address = pinned_address(host, port, allow_private=self._target.allow_private, resolver=self._resolver)
        except AddressRefused as refused:
            raise Undelivered(str(refused), again=False) from None
        except NameUnknown:
            raise Undelivered("The target's name has no address.") from None
        literal = f"[{address}]" if ":" in address else address
        url = parts._replace(netloc=f"{literal}:{port}").geturl()
        body = _body(self._target, parcel)
        _judge(*asyncio.run(self._post(url, host, self._headers(parts.netloc, parcel, body), body)))

    def _headers(self, netloc: str, parcel: Parcel, body: bytes) -> dict[str, str]:
        timestamp = int(time.time())
        return {
            "host": netloc,
            "content-type": "application/json",
            "user-agent": f"aspects/{__version__}",
            "webhook-id": parcel.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(self._secret, parcel.id, timestamp, body),
        }

    async def _post(self, url: str, host: str, headers: dict[str, str], body: bytes) -> tuple[int, float | None]:
        """Status, and the pause that the receiver asks for, in seconds. One limit of time covers the whole exchange."""
        try:
            async with (
                asyncio.timeout(self._target.seconds_limit),
                httpx.AsyncClient(verify=self._tls, trust_env=False, follow_redirects=False) as client,
                client.stream("POST", url, content=body, headers=headers, extensions={"sni_hostname": host}) as answer,
            ):
                await _read_little(answer)
                return answer.status_code, _pause_seconds(answer.headers.get("retry-after"))
        except (TimeoutError, httpx.TimeoutException):
            raise Undelivered("The target did not answer in time.") from None
        except httpx.HTTPError as error:
            raise Undelivered(f"The target could not be reached ({type(error).__name__}).") from None


def read_secret(file: Path) -> bytes:
    """The shared secret.

    Raises
    ------
    SecretUnusable
        It cannot be read, or is shorter than 24 bytes.
    """
    try:
        secret = file.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise SecretUnusable(f"{file}: {error.strerror}.") from None
    if len(secret) < _SHORTEST_SECRET_BYTES:
        raise SecretUnusable(f"{file}: a shared secret has at least {_SHORTEST_SECRET_BYTES} bytes.")
    return secret


def _body(target: WebhookTarget, parcel: Parcel) -> bytes:
    """The same bytes at every attempt."""
    notice = {
        "id": parcel.id,
        "event": parcel.event,
        "created_at": parcel.created_at,
        "subject": parcel.subject,
        "status": parcel.payload.get("status"),
    }
    return to_json(notice | {name: parcel.payload.get(name) for name in target.include})


async def _read_little(answer: httpx.Response) -> None:
    """Read the answer and forget it; a long one is not read to its end."""
    size = 0
    async for block in answer.aiter_raw():
        size += len(block)
        if size > _MOST_ANSWER_BYTES:
            return


def _pause_seconds(header: str | None) -> float | None:
    if header is None or not header.isascii() or not header.isdigit():
        return None
    return min(float(header[:9]), _LONGEST_PAUSE_SECONDS)


def _judge(status: int, after_seconds: float | None) -> None:
    if httpx.codes.is_success(status):
        return
    if httpx.codes.is_redirect(status):
        raise Undelivered(f"The target redirects ({status}); redirects are not followed.", again=False)
    if status in _BUSY:
        raise Undelivered(f"The target is busy ({status}).", after_seconds=after_seconds)
    again = httpx.codes.is_server_error(status) or status in _AGAIN
    reason = "The target wants no more notices" if status == _GONE else "The target answered with an error"
    raise Undelivered(f"{reason} ({status}).", again=again)
