"""Fetches a study from an archive of the nodes file: by WADO-RS where it has DICOMweb, else by C-GET."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.interop.dicom_in.parts import spool_of
from app.interop.dicom_in.pull_faults import NodeUnusable, PullFailed
from app.interop.dicom_nodes import Node
from app.interop.dicom_out.faults import NodesUnusable
from app.settings.settings import Settings

Way = Literal["wado-rs", "c-get"]


@dataclass(frozen=True, slots=True)
class Pulled:
    """What came of a fetch."""

    stored: int
    """Objects that are on the disk now."""
    failed: int
    """Objects that came and were not usable."""
    way: Way


def way_of(node: Node) -> Way:
    """How studies are fetched from a node. Raises NodeUnusable."""
    if node.dicomweb_url is not None:
        return "wado-rs"
    if node.host is None or node.port is None:
        raise NodeUnusable("The node has neither a dicomweb_url nor a host and port.")
    return "c-get"


def pull_study(
    settings: Settings, data_dir: Path, name: str, node: Node, study_uid: str, way: Way | None = None
) -> Pulled:
    """Fetch a study into the spool; the assembly of studies does the rest.

    Raises
    ------
    NodeUnusable
        The nodes file does not say how, or names a file that cannot be used.
    PullFailed
        The archive did not give it. What came until then stays.
    """
    from app.interop.dicom_out.store_scu import Ourselves  # noqa: PLC0415 -- needs the extra 'dicom'

    way = way or way_of(node)
    us = Ourselves(settings.dicom_ae_title, settings.dicom_tls_certificate_file, settings.dicom_tls_key_file)
    spool = spool_of(settings, data_dir)
    try:
        with spool.delivery(name, way) as delivery:
            if way == "c-get":
                from app.interop.dicom_in.c_get import get_study  # noqa: PLC0415 -- as above

                limit = settings.dicom_object_limit_bytes
                pulled = Pulled(get_study(node, study_uid, us, spool, delivery, limit), 0, way)
            else:
                from app.interop.dicomweb.receiving import Desk  # noqa: PLC0415 -- as above
                from app.interop.dicomweb.retrieve import retrieve_study  # noqa: PLC0415
                from app.interop.dicomweb.store_answer import StoreAnswer  # noqa: PLC0415

                answer = StoreAnswer()
                desk = Desk(spool, delivery, answer, study_uid, settings.dicom_object_limit_bytes)
                retrieve_study(node, study_uid, us, desk, settings.upload_files_limit)
                pulled = Pulled(len(answer.stored), len(answer.failed) + len(answer.unnamed), way)
    except NodesUnusable as error:
        raise NodeUnusable(str(error)) from None
    if not pulled.stored:
        raise PullFailed("The archive gave no object that can be used.")
    return pulled
