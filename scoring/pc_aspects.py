"""The posterior circulation score, pc-ASPECTS (Puetz 2008): ten points, the midbrain and the pons count two each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scoring.regions import PosteriorRegion, Status

POINTS = {region: 2 if region in {PosteriorRegion.MIDBRAIN, PosteriorRegion.PONS} else 1 for region in PosteriorRegion}
"""Points that an affected part takes off; ten in all."""


@dataclass(frozen=True, slots=True)
class PosteriorFindings:
    """What a reader saw in the eight parts; a part that is left out was not looked at."""

    regions: Mapping[PosteriorRegion, Status] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PcAspectsScore:
    """pc-ASPECTS with the bounds that parts which could not be judged leave open."""

    total: int | None
    """``None`` when a part was not looked at."""
    low: int
    high: int
    regions: Mapping[PosteriorRegion, Status]


def score_pc_aspects(findings: PosteriorFindings) -> PcAspectsScore:
    """Score the posterior circulation.

    >>> seen = dict.fromkeys(PosteriorRegion, Status.UNAFFECTED) | {PosteriorRegion.PONS: Status.AFFECTED}
    >>> score_pc_aspects(PosteriorFindings(seen)).total
    8
    """
    affected = sum(POINTS[part] for part, status in findings.regions.items() if status is Status.AFFECTED)
    clear = sum(POINTS[part] for part, status in findings.regions.items() if status is Status.UNAFFECTED)
    full = sum(POINTS.values())
    looked_at_all = len(findings.regions) == len(PosteriorRegion)
    return PcAspectsScore(
        total=full - affected if looked_at_all else None,
        low=clear,
        high=full - affected,
        regions={part: findings.regions[part] for part in PosteriorRegion if part in findings.regions},
    )
