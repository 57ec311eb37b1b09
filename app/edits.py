"""A clinician's change of a kept case: judged anew, with the scan's reading that came with the case before."""

from dataclasses import replace

from app.intake.cases import case_of
from app.intake.schemas import TriageRequest
from app.intake.site_network import Sites
from app.store.case_queries import RevisionContent
from app.store.judged_case import JudgedCase
from app.store.records import judgement_of
from app.store.revisions import Judgement, Origin


def edited(before: RevisionContent, case_id: str, received: bytes, request: TriageRequest, sites: Sites) -> Judgement:
    """Judge the changed case.

    Parameters
    ----------
    before
        The revision that is changed; its reading, if it has one, stays beside the case.
    case_id
        Name of the case, which the request may leave out.
    received
        The request as JSON. All parts of the answer are given, whichever it asks for: it is signed.
    request
        The same, checked.
    sites
        Hospitals of the network file.

    Raises
    ------
    CaseError
        The changed case contradicts itself.
    """
    judged = JudgedCase.beside(replace(case_of(request, sites), case_id=case_id), before.reading)
    return judgement_of(
        received,
        judged,
        reading=before.reading,
        scan_sha256=before.summary.scan_sha256,
        origin=Origin.EDIT,
    )
