"""From measured densities to a reading: which regions are called affected, the side, the total and the warnings."""

from collections.abc import Mapping

from imaging.calibration import Calibration
from imaging.densitometry import Densities
from imaging.judging import Posterior, central_interval, judge
from imaging.result import Reading, RegionReading
from imaging.result import Warning as ReadingWarning
from scoring.regions import Region, Side, Status

Coverage = Mapping[Side, Mapping[Region, float]]

NOT_CALIBRATED = (
    "Probabilities were calibrated on simulated infarcts, not on labelled scans. The two sides are compared:"
    " change that is equal on both is not seen."
)
LIKELY_SIDE = 0.5
"""From this probability on a side is named even if no single region on it passes the operating point."""


def call(
    densities: Densities, coverage: Coverage, calibration: Calibration, *, scan_voxels_per_voxel: float
) -> Reading:
    """Judge the measured differences and put the scored reading together.

    Parameters
    ----------
    scan_voxels_per_voxel : how many voxels of the scan one voxel of the measured stack stands for.
    """
    difference = {
        region: densities.regions[Side.LEFT][region].delta_hu
        if min(coverage[side][region] for side in Side) >= calibration.least_coverage
        else None
        for region in Region
    }
    posterior = judge(difference, densities.residual_sd_hu, calibration)
    old = {side: _old_infarcts(densities, side, calibration) for side in Side}
    statuses = {
        side: {
            region: _status(
                posterior.regions[side][region], difference[region], calibration, is_old=region in old[side]
            )
            for region in Region
        }
        for side in Side
    }
    side, worse = _side(posterior, statuses)
    total = len(Region) - _count(statuses[worse], Status.AFFECTED)
    low, high = central_interval(posterior.totals[worse], calibration.interval_mass)
    unseen = _count(statuses[worse], Status.NOT_ASSESSABLE)
    return Reading(
        status="scored",
        side=side,
        total=total,
        total_low=max(0, min(low, total) - unseen),
        total_high=max(high, total),
        regions={
            side: {
                region: _region_reading(
                    densities, posterior, side, region, statuses[side][region], scan_voxels_per_voxel
                )
                for region in Region
            }
            for side in Side
        },
        warnings=tuple(_warnings(old, statuses, worse)),
        quality={
            "side_probability": {
                name: round(posterior.sides[key], 3)
                for name, key in (("left", Side.LEFT), ("right", Side.RIGHT), ("none", None))
            },
            "calibrated_on_labelled_scans": False,
        },
    )


def _old_infarcts(densities: Densities, side: Side, calibration: Calibration) -> frozenset[Region]:
    """Regions with a hole full of fluid that the other side has not."""
    found = set()
    for region in set(Region) - calibration.old_infarct_exempt:
        here = densities.regions[side][region].broad_fluid_ml
        there = densities.regions[side.other][region].broad_fluid_ml
        if here >= calibration.old_infarct_least_ml and here >= calibration.old_infarct_least_ratio * there:
            found.add(region)
    return frozenset(found)


def _status(probability: float, difference: float | None, calibration: Calibration, *, is_old: bool) -> Status:
    """An old infarct costs no point; but the scarred tissue round it cannot be told from fresh change."""
    if difference is None:
        return Status.NOT_ASSESSABLE
    if probability < calibration.operating_point:
        return Status.UNAFFECTED
    return Status.NOT_ASSESSABLE if is_old else Status.AFFECTED


def _count(statuses: Mapping[Region, Status], status: Status) -> int:
    return sum(value is status for value in statuses.values())


def _side(posterior: Posterior, statuses: Mapping[Side, Mapping[Region, Status]]) -> tuple[Side | None, Side]:
    """The side that is named, if any, and the side whose regions make the total: the likelier one."""
    worse = max(Side, key=lambda side: (posterior.sides[side], side is Side.LEFT))
    named = Status.AFFECTED in statuses[worse].values() or posterior.sides[worse] >= LIKELY_SIDE
    return (worse if named else None), worse


def _region_reading(
    densities: Densities, posterior: Posterior, side: Side, region: Region, status: Status, voxels: float
) -> RegionReading:
    here, there = densities.regions[side][region], densities.regions[side.other][region]
    return RegionReading(
        status=status,
        probability=None if status is Status.NOT_ASSESSABLE else posterior.regions[side][region],
        hu=here.hu,
        hu_other_side=there.hu,
        delta_hu=here.delta_hu,
        voxels=round(here.voxels * voxels),
        excluded_ml=here.excluded_ml,
    )


def _warnings(
    old: Mapping[Side, frozenset[Region]], statuses: Mapping[Side, Mapping[Region, Status]], worse: Side
) -> list[ReadingWarning]:
    warnings = [
        ReadingWarning("OLD_INFARCT", f"Old infarct on the {side} in {_names(regions)}: recorded, not scored.")
        for side, regions in old.items()
        if regions
    ]
    unseen = frozenset(region for region, status in statuses[worse].items() if status is Status.NOT_ASSESSABLE)
    if unseen:
        text = f"Not assessable: {_names(unseen)}. The total counts them as unaffected, its lower bound as affected."
        warnings.append(ReadingWarning("REGIONS_NOT_ASSESSABLE", text))
    if Status.AFFECTED in statuses[worse.other].values():
        text = f"Change is suspected on both sides; the total counts the {worse} side only."
        warnings.append(ReadingWarning("BOTH_SIDES", text))
    warnings.append(ReadingWarning("NOT_CALIBRATED", NOT_CALIBRATED))
    return warnings


def _names(regions: frozenset[Region]) -> str:
    return ", ".join(region.value for region in Region if region in regions)
