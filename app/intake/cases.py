"""From a checked request to the case that is judged: fills in the clock and looks up the site."""

from datetime import UTC, datetime

from app.intake.schemas import TriageRequest
from app.intake.site_network import NO_SITES, Sites
from scoring.case import Case
from scoring.errors import CaseError
from scoring.network import Destination
from scoring.site import Site


def case_of(request: TriageRequest, sites: Sites = NO_SITES) -> Case:
    """Make the case.

    Parameters
    ----------
    request
        A checked request. Without ``evaluated_at`` the case is judged now, by the clock of this machine.
    sites
        Hospitals of the network file, which requests name by ``site_id``.

    Raises
    ------
    CaseError
        Both ``site`` and ``site_id`` are given, or no such site is known.
    """
    now = request.evaluated_at or datetime.now(UTC)
    site, destinations = _site(request, sites, now)
    return Case(
        case_id=request.case_id,
        evaluated_at=now,
        facts=request.to_facts(),
        findings=request.findings.to_findings() if request.findings else None,
        posterior_findings=request.posterior_findings.to_findings() if request.posterior_findings else None,
        site=site,
        destinations=destinations,
    )


def _site(request: TriageRequest, sites: Sites, now: datetime) -> tuple[Site | None, tuple[Destination, ...]]:
    """The site as it stands now, and where thrombectomy can be had from it as far as the network file tells."""
    if request.site_id is None:
        return request.site.to_site() if request.site else None, ()
    if request.site is not None:
        raise CaseError(("site_id",), "Give site or site_id, not both.")
    if request.site_id not in sites:
        raise CaseError(("site_id",), "The network file of this server has no such site.")
    return sites.at(request.site_id, now)
