"""C-GET: asks an archive for a study and takes its CT objects over the same association (PS3.4 C.4.3)."""

from io import BytesIO
from typing import cast

from pydicom.dataset import Dataset
from pydicom.uid import UID, CTImageStorage
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import (  # type: ignore[attr-defined]  # made at run time
    StudyRootQueryRetrieveInformationModelGet,
    Verification,
)

from app.interop.dicom_in.contexts import decodable_syntaxes, supported_contexts
from app.interop.dicom_in.part10 import ObjectMeta, head_of, is_uid
from app.interop.dicom_in.pull_faults import PullFailed
from app.interop.dicom_in.spool import Delivery, Spool, SpoolFull
from app.interop.dicom_nodes import Node
from app.interop.dicom_out.store_scu import Ourselves, tls_context
from imaging.dicom_series import CT_CLASSES

_SUCCESS, _OUT_OF_RESOURCES, _CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xC000
_SOME_FAILED = 0xB000
_PENDING = {0xFF00, 0xFF01}
_MOST_CONTEXTS = 128
"""Presentation contexts of one association (PS3.8 9.3.2.2)."""


def get_study(
    node: Node, study_uid: str, ourselves: Ourselves, spool: Spool, delivery: Delivery, object_limit_bytes: int
) -> int:
    """Fetch a study into the spool; returns how many objects came.

    Other classes than CT are asked for as well, to be put aside: some archives give up at the first object for which
    there is no presentation context.

    Raises
    ------
    PullFailed
        The archive cannot be reached, refuses, or has none of it.
    """
    stored = 0

    def on_store(event: Event) -> int:
        nonlocal stored
        status = _store(event, spool, delivery, object_limit_bytes)
        stored += status == _SUCCESS
        return status

    entity = AE(ae_title=ourselves.ae_title)
    entity.connection_timeout = entity.acse_timeout = ourselves.connect_seconds
    entity.dimse_timeout = entity.network_timeout = ourselves.answer_seconds
    contexts = _contexts()
    tls = tls_context(node, ourselves) if node.tls else None
    association = entity.associate(
        node.host or "",
        node.port or 0,
        ae_title=node.ae_title,
        contexts=[build_context(StudyRootQueryRetrieveInformationModelGet), *contexts],
        ext_neg=[build_role(sop_class, scp_role=True) for sop_class in _classes(contexts)],
        evt_handlers=[(evt.EVT_C_STORE, on_store)],
        tls_args=(tls, node.host or "") if tls else None,
    )
    if not association.is_established:
        raise PullFailed("The archive cannot be reached by DICOM, or refuses the association.")
    try:
        final = _SUCCESS
        for status, _ in association.send_c_get(_identifier(study_uid), StudyRootQueryRetrieveInformationModelGet):
            final = int(status.get("Status", _CANNOT_UNDERSTAND))
            if final not in _PENDING | {_SUCCESS, _SOME_FAILED}:
                raise PullFailed(f"The archive ended the retrieval with status 0x{final:04X}.")
    except ValueError:  # no context for C-GET was accepted
        raise PullFailed("The archive does not offer C-GET.") from None
    finally:
        if association.is_established:
            association.release()
    if final in _PENDING:
        raise PullFailed("The archive did not answer to its end.")
    return stored


def _contexts() -> list[PresentationContext]:
    """CT images in each syntax by itself, so that they come as they are stored; then the other classes."""
    offered = [context for context in supported_contexts() if context.abstract_syntax != Verification]
    plain = [build_context(CTImageStorage, [syntax]) for syntax in decodable_syntaxes()]
    others = [context for context in offered if context.abstract_syntax != CTImageStorage]
    others.sort(key=lambda context: context.abstract_syntax not in CT_CLASSES)
    return [*plain, *others][: _MOST_CONTEXTS - 1]


def _classes(contexts: list[PresentationContext]) -> list[UID]:
    return sorted({context.abstract_syntax for context in contexts if context.abstract_syntax is not None})


def _identifier(study_uid: str) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.StudyInstanceUID = study_uid
    return identifier


def _store(event: Event, spool: Spool, delivery: Delivery, object_limit_bytes: int) -> int:
    request = cast("C_STORE", event.request)
    meta = ObjectMeta(
        str(event.context.transfer_syntax), str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID)
    )
    content = request.DataSet
    if not isinstance(content, BytesIO) or not is_uid(meta.sop_uid) or not is_uid(meta.sop_class):
        return _CANNOT_UNDERSTAND
    with content.getbuffer() as data:
        if data.nbytes > object_limit_bytes:
            return _OUT_OF_RESOURCES
        try:
            incoming = spool.open(delivery)
            incoming.write(head_of(meta, event.assoc.acceptor.ae_title))
            incoming.write(data)
            incoming.finish()
        except SpoolFull:
            return _OUT_OF_RESOURCES
    return _SUCCESS
