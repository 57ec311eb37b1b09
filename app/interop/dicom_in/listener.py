"""The storage service (C-STORE and C-ECHO SCP): who may send, and how an object gets from the network to the spool."""

import logging
import threading
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from ssl import SSLContext
from typing import cast

from pynetdicom import _config, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event

from app.interop.dicom_in.contexts import supported_contexts
from app.interop.dicom_in.doorkeeper import Doorkeeper
from app.interop.dicom_in.guarded_server import OWN_PDU_BYTES, GuardedServer, Session, StorageEntity
from app.interop.dicom_in.memory_budget import BoundedBuffer, MemoryBudget
from app.interop.dicom_in.part10 import ObjectMeta, head_of, is_uid
from app.interop.dicom_in.spool import Spool, SpoolFull
from app.interop.dicom_nodes import Nodes
from app.interop.dicom_out.identity import IMPLEMENTATION_NAME, IMPLEMENTATION_UID
from app.settings.settings import Settings

log = logging.getLogger(__name__)

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
NOT_THIS_CLASS = 0xA900
CANNOT_UNDERSTAND = 0xC000
"""Status of a C-STORE answer (PS3.4 B.2.3)."""

_REJECTED_CALLING_AE = (0x01, 0x01, 0x03)
_MEMORY_SHARE = 0.4
"""Of the process's address space, for objects under way; copies and the libraries take the rest."""


@dataclass(frozen=True, slots=True)
class Senders:
    """Who may send: the nodes of the site, or, where it names none, any AE of this machine."""

    nodes: Nodes

    def may_connect(self, address: str) -> bool:
        """Whether any sender may connect from an address."""
        return self.nodes.any_sends_from(address) if self.nodes else _is_loopback(address)

    def name(self, ae_title: str, address: str) -> str | None:
        """The sender's name for records; ``None``: he may not send."""
        if self.nodes:
            return self.nodes.sender(ae_title, address)
        return ae_title.strip() if _is_loopback(address) else None


class Listener:
    """Takes associations until it is stopped."""

    def __init__(self, settings: Settings, spool: Spool, nodes: Nodes, tls: SSLContext | None = None) -> None:
        _silence_the_library()
        self._spool = spool
        self._senders = Senders(nodes)
        entity = StorageEntity(ae_title=settings.dicom_ae_title)
        entity.require_called_aet = True
        entity.implementation_class_uid = IMPLEMENTATION_UID
        entity.implementation_version_name = IMPLEMENTATION_NAME
        entity.maximum_pdu_size = OWN_PDU_BYTES
        entity.associations_limit = settings.dicom_associations_limit
        entity.acse_timeout = settings.dicom_acse_timeout_seconds
        entity.network_timeout = settings.dicom_timeout_seconds
        entity.dimse_timeout = settings.dicom_timeout_seconds
        memory = int(settings.dicom_memory_limit_mib * 2**20 * _MEMORY_SHARE)
        entity.supported_contexts = supported_contexts()
        server = entity.make_server(
            (settings.dicom_host, settings.dicom_port),
            evt_handlers=[
                (evt.EVT_REQUESTED, self._on_request),
                (evt.EVT_ESTABLISHED, self._on_established),
                (evt.EVT_C_STORE, self._on_store),
                (evt.EVT_RELEASED, self._on_end),
                (evt.EVT_ABORTED, self._on_end),
            ],
            server_class=GuardedServer,
            doorkeeper=Doorkeeper(self._senders.may_connect, settings.dicom_acse_timeout_seconds),
            budget=MemoryBudget(min(settings.dicom_object_limit_bytes, memory), memory),
            tls_context=tls,
            when_over=self._end_delivery,
        )
        entity._servers.append(server)  # noqa: SLF001 -- as the library's own start_server does
        self._server = cast("GuardedServer", server)
        self._entity = entity

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.server_address[1])

    def serve(self) -> None:
        """Take associations until `stop` is called from another thread."""
        self._server.serve_forever(poll_interval=0.25)

    def start(self) -> None:
        """Take associations in a thread of its own."""
        threading.Thread(target=self.serve, name="dicom-listen", daemon=True).start()

    def stop(self) -> None:
        """Take no more, and end what is open: what a sender heard "success" for is on the disk."""
        sessions = list(self._server.sessions)
        self._server.shutdown()
        for session in sessions:
            if session.association.is_established:
                session.association.abort()
            else:
                session.association.kill()
            session.connection.close()
            self._end_delivery(session)

    def _on_request(self, event: Event) -> None:
        """Reject a sender whose AE title may not send, or not from its address."""
        asked = event.assoc.requestor.primitive
        if asked is None or self._senders.name(asked.calling_ae_title, _address(event.assoc)) is None:
            log.warning("An association of an AE that may not send was rejected.")
            event.assoc.acse.send_reject(*_REJECTED_CALLING_AE)
            event.assoc.is_rejected = True
            event.assoc.kill()

    def _on_established(self, event: Event) -> None:
        with suppress(StopIteration):
            self._server.doorkeeper.leave(self._server.session_of(event.assoc).watch_key)

    def _on_end(self, event: Event) -> None:
        with suppress(StopIteration):
            self._end_delivery(self._server.session_of(event.assoc))

    def _end_delivery(self, session: Session) -> None:
        delivery, session.delivery = session.delivery, None
        if delivery is not None:
            self._spool.end(delivery)

    def _on_store(self, event: Event) -> int:
        """Put an object into the spool, undecoded; the status is sent once it is on the disk."""
        request = cast("C_STORE", event.request)
        data = request.DataSet
        try:
            return self._store(event, request, data)
        except SpoolFull:
            log.warning("There is no room for received objects; the sender was told so.")
            return OUT_OF_RESOURCES
        except OSError as error:
            log.warning("A received object could not be written (%s).", error.strerror)
            return OUT_OF_RESOURCES
        finally:
            if isinstance(data, BoundedBuffer):
                data.release()

    def _store(self, event: Event, request: C_STORE, data: object) -> int:
        if not isinstance(data, BoundedBuffer):
            return CANNOT_UNDERSTAND
        if data.is_too_large or data.is_over_budget:
            log.warning("An object was refused: %s.", "too large" if data.is_too_large else "too many at once")
            return OUT_OF_RESOURCES
        context = event.context
        meta = ObjectMeta(
            str(context.transfer_syntax), str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID)
        )
        if not is_uid(meta.sop_uid):
            return CANNOT_UNDERSTAND
        if meta.sop_class != context.abstract_syntax:
            return NOT_THIS_CLASS
        session = self._server.session_of(event.assoc)
        title = event.assoc.requestor.ae_title
        if session.delivery is None:
            name = self._senders.name(title, _address(event.assoc)) or "unknown"
            session.delivery = self._spool.begin(name, "c-store")
        with data.getbuffer() as content:
            self._spool.check_room(content.nbytes)
            incoming = self._spool.open(session.delivery)
            incoming.write(head_of(meta, title))
            incoming.write(content)
            incoming.finish()
        return SUCCESS


def lacks_nodes(settings: Settings) -> bool:
    """Whether the settings listen beyond this machine without saying who may send."""
    return not _is_loopback(settings.dicom_host) and settings.dicom_nodes_file is None


def _address(association: Association) -> str:
    info = association.requestor.address_info
    return "" if info is None else info.address


def _is_loopback(address: str) -> bool:
    try:
        found = ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return address == "localhost"
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def _silence_the_library() -> None:
    """Its logs quote identifiers and whole data sets; this module tells what is worth telling."""
    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_REQUEST_IDENTIFIERS = False
    _config.LOG_RESPONSE_IDENTIFIERS = False
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)
