"""A webhook of the deliveries file, checked."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _https(text: str) -> str:
    """An address that can be called safely: HTTPS, a host, no user, no fragment."""
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("must start with https:// and name a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("must hold no user, no password and no fragment")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("must have a port between 0 and 65535 or none") from None
    return text


class WebhookTarget(BaseModel):
    """Where notices go."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    kind: Literal["webhook"] = "webhook"
    name: str
    events: tuple[str, ...] = Field(min_length=1)
    url: Annotated[str, AfterValidator(_https)]
    """Where notices are posted; https alone."""
    secret_file: Path
    """File with the shared secret, at least 24 bytes; a line end at its end does not count."""
    allow_private: bool = False
    """Whether the host may be at a private or loopback address."""
    ca_file: Path | None = None
    """Certificates that are trusted instead of the system's; PEM."""
    seconds_limit: float = Field(default=10.0, gt=0, le=60)
    """Time for connection and answer, in seconds."""
    include: tuple[Literal["total", "side", "verdict"], ...] = ()
    """Values that are sent besides id and status, of total, side and verdict; none: nothing about the patient."""
