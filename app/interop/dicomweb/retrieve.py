"""WADO-RS: fetches a study from an archive, object by object, into the spool."""

import requests
from python_multipart.exceptions import FormParserError

from app.interop.dicom_in.pull_faults import PullFailed
from app.interop.dicom_nodes import Node
from app.interop.dicom_out.store_scu import Ourselves
from app.interop.dicom_out.stow import sign_in
from app.interop.dicomweb.receiving import Desk
from app.interop.dicomweb.related_parts import RelatedParts, parser_of
from app.problems import Problem

_ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_BLOCK_BYTES = 1 << 20


def retrieve_study(node: Node, study_uid: str, ourselves: Ourselves, desk: Desk, most: int) -> None:
    """Stream a study into a desk, as it is stored there (``transfer-syntax=*``).

    Redirects are not followed and proxies of the environment are not used, as in sending.

    Raises
    ------
    PullFailed
        The archive cannot be reached, refuses, or breaks off.
    """
    parts = RelatedParts(desk.open, most)
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(node.tls_ca_file) if node.tls_ca_file else True
        if ourselves.certificate_file is not None:
            session.cert = (str(ourselves.certificate_file), str(ourselves.key_file or ourselves.certificate_file))
        sign_in(session, node)
        try:
            with session.get(
                f"{(node.dicomweb_url or '').rstrip('/')}/studies/{study_uid}",
                headers={"Accept": _ACCEPT},
                timeout=(ourselves.connect_seconds, ourselves.answer_seconds),
                allow_redirects=False,
                stream=True,
            ) as answer:
                _check(answer.status_code)
                parser = parser_of(answer.headers.get("Content-Type"), parts)
                for block in answer.iter_content(_BLOCK_BYTES):
                    parser.write(block)
        except requests.RequestException as error:
            raise PullFailed(f"The archive did not answer to its end ({type(error).__name__}).") from None
        except (Problem, FormParserError):
            raise PullFailed("The archive's answer is no multipart body of DICOM objects.") from None
        finally:
            parts.close()
    if not parts.ended:
        raise PullFailed("The archive's answer breaks off.")


def _check(status: int) -> None:
    if status == requests.codes.not_found:
        raise PullFailed("The archive does not have the study.")
    if status != requests.codes.ok:
        raise PullFailed(f"The archive refuses (HTTP {status}).")
