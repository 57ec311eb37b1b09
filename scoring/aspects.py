"""Region findings to ASPECTS: ten points, one off for each region with early ischaemic change (Barber 2000)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from scoring.regions import Region, Side, Status

REGIONS = tuple(Region)
FULL_SCORE = len(REGIONS)
"""Ten regions, ten points: the definition of the score, not a threshold."""

_TREATMENT_BANDS = ((6, "6-10"), (3, "3-5"), (0, "0-2"))
"""Bands by which the 2026 guideline chooses its clauses: small, large and very large core."""

_PROGNOSTIC_BANDS = ((8, "8-10"), (6, "6-7"), (3, "3-5"), (0, "0-2"))
"""As above, with the split of Barber 2000 between 7 and 8."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a reader saw in the ten regions of one hemisphere."""

    side: Side | None = None
    """The patient's side that was scored; ``None``: not stated."""
    regions: Mapping[Region, Status] = field(default_factory=dict)
    """A region that is left out was not looked at, which is not the same as unaffected."""
    old_infarct: frozenset[Region] = frozenset()
    """Regions with an old infarct: recorded, not scored."""
    swelling_only: frozenset[Region] = frozenset()
    """Regions that are swollen but not dark. Barber 2000 counted them; later practice does not, and nor do we."""


@dataclass(frozen=True, slots=True)
class AspectsScore:
    """ASPECTS with the bounds that regions which could not be judged leave open."""

    total: int | None
    """Ten minus the affected regions, when every region was looked at; ``None`` when one was not."""
    low: int
    """The score if every region that could not be judged were affected."""
    high: int
    """The score if none of them were."""
    side: Side | None
    regions: Mapping[Region, Status]
    warnings: tuple[str, ...]

    @property
    def band(self) -> str | None:
        """Treatment band, ``"6-10"``, ``"3-5"`` or ``"0-2"``; ``None`` when the bounds reach into two bands."""
        return _shared_band(self.low, self.high, _TREATMENT_BANDS)

    @property
    def prognostic_band(self) -> str | None:
        """As :attr:`band`, with 8-10 and 6-7 apart."""
        return _shared_band(self.low, self.high, _PROGNOSTIC_BANDS)


def score_aspects(findings: Findings) -> AspectsScore:
    """Score the findings of one hemisphere.

    A region that is not assessable leaves the total as the reader would write it and widens the bounds; a region that
    was not looked at leaves no total at all.

    >>> seen = dict.fromkeys(Region, Status.UNAFFECTED) | {Region.I: Status.AFFECTED, Region.M4: Status.NOT_ASSESSABLE}
    >>> score = score_aspects(Findings(Side.LEFT, seen))
    >>> score.total, score.low, score.high
    (9, 8, 9)
    >>> score_aspects(Findings(Side.LEFT, {Region.I: Status.AFFECTED})).total is None
    True
    """
    looked_at = findings.regions.get
    seen = {region: status for region in REGIONS if (status := looked_at(region)) is not None}
    statuses = list(seen.values())
    not_assessable = [region for region, status in seen.items() if status is Status.NOT_ASSESSABLE]
    not_looked_at = [region for region in REGIONS if region not in seen]
    high = FULL_SCORE - statuses.count(Status.AFFECTED)
    return AspectsScore(
        total=None if not_looked_at else high,
        low=high - len(not_assessable) - len(not_looked_at),
        high=high,
        side=findings.side,
        regions=seen,
        warnings=tuple(_warnings(findings, not_assessable, not_looked_at)),
    )


def _warnings(findings: Findings, not_assessable: list[Region], not_looked_at: list[Region]) -> list[str]:
    warnings = []
    if not_assessable:
        warnings.append(
            f"Not assessable: {_names(not_assessable)}. The total counts them as unaffected; see the bounds."
        )
    if not_looked_at:
        warnings.append(f"Not looked at: {_names(not_looked_at)}. There is no total until they are.")
    if findings.old_infarct:
        warnings.append(f"Old infarct, not scored: {_names(findings.old_infarct)}.")
    if findings.swelling_only:
        warnings.append(
            f"Swelling without hypodensity, not scored: {_names(findings.swelling_only)}."
            f" The first publication (Barber 2000) would take {len(findings.swelling_only)} more off."
        )
    return warnings


def _names(regions: list[Region] | frozenset[Region]) -> str:
    return ", ".join(region for region in Region if region in regions)


@cache
def _shared_band(low: int, high: int, bands: tuple[tuple[int, str], ...]) -> str | None:
    names = {next(name for lowest, name in bands if points >= lowest) for points in (low, high)}
    return names.pop() if len(names) == 1 else None
