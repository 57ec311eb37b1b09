"""The process ``aspects dicom-listen``: the storage service and the assembly of studies, within a cap on memory."""

import logging
import os
import signal
import sys
import threading

from app.hospital import Hospital, HospitalUnusable, open_hospital
from app.interop.dicom_in.listener import Listener, lacks_nodes
from app.interop.dicom_in.parts import assembler_of, spool_of
from app.interop.dicom_in.tls import TlsUnusable, tls_context
from app.interop.dicom_nodes import NodesFileError, load_nodes
from app.settings.settings import Settings

log = logging.getLogger(__name__)

_THREAD_STACK_BYTES = 1 << 20
"""A connection has two threads; with the usual 8 MiB each, some tens of them would use up the address space."""


class ListenUnusable(ValueError):
    """The settings make no storage service; the message says why."""


def listen_until_stopped(settings: Settings) -> None:
    """Take associations until a signal says stop; ends the process.

    Raises
    ------
    ListenUnusable
        Nothing is kept here, the settings would let anybody in, or a file or the port cannot be used.
    """
    if settings.data_dir is None:
        raise ListenUnusable("ASPECTS_DATA_DIR is not set: there is no place for what is received.")
    if lacks_nodes(settings):
        raise ListenUnusable(
            "ASPECTS_DICOM_HOST is not the loopback address, and ASPECTS_DICOM_NODES_FILE does not say who may send."
        )
    try:
        nodes, tls = load_nodes(settings.dicom_nodes_file), tls_context(settings)
        hospital = open_hospital(settings)
    except (NodesFileError, TlsUnusable, HospitalUnusable) as error:
        raise ListenUnusable(str(error)) from None
    if hospital is None:
        raise ListenUnusable("ASPECTS_DATA_DIR is not set: there is no place for what is received.")
    threading.stack_size(_THREAD_STACK_BYTES)
    limit_memory(settings.dicom_memory_limit_mib)
    try:
        listener = Listener(settings, spool_of(settings, settings.data_dir), nodes, tls)
    except OSError as error:
        raise ListenUnusable(f"ASPECTS_DICOM_HOST, ASPECTS_DICOM_PORT: {error.strerror or error}.") from None
    _serve(settings, hospital, listener)


def _serve(settings: Settings, hospital: Hospital, listener: Listener) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    assembler = threading.Thread(target=assembler_of(hospital).run, args=(stop,), name="dicom-assembler")
    assembler.start()
    listener.start()
    secured = " with TLS" if settings.dicom_tls_certificate_file else ""
    print(  # noqa: T201 -- the one line that tells where it listens
        f"aspects: taking DICOM associations{secured} as {settings.dicom_ae_title}"
        f" at {settings.dicom_host}:{listener.port}.",
        file=sys.stderr, flush=True,
    )  # fmt: skip
    stop.wait()
    listener.stop()
    assembler.join()
    hospital.writer.close()
    hospital.engine.dispose()
    logging.shutdown()
    os._exit(0)  # threads of connections may still wait for their peers; nothing of theirs is lost


def limit_memory(memory_mib: int) -> None:
    """Cap the address space of this process; processes that it starts may raise their own again."""
    if os.name != "posix":
        return
    import resource  # noqa: PLC0415 -- POSIX only

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = memory_mib * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard < 0 else min(wanted, hard), hard))
