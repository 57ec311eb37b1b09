"""From measured densities to statuses, side, total and warnings, without a scan."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from imaging.calibration import load_calibration
from imaging.calling import call
from imaging.densitometry import Densities, RegionDensity
from imaging.result import Reading
from scoring.regions import Region, Side, Status

FULL = {side: dict.fromkeys(Region, 1.0) for side in Side}
CLEAR = {Region.I: -4.0, Region.M2: -4.0, Region.M5: -4.0}


def densities(
    left_minus_right: Mapping[Region, float | None], *, fluid_ml: Mapping[tuple[Side, Region], float] | None = None
) -> Densities:
    def one(side: Side, region: Region) -> RegionDensity:
        difference = left_minus_right.get(region, 0.0)
        sign = 1 if side is Side.LEFT else -1
        return RegionDensity(
            hu=32.0,
            delta_hu=None if difference is None else sign * difference,
            pairs=500,
            voxels=1000,
            counted_ml=10.0,
            excluded_ml=1.0,
            old_ml=(fluid_ml or {}).get((side, region), 0.0),
        )

    regions = {side: {region: one(side, region) for region in Region} for side in Side}
    nothing = np.zeros(0)
    return Densities(
        regions=regions,
        labels=np.zeros((1, 1, 1), dtype=np.uint8),
        territories=np.zeros((1, 1, 1), dtype=np.uint8),
        label_table={},
        template_mm=nothing.reshape(0, 3),
        left_minus_right_hu=nothing,
        counted=nothing.astype(bool),
        drift_hu=0.5,
        residual_sd_hu=2.0,
        field_sd_hu=0.8,
    )


def called(measured: Densities, coverage: Mapping[Side, Mapping[Region, float]] = FULL) -> Reading:
    return call(measured, coverage, load_calibration(), scan_voxels_per_voxel=4)


def test_clear_change_on_the_left() -> None:
    reading = called(densities(CLEAR))
    assert (reading.side, reading.total) == (Side.LEFT, 7)
    assert {r for r, one in reading.regions[Side.LEFT].items() if one.status is Status.AFFECTED} == set(CLEAR)
    assert all(one.status is Status.UNAFFECTED for one in reading.regions[Side.RIGHT].values())
    assert reading.regions[Side.LEFT][Region.C].voxels == 4000


def test_no_change_names_no_side() -> None:
    reading = called(densities({}))
    assert (reading.side, reading.total, reading.total_low, reading.total_high) == (None, 10, 10, 10)
    assert sum(reading.quality["side_probability"].values()) == pytest.approx(1, abs=0.002)


def test_an_uncovered_region_is_unknown_and_widens_the_bounds() -> None:
    coverage = {**FULL, Side.RIGHT: {**FULL[Side.RIGHT], Region.M4: 0.3}}
    reading = called(densities({Region.M4: -9.0}), coverage)
    for side in Side:
        assert reading.regions[side][Region.M4].status is Status.NOT_ASSESSABLE
        assert reading.regions[side][Region.M4].probability is None
    assert (reading.total, reading.total_low, reading.total_high) == (10, 9, 10)


def test_a_region_without_a_difference_is_unknown() -> None:
    reading = called(densities({**CLEAR, Region.IC: None}))
    assert reading.regions[Side.LEFT][Region.IC].status is Status.NOT_ASSESSABLE
    assert reading.total_low is not None
    assert reading.total_low <= 6


@pytest.mark.parametrize(("difference", "status"), [(0.0, Status.UNAFFECTED), (-5.0, Status.NOT_ASSESSABLE)])
def test_an_old_infarct_costs_no_point(difference: float, status: Status) -> None:
    reading = called(densities({Region.M6: difference}, fluid_ml={(Side.LEFT, Region.M6): 6.0}))
    assert reading.regions[Side.LEFT][Region.M6].status is status
    assert reading.total == 10
    assert "OLD_INFARCT" in {warning.code for warning in reading.warnings}


@pytest.mark.parametrize(
    "fluid_ml",
    [
        {(Side.LEFT, Region.M6): 1.5},  # too small
        {(Side.LEFT, Region.C): 6.0},  # the ventricle
    ],
)
def test_what_is_no_old_infarct(fluid_ml: Mapping[tuple[Side, Region], float]) -> None:
    reading = called(densities({}, fluid_ml=fluid_ml))
    assert "OLD_INFARCT" not in {warning.code for warning in reading.warnings}


def test_change_on_both_sides_is_told() -> None:
    calibration = load_calibration()
    sure = replace(calibration, operating_point=0.05)
    both = {Region.I: -3.0, Region.L: -3.0, Region.M3: 3.0, Region.M5: 3.0}
    reading = call(densities(both), FULL, sure, scan_voxels_per_voxel=1)
    assert "BOTH_SIDES" in {warning.code for warning in reading.warnings}
    assert reading.side is not None
    here, there = (
        sum(one.status is Status.AFFECTED for one in reading.regions[side].values())
        for side in (reading.side, reading.side.other)
    )
    assert here > 0 < there
    assert reading.total == 10 - here


def test_the_answer_says_what_it_was_calibrated_on() -> None:
    texts = {warning.code: warning.text for warning in called(densities({})).warnings}
    assert "not on labelled scans" in texts["NOT_CALIBRATED"]


def test_bounds_hold_the_total() -> None:
    for depth in np.arange(0, 6, 0.5):
        reading = called(densities(dict.fromkeys((Region.I, Region.L, Region.M1, Region.M4), -float(depth))))
        assert reading.total_low is not None
        assert reading.total is not None
        assert reading.total_high is not None
        assert 0 <= reading.total_low <= reading.total <= reading.total_high <= 10
