"""One patient at one moment at one site: everything that a judgement may look at."""

from dataclasses import dataclass, field
from datetime import datetime

from scoring.aspects import Findings
from scoring.facts import Facts
from scoring.network import Destination
from scoring.pc_aspects import PosteriorFindings
from scoring.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case to judge. ``evaluated_at`` is 'now' and must carry a zone: scoring never reads a clock."""

    evaluated_at: datetime
    facts: Facts = field(default_factory=Facts)
    findings: Findings | None = None
    posterior_findings: PosteriorFindings | None = None
    site: Site | None = None
    destinations: tuple[Destination, ...] = ()
    """Where thrombectomy can be had from the site, best first; empty when no network is known."""
    case_id: str | None = None
    findings_from_software: bool = False
    """Whether ``findings`` come from this program's reading of the scan and no reader has confirmed them."""
