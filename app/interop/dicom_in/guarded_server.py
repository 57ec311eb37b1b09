"""pynetdicom's server with bounds that it lacks: on PDUs, messages, silent connections and TLS handshakes.

Each class changes one thing of its parent; what is changed is told beside it.
"""

import logging
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from queue import Empty
from ssl import SSLContext
from typing import TYPE_CHECKING, Any, cast

from pynetdicom import AE
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from app.interop.dicom_in.doorkeeper import Doorkeeper
from app.interop.dicom_in.memory_budget import BoundedBuffer, MemoryBudget
from app.interop.dicom_in.spool import Delivery

if TYPE_CHECKING:
    from pynetdicom.association import Association
    from pynetdicom.pdu_primitives import P_DATA

log = logging.getLogger(__name__)

MOST_PDU_BYTES = 1 << 20
"""Longest PDU that is read; requests for an association of 128 contexts stay below 200 kB."""
OWN_PDU_BYTES = 128 * 1024
"""Longest PDU that peers are asked to send."""
_MOST_COMMAND_BYTES = 64 * 1024
"""Longest command set; real ones have some hundred bytes."""
_MOST_WAITING_MESSAGES = 16
_MOST_SESSIONS = 400
"""Connections that are open or just ending; each has two threads."""
_KEYS = count(1)
"""Numbers of connections; identities of objects are used again."""
_CHUNK_BYTES = 64 * 1024


class StorageEntity(AE):
    """Counts established associations against the limit, not connections that say nothing."""

    associations_limit = 10

    @property
    def maximum_associations(self) -> int:
        """The library compares this with all connections, the asking one included."""
        silent = sum(not association.is_established for association in self.active_associations)
        return self.associations_limit + max(0, silent - 1)

    @maximum_associations.setter
    def maximum_associations(self, value: int) -> None:
        self.associations_limit = value


class GuardedSocket(AssociationSocket):
    """Reads no PDU beyond `MOST_PDU_BYTES`, and waits for none of them longer than the association's timeout.

    The parent allocates whatever a PDU's header claims, up to 4 GiB, and blocks for ever on one that never ends.
    """

    def recv(self, nr_bytes: int) -> bytearray:
        """Read so many bytes. Raises OSError, which ends the association, for too many or too slow ones."""
        if nr_bytes > MOST_PDU_BYTES:
            raise OSError("A PDU claims more bytes than are read.")
        connection = self.socket
        if connection is None:
            raise OSError("The connection is closed.")
        established = self.assoc.is_established
        limit = (self.assoc.network_timeout if established else self.assoc.acse_timeout) or 0.0
        deadline = time.monotonic() + limit
        taken = bytearray()
        while len(taken) < nr_bytes:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
            data = connection.recv(min(nr_bytes - len(taken), _CHUNK_BYTES))
            if not data:
                break
            taken += data
        connection.settimeout(limit)  # for what is sent: a peer that reads nothing must not hold a thread for ever
        return taken

    def _shutdown_socket(self) -> None:
        """Close the socket even where the other side has ended it already; the parent then leaves it open."""
        connection = self.socket
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


class GuardedMessages(DIMSEServiceProvider):
    """Collects a message within the memory that all associations share; the parent takes all that comes."""

    budget: MemoryBudget

    def receive_primitive(self, primitive: "P_DATA") -> None:
        if self.message is None:
            self.message = DIMSEMessage()
            self.message.data_set = BoundedBuffer(self.budget)
            self.message.encoded_command_set = BytesIO()
        self._wait_for_room()
        command_bytes = self.message.encoded_command_set.tell()
        if command_bytes > _MOST_COMMAND_BYTES or not _within_contexts(primitive, self.assoc):
            self.dul.event_queue.put("Evt19")  # the library's own way to end an association on nonsense
            return
        try:
            super().receive_primitive(primitive)
        except Exception as error:  # noqa: BLE001 -- parser of foreign bytes; uncaught it would kill the thread unseen
            log.warning("An association sent a message that cannot be read (%s).", type(error).__name__)
            self.dul.event_queue.put("Evt19")

    def _wait_for_room(self) -> None:
        """Read no further while many messages wait: a peer that heeds no answers is slowed down, not stored up."""
        deadline = time.monotonic() + (self.assoc.network_timeout or 0.0)
        while self.msg_queue.qsize() > _MOST_WAITING_MESSAGES and time.monotonic() < deadline:
            time.sleep(0.01)


def _within_contexts(primitive: "P_DATA", association: "Association") -> bool:
    accepted = {context.context_id for context in association.accepted_contexts}
    return all(context in accepted and data for context, data in primitive.presentation_data_value_list)


class GuardedHandler(RequestHandler):
    """Makes the TLS handshake in the connection's own thread, within its time, and hands out guarded parts."""

    server: "GuardedServer"

    def setup(self) -> None:
        """Watch the connection, then make the handshake. Raises OSError where it fails."""
        connection = cast("socket.socket", self.request)
        self._key = next(_KEYS)
        self.server.doorkeeper.watch(self._key, connection)
        connection.settimeout(self.server.ae.acse_timeout)
        context = self.server.tls_context
        if context is None:
            return
        try:
            wrapped = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            self.server.doorkeeper.watch(self._key, wrapped)
            wrapped.do_handshake()
        except OSError:
            self.server.doorkeeper.leave(self._key)
            raise
        self.request = wrapped

    def _create_association(self) -> "Association":
        association = super()._create_association()
        # The parent's socket announced the connection; the one that replaces it does so again.
        with suppress(Empty):
            association.dul.event_queue.get_nowait()
        association.dul.socket = GuardedSocket(association, client_socket=self.request)
        messages = GuardedMessages(association)
        messages.budget = self.server.budget
        association.dimse = messages
        self.server.sessions.append(Session(association, self._key, self.request))
        # One that is ended while it waits must not hold its threads until its time is over.
        self.server.doorkeeper.watch(self._key, self.request, lambda: association.dul.to_user_queue.put(None))
        return association


@dataclass(eq=False, slots=True)
class Session:
    """A connection from its association's making to its end."""

    association: "Association"
    watch_key: int
    """Under which the doorkeeper knows it."""
    connection: socket.socket
    delivery: Delivery | None = None
    """``None`` until the first object comes."""


class GuardedServer(ThreadedAssociationServer):
    """Lets in whom the doorkeeper admits."""

    request_queue_size = 64
    daemon_threads = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """As the parent, plus ``doorkeeper``, ``budget``, ``tls_context`` and ``when_over``, called once a session."""
        self.doorkeeper: Doorkeeper = options.pop("doorkeeper")
        self.budget: MemoryBudget = options.pop("budget")
        self.tls_context: SSLContext | None = options.pop("tls_context", None)
        self.when_over: Callable[[Session], None] = options.pop("when_over")
        self.sessions: list[Session] = []
        # The parent would make TLS handshakes in the accepting thread, where one silent peer stops everybody.
        options["request_handler"] = GuardedHandler
        super().__init__(*arguments, **options)

    def verify_request(self, _request: Any, client_address: Any) -> bool:
        """Whether the connection's address may connect at all."""
        if not self.doorkeeper.admits(str(client_address[0])):
            log.warning("A connection from an address that may not send was closed.")
            return False
        return len(self.sessions) < _MOST_SESSIONS

    def service_actions(self) -> None:
        """Between connections, twice a second."""
        super().service_actions()
        self.doorkeeper.sweep()
        # Associations end in many ways, not all of which the library announces: a thread that is gone is over.
        for session in [one for one in self.sessions if one.association.ident and not one.association.is_alive()]:
            self.sessions.remove(session)
            self.doorkeeper.leave(session.watch_key)
            session.connection.close()
            self.when_over(session)

    def session_of(self, association: "Association") -> Session:
        """The session of an association that is under way. Raises StopIteration."""
        return next(session for session in self.sessions if session.association is association)

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """One line instead of the parent's traceback."""
        log.info("A connection ended before it became an association.")
