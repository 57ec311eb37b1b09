"""From measured densities to statuses, side, total and warnings, without a scan."""

from collections.abc import Mapping

import numpy as np
import pytest

from imaging.calibration import load_calibration
from imaging.calling import call
from imaging.densitometry import Densities, RegionDensity
from imaging.result import Reading, side_that_stands_out
from scoring.regions import Region, Side, Status

FULL = {side: dict.fromkeys(Region, 1.0) for side in Side}
CLEAR = {Region.I: -4.0, Region.M2: -4.0, Region.M5: -4.0}


def densities(
    left_minus_right: Mapping[Region, float | None],
    *,
    fluid_ml: Mapping[tuple[Side, Region], float] | None = None,
    scarred_share: float = 0.6,
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
            scarred_share=scarred_share if (side, region) in (fluid_ml or {}) else 0.0,
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


def test_the_rest_of_a_region_counts_where_an_old_infarct_is_small() -> None:
    fluid_ml = {(Side.LEFT, Region.M5): 3.0}
    reading = called(densities(CLEAR, fluid_ml=fluid_ml, scarred_share=0.2))
    assert reading.regions[Side.LEFT][Region.M5].status is Status.AFFECTED
    assert reading.total == 7
    told = {warning.code: warning.text for warning in reading.warnings}
    assert told["OLD_INFARCT"].endswith("It is small: what is left of M5 was scored.")
    doubtful = called(densities(CLEAR, fluid_ml=fluid_ml, scarred_share=0.5))
    assert doubtful.regions[Side.LEFT][Region.M5].status is Status.NOT_ASSESSABLE
    assert "OLD_INFARCT" in {warning.code for warning in doubtful.warnings}


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
    reading = called(densities({Region.I: -3.5, Region.L: -3.5, Region.M3: 3.0, Region.M5: 3.0}))
    assert "BOTH_SIDES" in {warning.code for warning in reading.warnings}
    assert (reading.side, reading.total) == (Side.LEFT, 8)


@pytest.mark.parametrize("right_hu", [0.0, 0.6])
def test_what_sides_normally_differ_by_is_no_change_on_the_other_side(right_hu: float) -> None:
    reading = called(densities({**CLEAR, Region.M6: right_hu}))
    assert "BOTH_SIDES" not in {warning.code for warning in reading.warnings}


def test_regions_are_called_by_their_probability_given_the_side() -> None:
    calibration = load_calibration()
    for depth in np.arange(0.2, 3, 0.2):
        reading = called(densities({Region.I: -depth, Region.M2: -depth, Region.M5: -depth / 2}))
        likely = {name: float(p) for name, p in reading.quality["side_probability"].items()}
        least = calibration.region_probability * likely["left"]
        expected = {
            region
            for region, one in reading.regions[Side.LEFT].items()
            if 1 - likely["none"] >= calibration.change_probability and (one.probability or 0) >= least
        }
        found = {r for r, one in reading.regions[Side.LEFT].items() if one.status is Status.AFFECTED}
        assert found == expected, depth


def test_a_faint_change_tells_the_likelier_side_without_saying_that_it_stands_out() -> None:
    reading = called(densities({Region.I: -0.7, Region.M2: -0.7}))
    assert (reading.side, reading.side_stands_out, reading.total) == (Side.LEFT, False, 10)
    assert side_that_stands_out(reading.to_json()) is None


def test_a_side_with_a_called_region_stands_out() -> None:
    reading = called(densities(CLEAR))
    assert reading.side_stands_out
    assert side_that_stands_out(reading.to_json()) is Side.LEFT


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
