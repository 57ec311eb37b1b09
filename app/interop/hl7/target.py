"""A receiver of HL7 messages in the deliveries file, checked."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Charset = Literal["UNICODE UTF-8", "8859/1", "ASCII"]
"""Names of HL7 table 0211 for MSH-18."""

PYTHON_ENCODINGS: dict[Charset, str] = {"UNICODE UTF-8": "utf-8", "8859/1": "iso-8859-1", "ASCII": "ascii"}


class Hl7Target(BaseModel):
    """An MLLP listener and the names that it expects in the header."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["hl7"] = "hl7"
    name: str
    events: tuple[str, ...] = Field(min_length=1)
    host: str
    port: int = Field(ge=1, le=65535)
    tls: bool = False
    ca_file: Path | None = None
    """Certificates that are trusted instead of the system's; PEM."""
    client_certificate_file: Path | None = None
    client_key_file: Path | None = None
    sending_application: str = "ASPECTS"
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    processing_id: Literal["P", "T", "D"] = "P"
    """Production, training or debugging (HL7 table 0103)."""
    charset: Charset = "UNICODE UTF-8"
    seconds_limit: float = Field(default=10.0, gt=0, le=120)

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        tls_only = (self.ca_file, self.client_certificate_file, self.client_key_file)
        if not self.tls and any(tls_only):
            raise ValueError("certificates are set, but tls is not")
        if (self.client_certificate_file is None) != (self.client_key_file is None):
            raise ValueError("client_certificate_file and client_key_file belong together")
        return self
