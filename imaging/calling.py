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
LAPSE = 0.01
"""Share of regions that are allowed to be anything, whatever was measured: a misplaced outline, another lesion."""


def call(
    densities: Densities, coverage: Coverage, calibration: Calibration, *, scan_voxels_per_voxel: float
) -> Reading:
    """Judge the measured differences and put the scored reading together.

    Parameters
    ----------
    scan_voxels_per_voxel : how many voxels of the scan one voxel of the measured stack stands for.
    """
    old = {side: _old_infarcts(densities, side, calibration) for side in Side}
    difference = {region: _difference(densities, coverage, old, region, calibration) for region in Region}
    posterior = judge(difference, densities.residual_sd_hu, calibration, densities.field_sd_hu)
    statuses = {
        side: {
            region: _status(
                posterior.regions[side][region], difference[region], calibration, is_old=region in old[side]
            )
            for region in Region
        }
        for side in Side
    }
    side, worse = _side(posterior, statuses, calibration)
    total = len(Region) - _count(statuses[worse], Status.AFFECTED)
    low, high = central_interval(posterior.total, calibration.interval_mass)
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
    """Regions with fluid where the other side has tissue."""
    return frozenset(
        region
        for region in set(Region) - calibration.old_infarct_exempt
        if densities.regions[side][region].old_ml >= calibration.old_infarct_least_ml
    )


def _difference(
    densities: Densities,
    coverage: Coverage,
    old: Mapping[Side, frozenset[Region]],
    region: Region,
    calibration: Calibration,
) -> float | None:
    """Left minus right; ``None`` where too little was scanned or a scar may pass for fresh change."""
    if min(coverage[side][region] for side in Side) < calibration.least_coverage:
        return None
    for side in Side:
        here = densities.regions[side][region].delta_hu
        if region in old[side] and here is not None and here < -calibration.old_infarct_least_difference_hu:
            return None
    return densities.regions[Side.LEFT][region].delta_hu


def _status(probability: float, difference: float | None, calibration: Calibration, *, is_old: bool) -> Status:
    """An old infarct costs no point; but the scarred tissue round it cannot be told from fresh change."""
    if difference is None:
        return Status.NOT_ASSESSABLE
    if probability < calibration.operating_point:
        return Status.UNAFFECTED
    return Status.NOT_ASSESSABLE if is_old else Status.AFFECTED


def _count(statuses: Mapping[Region, Status], status: Status) -> int:
    return sum(value is status for value in statuses.values())


def _side(
    posterior: Posterior, statuses: Mapping[Side, Mapping[Region, Status]], calibration: Calibration
) -> tuple[Side | None, Side]:
    """The side that is named, if any, and the side whose regions make the total: the likelier one."""
    worse = max(Side, key=lambda side: (posterior.sides[side], side is Side.LEFT))
    stands_out = (
        posterior.sides[worse] >= calibration.named_side_probability
        and posterior.sides[worse] >= calibration.named_side_ratio * posterior.sides[worse.other]
    )
    return (worse if stands_out or Status.AFFECTED in statuses[worse].values() else None), worse


def _humbled(probability: float) -> float:
    """Leave room for what the model does not foresee: nothing is certain from one scan."""
    return LAPSE / 2 + (1 - LAPSE) * probability


def _region_reading(
    densities: Densities, posterior: Posterior, side: Side, region: Region, status: Status, voxels: float
) -> RegionReading:
    here, there = densities.regions[side][region], densities.regions[side.other][region]
    return RegionReading(
        status=status,
        probability=None if status is Status.NOT_ASSESSABLE else _humbled(posterior.regions[side][region]),
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
