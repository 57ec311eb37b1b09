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
SIDE_DIGITS = 3
"""Of the probabilities of the sides; sides that are alike to so many digits are equally likely."""
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
    scarred = {side: _mostly_scarred(densities, side, old[side], calibration) for side in Side}
    difference = {region: _difference(densities, coverage, scarred, region, calibration) for region in Region}
    posterior = judge(difference, densities.residual_sd_hu, calibration, densities.field_sd_hu)
    worse = max(Side, key=lambda side: (posterior.sides[side], side is Side.LEFT))
    affected = _affected(posterior, worse, calibration)
    statuses = {
        side: {
            region: _status(
                difference[region], is_affected=side is worse and region in affected, is_scarred=region in scarred[side]
            )
            for region in Region
        }
        for side in Side
    }
    rest = {region: None if region in affected else measured for region, measured in difference.items()}
    on_both_sides = bool(affected) and _also_affected(rest, worse.other, densities, calibration)
    is_likelier = round(posterior.sides[worse] - posterior.sides[worse.other], SIDE_DIGITS) > 0
    total = len(Region) - _count(statuses[worse], Status.AFFECTED)
    low, high = central_interval(posterior.total, calibration.interval_mass)
    unseen = _count(statuses[worse], Status.NOT_ASSESSABLE)
    return Reading(
        status="scored",
        side=worse if is_likelier else None,
        side_stands_out=posterior.sides[worse] >= calibration.standing_out_probability,
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
        warnings=tuple(_warnings(old, scarred, statuses, worse, on_both_sides=on_both_sides)),
        quality={
            "side_probability": {
                name: round(posterior.sides[key], SIDE_DIGITS)
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


def _mostly_scarred(
    densities: Densities, side: Side, old: frozenset[Region], calibration: Calibration
) -> frozenset[Region]:
    """Of these those of which an old infarct takes so much that its surroundings may be what makes the rest differ."""
    share = {region: densities.regions[side][region].scarred_share for region in old}
    return frozenset(region for region in old if share[region] >= calibration.old_infarct_least_share)


def _difference(
    densities: Densities,
    coverage: Coverage,
    scarred: Mapping[Side, frozenset[Region]],
    region: Region,
    calibration: Calibration,
) -> float | None:
    """Left minus right; ``None`` where too little was scanned or a scar may pass for fresh change."""
    if min(coverage[side][region] for side in Side) < calibration.least_coverage:
        return None
    for side in Side:
        here = densities.regions[side][region].delta_hu
        if region in scarred[side] and here is not None and here < -calibration.old_infarct_least_difference_hu:
            return None
    return densities.regions[Side.LEFT][region].delta_hu


def _affected(posterior: Posterior, side: Side, calibration: Calibration) -> frozenset[Region]:
    """First whether anything has changed, then which regions if it lies on that side: one occlusion is one finding."""
    if 1 - posterior.sides[None] < calibration.change_probability:
        return frozenset()
    least = calibration.region_probability * posterior.sides[side]
    return frozenset(region for region, found in posterior.regions[side].items() if found >= least)


def _also_affected(
    rest: Mapping[Region, float | None], side: Side, densities: Densities, calibration: Calibration
) -> bool:
    """Whether what is not called speaks for change on the other side: no set of one side foretells that."""
    posterior = judge(rest, densities.residual_sd_hu, calibration, densities.field_sd_hu)
    return posterior.sides[side] >= calibration.change_probability


def _status(difference: float | None, *, is_affected: bool, is_scarred: bool) -> Status:
    """An old infarct costs no point; but the scarred tissue round it cannot be told from fresh change."""
    if difference is None:
        return Status.NOT_ASSESSABLE
    if not is_affected:
        return Status.UNAFFECTED
    return Status.NOT_ASSESSABLE if is_scarred else Status.AFFECTED


def _count(statuses: Mapping[Region, Status], status: Status) -> int:
    return sum(value is status for value in statuses.values())


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
    old: Mapping[Side, frozenset[Region]],
    scarred: Mapping[Side, frozenset[Region]],
    statuses: Mapping[Side, Mapping[Region, Status]],
    worse: Side,
    *,
    on_both_sides: bool,
) -> list[ReadingWarning]:
    warnings = [
        ReadingWarning("OLD_INFARCT", _say_old(side, regions, regions - scarred[side]))
        for side, regions in old.items()
        if regions
    ]
    unseen = frozenset(region for region, status in statuses[worse].items() if status is Status.NOT_ASSESSABLE)
    if unseen:
        text = f"Not assessable: {_names(unseen)}. The total counts them as unaffected, its lower bound as affected."
        warnings.append(ReadingWarning("REGIONS_NOT_ASSESSABLE", text))
    if on_both_sides:
        text = f"Change is suspected on both sides; the total counts the {worse} side only."
        warnings.append(ReadingWarning("BOTH_SIDES", text))
    warnings.append(ReadingWarning("NOT_CALIBRATED", NOT_CALIBRATED))
    return warnings


def _say_old(side: Side, regions: frozenset[Region], with_rest: frozenset[Region]) -> str:
    told = f"Old infarct on the {side} in {_names(regions)}: recorded, not scored."
    return f"{told} It is small: what is left of {_names(with_rest)} was scored." if with_rest else told


def _names(regions: frozenset[Region]) -> str:
    return ", ".join(region.value for region in Region if region in regions)
