"""A receiver of HL7 messages in the deliveries file, checked."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Charset = Literal["UNICODE UTF-8", "8859/1", "ASCII"]
"""Names of HL7 table 0211 for MSH-18."""

PYTHON_ENCODINGS: dict[Charset, str] = {"UNICODE UTF-8": "utf-8", "8859/1": "iso-8859-1", "ASCII": "ascii"}


class Hl7Target(BaseModel):
    """An MLLP listener and the names that it expects in the header."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    kind: Literal["hl7"] = "hl7"
    name: str
    events: tuple[str, ...] = Field(min_length=1)
    host: str
    """Name or address of the MLLP listener."""
    port: int = Field(ge=1, le=65535)
    """Its port."""
    tls: bool = False
    """Whether the connection uses TLS; the listener's certificate must be trusted and name its host."""
    ca_file: Path | None = None
    """Certificates that are trusted instead of the system's; PEM."""
    client_certificate_file: Path | None = None
    """Certificate that is shown to a listener which asks for one; PEM."""
    client_key_file: Path | None = None
    """The key of that; PEM."""
    sending_application: str = "ASPECTS"
    """MSH-3."""
    sending_facility: str = ""
    """MSH-4."""
    receiving_application: str = ""
    """MSH-5."""
    receiving_facility: str = ""
    """MSH-6."""
    processing_id: Literal["P", "T", "D"] = "P"
    """MSH-11: P production, T training, D debugging."""
    charset: Charset = "UNICODE UTF-8"
    """MSH-18 and how the message is written: UNICODE UTF-8, 8859/1 or ASCII."""
    seconds_limit: float = Field(default=10.0, gt=0, le=120)
    """Time for connection, message and acknowledgement, in seconds."""

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        tls_only = (self.ca_file, self.client_certificate_file, self.client_key_file)
        if not self.tls and any(tls_only):
            raise ValueError("certificates are set, but tls is not")
        if (self.client_certificate_file is None) != (self.client_key_file is None):
            raise ValueError("client_certificate_file and client_key_file belong together")
        return self
