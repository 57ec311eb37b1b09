"""A FHIR resource as an HTTP answer."""

from fastapi import Response
from pydantic_core import to_json

from app.interop.fhir.outcomes import MEDIA_TYPE
from app.interop.fhir.systems import Json


def fhir_response(resource: Json) -> Response:
    """The resource as JSON."""
    return Response(to_json(resource), media_type=MEDIA_TYPE)
