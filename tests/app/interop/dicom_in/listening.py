"""A storage service of the test's own, and ways to speak to it, well and badly."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.sop_class import Verification

from app.interop.dicom_in.listener import Listener
from app.interop.dicom_in.spool import Spool
from app.interop.dicom_nodes import NO_NODES, Nodes
from app.settings.settings import Settings


@dataclass
class Service:
    """A listener and where its objects go."""

    listener: Listener
    spool: Spool
    folder: Path
    opened: list[socket.socket] = field(default_factory=list)
    associations: list[Association] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.listener.port

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.opened.append(connection)
        return connection

    def associate(self, called: str = "ASPECTS", calling: str = "SCANNER") -> Association:
        """An association for CT and verification; look at ``is_established``."""
        entity = AE(ae_title=calling)
        entity.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
        entity.add_requested_context(Verification)
        association = entity.associate("127.0.0.1", self.port, ae_title=called)
        self.associations.append(association)
        return association

    def close(self) -> None:
        """End whatever a test left open."""
        for association in self.associations:
            if association.is_established:
                association.abort()
        for connection in self.opened:
            connection.close()

    def answers(self) -> bool:
        """Whether a new association gets an echo."""
        association = self.associate()
        if not association.is_established:
            return False
        status = association.send_c_echo()
        association.release()
        return status.Status == 0


@contextmanager
def listening(folder: Path, nodes: Nodes = NO_NODES, **settings: object) -> Iterator[Service]:
    """A service on a free port; ends with the block."""
    spool = Spool(folder)
    listener = Listener(Settings(dicom_port=0, **settings), spool, nodes)  # type: ignore[arg-type]
    listener.start()
    service = Service(listener, spool, folder)
    try:
        yield service
    finally:
        service.close()
        listener.stop()


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether something becomes true; how long it takes says nothing, a busy machine may be slow."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has ended a connection on which it has nothing to say."""
    connection.settimeout(0.01)
    try:
        return connection.recv(1 << 16) == b""
    except TimeoutError:
        return False
    except OSError:
        return True
