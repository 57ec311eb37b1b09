"""Sends objects to a node by C-STORE."""

import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, build_context, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from app.interop.dicom_nodes import Node
from app.interop.dicom_out.faults import NodesUnusable
from app.interop.dicom_out.outcomes import SendFault, Sent, fault_of_status

_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Ourselves:
    """How this service shows itself to others."""

    ae_title: str
    certificate_file: Path | None = None
    """With its key: shown to nodes that ask for one (mutual TLS)."""
    key_file: Path | None = None
    connect_seconds: float = _CONNECT_SECONDS
    answer_seconds: float = _ANSWER_SECONDS
    """For each answer of the node, and for silence."""


def store(documents: Sequence[Dataset], node: Node, ourselves: Ourselves) -> list[Sent]:
    """Send each object over one association.

    Presentation contexts are those of the objects, each in its own transfer syntax and, uncompressed, in implicit VR
    too: nodes that were asked for all storage classes at once tend to leave out the newer ones.

    Returns
    -------
    One outcome for each object, in order; a node that cannot be reached is the outcome of all.

    Raises
    ------
    NodesUnusable
        The node has no host and port, or a TLS file cannot be used.
    """
    if node.host is None or node.port is None:
        raise NodesUnusable("The node has no host and port, so nothing can be stored there by DICOM.")
    if not documents:
        return []
    entity = AE(ae_title=ourselves.ae_title)
    entity.connection_timeout = entity.acse_timeout = ourselves.connect_seconds
    entity.dimse_timeout = entity.network_timeout = ourselves.answer_seconds
    tls = tls_context(node, ourselves) if node.tls else None
    if not _is_listening(node.host, node.port, ourselves.connect_seconds):
        return [Sent.of(document, SendFault.UNREACHABLE) for document in documents]
    was_opened = threading.Event()
    begun = time.monotonic()
    association = entity.associate(
        node.host,
        node.port,
        contexts=_contexts(documents),
        ae_title=node.ae_title,
        tls_args=(tls, node.host) if tls else None,
        evt_handlers=[(evt.EVT_CONN_OPEN, lambda _: was_opened.set())],
    )
    if not association.is_established:
        is_late = time.monotonic() - begun >= ourselves.connect_seconds
        if tls is not None:
            tls.close()
        fault = _why_not(association, was_opened=was_opened.is_set(), is_late=is_late)
        return [Sent.of(document, fault) for document in documents]
    try:
        return [_store_one(association, document) for document in documents]
    finally:
        if association.is_established:
            association.release()


def _contexts(documents: Sequence[Dataset]) -> list[PresentationContext]:
    syntaxes: dict[str, set[str]] = {}
    for document in documents:
        own = document.file_meta.TransferSyntaxUID
        plain = {ImplicitVRLittleEndian} if own == ExplicitVRLittleEndian else set()
        syntaxes.setdefault(document.SOPClassUID, set()).update({own} | plain)
    return [build_context(kind, sorted(used, reverse=True)) for kind, used in syntaxes.items()]


def _store_one(association: Association, document: Dataset) -> Sent:
    if not association.is_established:
        return Sent.of(document, SendFault.BROKEN_OFF)
    if document.SOPClassUID not in {context.abstract_syntax for context in association.accepted_contexts}:
        return Sent.of(document, SendFault.KIND_NOT_TAKEN)
    try:
        status = association.send_c_store(document).get("Status")
    except RuntimeError:  # the association ended meanwhile
        return Sent.of(document, SendFault.BROKEN_OFF)
    if status is None:  # no answer in time, after which pynetdicom aborts, or the connection went
        return Sent.of(document, SendFault.TIMED_OUT)
    return Sent.of(document, fault_of_status(int(status)), int(status))


def _why_not(association: Association, *, was_opened: bool, is_late: bool) -> SendFault:
    """Why there is no association with a node that listens."""
    if association.is_rejected:
        return SendFault.REJECTED
    if association.rejected_contexts:
        return SendFault.KIND_NOT_TAKEN
    if not was_opened:
        return SendFault.TLS_FAILED
    return SendFault.TIMED_OUT if is_late else SendFault.BROKEN_OFF


def _is_listening(host: str, port: int, seconds: float) -> bool:
    """Whether the node takes connections; asked first, because pynetdicom tells refusal from failed TLS by log only."""
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return True
    except OSError:
        return False


class _ClosingContext(ssl.SSLContext):
    """A client's context that can close the sockets whose handshake failed, which pynetdicom leaves open."""

    made: ssl.SSLSocket | None = None

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        """As of `ssl.SSLContext`."""
        self.made = super().wrap_socket(*args, **options)
        return self.made

    def close(self) -> None:
        """Close what was made last."""
        if self.made is not None:
            self.made.close()


def tls_context(node: Node, ourselves: Ourselves) -> _ClosingContext:
    """TLS 1.2 or later; the node's certificate must be trusted and name its host."""
    try:
        context = _ClosingContext(ssl.PROTOCOL_TLS_CLIENT)
        if node.tls_ca_file is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(node.tls_ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if ourselves.certificate_file is not None:
            context.load_cert_chain(ourselves.certificate_file, ourselves.key_file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not usable"
        raise NodesUnusable(f"The TLS files of the node or of this service cannot be used: {reason}.") from None
    return context
