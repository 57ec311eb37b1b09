"""Fetches what an EHR did not send along: from its own server only, with its token only, and not for long."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import httpx

from app.interop.cds_hooks.discovery import PREFETCH
from app.interop.cds_hooks.ehr_file import Ehr
from app.interop.cds_hooks.requests import HookCall
from app.problems import Problem

_SECONDS = 4.0
_ALL_SECONDS = 6.0
_MOST_BYTES = 4 * 1024 * 1024
_SAFE_IN_QUERY = "=&,:/?.-_{}"


async def fetch(call: HookCall, ehr: Ehr, keys: set[str]) -> dict[str, Any]:
    """Fetch the answers to some of the prefetch queries.

    Raises
    ------
    Problem
        412: the call names no server, another one than the EHR's own, or a server that does not answer as it should.
    """
    address = (call.fhir_server or "").rstrip("/")
    if address not in ehr.fhir_servers:
        raise Problem(412, f"These prefetch keys are needed: {', '.join(sorted(keys))}.")
    headers = {"accept": "application/fhir+json"}
    if call.fhir_authorization is not None:
        headers["authorization"] = f"Bearer {call.fhir_authorization.access_token}"
    try:
        async with (
            asyncio.timeout(_ALL_SECONDS),
            httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False, headers=headers) as client,
        ):
            wanted = sorted(keys)
            found = await asyncio.gather(*(_get(client, f"{address}/{query(key, call)}") for key in wanted))
            return dict(zip(wanted, found, strict=True))
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, RecursionError):
        raise Problem(412, "The EHR's FHIR server did not give the data that are needed.") from None


def query(key: str, call: HookCall) -> str:
    """The query of a prefetch key for the patient of a call, as part of an address."""
    path, _, parameters = PREFETCH[key].partition("?")
    filled = f"{path}?{quote(parameters, safe=_SAFE_IN_QUERY)}" if parameters else path
    return filled.replace("{{context.patientId}}", quote(call.context.patient_id, safe=""))


async def _get(client: httpx.AsyncClient, address: str) -> Any:
    async with client.stream("GET", address) as response:
        response.raise_for_status()
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _MOST_BYTES:
                raise ValueError("too large")
    return json.loads(bytes(body))
