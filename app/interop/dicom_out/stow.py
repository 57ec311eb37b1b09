"""Sends objects to a node by STOW-RS (PS3.18 10.5)."""

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset
from requests.auth import HTTPBasicAuth

from app.interop.dicom_nodes import Node
from app.interop.dicom_out.faults import NodesUnusable
from app.interop.dicom_out.outcomes import SendFault, Sent, fault_of_status
from app.interop.dicom_out.store_scu import Ourselves

_ONE_PIECE_BYTES = 1 << 31
"""Objects go in one piece: some servers do not take chunked bodies."""
_MOST_SECRET_BYTES = 64 * 1024
_OK, _SOME = 200, 202
_NOT_ALLOWED = {401, 403, 407}
_TOO_LARGE, _NO_ROOM = 413, 507
_BUSY = {408, 425, 429}
_SERVER_FAULT = 500
_NO_ANSWER = (
    (requests.exceptions.SSLError, SendFault.TLS_FAILED),
    (requests.exceptions.ConnectTimeout, SendFault.UNREACHABLE),
    (requests.exceptions.Timeout, SendFault.TIMED_OUT),
    (requests.exceptions.ConnectionError, SendFault.UNREACHABLE),
)
"""The narrower first."""


def stow(documents: Sequence[Dataset], node: Node, ourselves: Ourselves) -> list[Sent]:
    """Send each object in a request of its own, so that one that is refused takes no other with it.

    Redirects are not followed and proxies of the environment are not used: objects with patients' names go to the
    address of the nodes file and nowhere else.

    Returns
    -------
    One outcome for each object, in order.

    Raises
    ------
    NodesUnusable
        The node has no DICOMweb address, or its secret cannot be read or would go unencrypted over the network.
    """
    if node.dicomweb_url is None:
        raise NodesUnusable("The node has no dicomweb_url, so nothing can be stored there by DICOMweb.")
    with _Session(node, ourselves) as session:
        client = DICOMwebClient(
            node.dicomweb_url.rstrip("/"),
            session=session,
            chunk_size=_ONE_PIECE_BYTES,
            timeout=(ourselves.connect_seconds, ourselves.answer_seconds),
        )
        client.set_http_retry_params(retry=False)
        return [_store_one(client, session, document) for document in documents]


class _Session(requests.Session):
    """A session that remembers the status of its last answer and goes nowhere else."""

    def __init__(self, node: Node, ourselves: Ourselves) -> None:
        super().__init__()
        self.trust_env = False
        self.status: int | None = None
        if node.tls_ca_file is not None:
            self.verify = str(node.tls_ca_file)
        if ourselves.certificate_file is not None:
            self.cert = (str(ourselves.certificate_file), str(ourselves.key_file or ourselves.certificate_file))
        sign_in(self, node)
        self.headers["Accept"] = "application/dicom+json"

    def post(self, url: Any, data: Any = None, json: Any = None, **options: Any) -> requests.Response:
        """Post without redirects, and with the Host header that HTTP wants: the client's lacks the port."""
        (options.get("headers") or {}).pop("Host", None)
        self.status = None
        answer = super().post(url, data, json, **{**options, "allow_redirects": False})
        self.status = answer.status_code
        return answer


def _store_one(client: DICOMwebClient, session: _Session, document: Dataset) -> Sent:
    try:
        answer = client.store_instances([document])
    except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
        return Sent.of(document, next(fault for kind, fault in _NO_ANSWER if isinstance(error, kind)))
    except Exception:  # noqa: BLE001 -- whatever the client makes of a refusal or a strange answer; the status tells
        return Sent.of(document, _fault_of_http(session.status), session.status)
    if session.status not in {_OK, _SOME}:  # a redirect, which the client takes for success
        return Sent.of(document, SendFault.REFUSED, session.status)
    failed = answer.get("FailedSOPSequence")
    if failed:
        reason = int(failed[0].get("FailureReason") or 0)
        return Sent.of(document, fault_of_status(reason) or SendFault.REFUSED, reason)
    return Sent.of(document, None, session.status)


def _fault_of_http(status: int | None) -> SendFault:
    if status in _NOT_ALLOWED:
        return SendFault.NOT_ALLOWED
    if status in {_TOO_LARGE, _NO_ROOM}:
        return SendFault.OUT_OF_RESOURCES
    is_busy = status in _BUSY or (status is not None and status >= _SERVER_FAULT)
    return SendFault.BUSY if is_busy else SendFault.REFUSED


def sign_in(session: requests.Session, node: Node) -> None:
    """Set the bearer token or the password."""
    secret_file = node.dicomweb_token_file or node.dicomweb_password_file
    if secret_file is None:
        return
    if not _is_private(node.dicomweb_url or ""):
        raise NodesUnusable("The node's secret would go over the network in the clear; use https in dicomweb_url.")
    secret = _secret(secret_file)
    if node.dicomweb_token_file is not None:
        session.headers["Authorization"] = f"Bearer {secret}"
    else:
        session.auth = HTTPBasicAuth((node.dicomweb_user or "").encode(), secret.encode())


def _is_private(url: str) -> bool:
    """Whether nobody else can read what is sent: HTTPS, or this very machine."""
    parts = urlsplit(url)
    try:
        is_here = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        is_here = parts.hostname == "localhost"
    return parts.scheme == "https" or is_here


def _secret(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            secret = stream.read(_MOST_SECRET_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise NodesUnusable(f"{file}: {reason}.") from None
    if not secret or not secret.isprintable():
        raise NodesUnusable(f"{file}: a secret is one line of text.")
    return secret
