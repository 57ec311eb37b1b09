"""Signs notices as Standard Webhooks does: HMAC-SHA256 over delivery id, time and body; and checks such signatures."""

import base64
import hashlib
import hmac
import time

LONGEST_AGE_SECONDS = 300
"""A receiver should refuse what is older: it may be a recording."""

_PREFIX = "v1,"


class SignatureWrong(Exception):
    """The signature does not fit the message, or the message is too old."""


def sign(secret: bytes, delivery_id: str, timestamp: int, body: bytes) -> str:
    """The value of the header ``webhook-signature``.

    Parameters
    ----------
    secret
        At least 24 bytes, shared with the receiver.
    timestamp
        Seconds since 1970-01-01 UTC at which this attempt was made.
    """
    digest = hmac.new(secret, _signed(delivery_id, timestamp, body), hashlib.sha256).digest()
    return _PREFIX + base64.b64encode(digest).decode()


def verify(
    secret: bytes, delivery_id: str, timestamp: str, body: bytes, signatures: str, now_s: float | None = None
) -> None:
    """Check a notice, as its receiver would.

    ``signatures`` is the whole header: several, with spaces between, while a secret is being changed.

    Raises
    ------
    SignatureWrong
        None of the signatures fits, or the time is further away than `LONGEST_AGE_SECONDS`.
    """
    try:
        stated_s = int(timestamp)
    except ValueError:
        raise SignatureWrong from None
    if abs((time.time() if now_s is None else now_s) - stated_s) > LONGEST_AGE_SECONDS:
        raise SignatureWrong
    expected = sign(secret, delivery_id, stated_s, body).encode()
    if not any(hmac.compare_digest(expected, given.encode()) for given in signatures.split(" ")):
        raise SignatureWrong


def _signed(delivery_id: str, timestamp: int, body: bytes) -> bytes:
    return b"%b.%d.%b" % (delivery_id.encode(), timestamp, body)
