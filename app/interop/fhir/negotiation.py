"""Which content types FHIR callers may send and ask for: JSON of FHIR R4, and nothing else."""

from collections.abc import Iterator

from fastapi import Request

from app.interop.fhir.outcomes import MEDIA_TYPE
from app.problems import Problem

_JSON_TYPES = frozenset({MEDIA_TYPE, "application/json", "text/json"})
_RANGES = _JSON_TYPES | {"*/*", "application/*"}
_FORMATS = _JSON_TYPES | {"json"}
_VERSIONS = frozenset({"4.0", "4.0.1"})


def require_fhir_json(request: Request) -> None:
    """Raise the 415 `Problem` unless the body is said to be FHIR JSON of R4 in UTF-8."""
    media_type, parameters = _parsed(request.headers.get("content-type", ""))
    if media_type not in {MEDIA_TYPE, "application/json"}:
        raise Problem(415, f"Send the body as {MEDIA_TYPE}.")
    if parameters.get("charset", "utf-8") not in {"utf-8", "utf8"}:
        raise Problem(415, "Send the body in UTF-8.")
    if parameters.get("fhirversion", "4.0") not in _VERSIONS:
        raise Problem(415, "Send FHIR R4 (4.0).")


async def acceptable(request: Request) -> None:
    """A dependency of routes: the 406 `Problem` unless the caller takes FHIR JSON of R4."""
    wanted = request.query_params.get("_format")
    if wanted is not None:
        # A plus that was not escaped in an address arrives as a space.
        if _parsed(wanted.replace(" ", "+"))[0] not in _FORMATS:
            raise Problem(406, f"Only {MEDIA_TYPE} can be had here.")
        return
    accept = request.headers.get("accept")
    if accept and not any(_suits(*entry) for entry in _entries(accept)):
        raise Problem(406, f"Only {MEDIA_TYPE} can be had here.")


def _entries(accept: str) -> Iterator[tuple[str, dict[str, str]]]:
    return (_parsed(entry) for entry in accept.split(","))


def _suits(media_type: str, parameters: dict[str, str]) -> bool:
    refused = parameters.get("q", "1").rstrip("0") in {"", "0.", "0"}
    return media_type in _RANGES and not refused and parameters.get("fhirversion", "4.0") in _VERSIONS


def _parsed(text: str) -> tuple[str, dict[str, str]]:
    media_type, *parameters = (part.strip().lower() for part in text.split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    return media_type, {name.strip(): value.strip(' "') for name, _, value in pairs}
