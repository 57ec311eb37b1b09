"""The EHRs that may call: the YAML file of the settings, checked to the letter."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from app.intake.schemas import StrictModel
from app.settings.sources import SettingsFileError


class EhrFileError(SettingsFileError):
    """The file cannot be used; the message names the file and the place."""


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise PydanticCustomError("address", "Write an address such as https://ehr.example.org/fhir.")
    return text.rstrip("/")


def _origin(text: str) -> str:
    address = _web_address(text)
    if urlsplit(address).path:
        raise PydanticCustomError("origin", "An origin has no path: https://ehr.example.org.")
    return address


Address = Annotated[str, AfterValidator(_web_address)]
Origin = Annotated[str, AfterValidator(_origin)]


class Ehr(StrictModel):
    """One EHR: who signs its calls, from which pages they come, and where its data can be fetched."""

    issuer: Annotated[str, Field(min_length=1)]
    jwks_url: Address | None = None
    keys: list[dict[str, Any]] = Field([], description="Public keys (JWK), where they are not fetched from jwks_url.")
    origins: list[Origin] = Field([], description="Web origins whose pages may call.")
    fhir_servers: list[Address] = Field([], description="Where missing data may be fetched.")

    @model_validator(mode="after")
    def _has_keys(self) -> "Ehr":
        if (self.jwks_url is None) == (not self.keys):
            raise PydanticCustomError("keys", "Give either jwks_url or keys.")
        return self


class EhrFile(StrictModel):
    """The whole file."""

    base_url: Address = Field(description="Under which address EHRs call this service: the audience of their tokens.")
    ehrs: list[Ehr] = Field(min_length=1)

    def of_issuer(self, issuer: str) -> Ehr | None:
        """The EHR that signs with this name."""
        return next((ehr for ehr in self.ehrs if ehr.issuer == issuer), None)

    @property
    def origins(self) -> frozenset[str]:
        """The web origins from which browsers may call."""
        return frozenset(origin for ehr in self.ehrs for origin in ehr.origins)


def load_ehrs(path: Path) -> EhrFile:
    """Read the file. Raises EhrFileError."""
    try:
        return EhrFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise EhrFileError(f"{path} cannot be read as YAML: {type(error).__name__}.") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise EhrFileError(f"{path}: {faults}") from error
