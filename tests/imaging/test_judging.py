"""From side differences to probabilities: symmetric, monotone, and honest about what was not measured."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.calibration import load_calibration
from imaging.judging import central_interval, judge, set_prior
from scoring.regions import Region, Side

differences = st.dictionaries(
    st.sampled_from(list(Region)), st.one_of(st.none(), st.floats(-10, 10)), min_size=0, max_size=10
)


@given(differences, st.floats(0.5, 6))
def test_probabilities_are_probabilities(difference: dict[Region, float | None], spread: float) -> None:
    posterior = judge(difference, spread, load_calibration())
    assert sum(posterior.sides.values()) == pytest.approx(1)
    for side in Side:
        assert all(0 <= value <= posterior.sides[side] + 1e-9 for value in posterior.regions[side].values())
        assert posterior.totals[side].sum() == pytest.approx(1)
        assert posterior.totals[side].min() >= 0


@given(differences, st.floats(0.5, 6))
def test_swapping_sides_swaps_answers(difference: dict[Region, float | None], spread: float) -> None:
    there = judge(difference, spread, load_calibration())
    swapped = {region: None if value is None else -value for region, value in difference.items()}
    back = judge(swapped, spread, load_calibration())
    for side in Side:
        assert back.sides[side.other] == pytest.approx(there.sides[side], abs=1e-9)
        for region in Region:
            assert back.regions[side.other][region] == pytest.approx(there.regions[side][region], abs=1e-9)


def test_nothing_measured_leaves_the_prior_side() -> None:
    posterior = judge({}, 2.0, load_calibration())
    assert posterior.sides[None] == pytest.approx(0.5)
    assert posterior.totals[Side.LEFT][10] == pytest.approx(1)  # no measured region can have lost a point


def test_darker_is_never_less_likely() -> None:
    quiet = dict.fromkeys(Region, 0.0)
    seen = [
        judge({**quiet, Region.I: -depth, Region.M2: -depth}, 2.2, load_calibration()).regions[Side.LEFT][Region.I]
        for depth in np.arange(0, 12, 0.5)
    ]
    assert all(later >= earlier - 1e-3 for earlier, later in itertools.pairwise(seen))
    assert seen[0] < 0.05
    assert seen[-1] > 0.95


def test_company_convinces() -> None:
    quiet = dict.fromkeys(Region, 0.0)
    alone = judge({**quiet, Region.M5: -1.2}, 2.2, load_calibration())
    together = judge({**quiet, **dict.fromkeys((Region.M5, Region.I, Region.M2), -1.2)}, 2.2, load_calibration())
    assert together.regions[Side.LEFT][Region.M5] > alone.regions[Side.LEFT][Region.M5]


def test_the_whole_hemisphere_off_by_the_same_is_not_an_infarct() -> None:
    posterior = judge(dict.fromkeys(Region, -1.2), 3.0, load_calibration())
    assert posterior.sides[None] > 1 - load_calibration().change_probability


def test_a_noisy_scan_needs_a_larger_difference() -> None:
    difference = {**dict.fromkeys(Region, 0.0), Region.I: -1.8, Region.L: -1.8}
    clean = judge(difference, 1.5, load_calibration()).sides[Side.LEFT]
    noisy = judge(difference, 4.0, load_calibration()).sides[Side.LEFT]
    unknown = judge(difference, float("nan"), load_calibration()).sides[Side.LEFT]
    assert clean > noisy
    assert unknown <= noisy + 1e-9


def test_sides_that_differ_outside_the_regions_ask_for_a_larger_difference() -> None:
    difference = {**dict.fromkeys(Region, 0.0), Region.I: -1.8, Region.L: -1.8}
    even, uneven = (judge(difference, 2.0, load_calibration(), field).sides[Side.LEFT] for field in (0.6, 1.4))
    assert even > uneven


def test_interval_leaves_equal_tails() -> None:
    distribution = np.array([0, 0, 0, 0, 0.05, 0.1, 0.2, 0.3, 0.2, 0.1, 0.05])
    assert central_interval(distribution, 0.8) == (5, 9)
    assert central_interval(np.eye(11)[10], 0.8) == (10, 10)


def test_side_priors_matter() -> None:
    difference = {**dict.fromkeys(Region, 0.0), Region.I: -1.3}
    calibration = load_calibration()
    sure = replace(calibration, side_prior={None: 0.98, Side.LEFT: 0.01, Side.RIGHT: 0.01})
    assert judge(difference, 2.2, sure).sides[Side.LEFT] < judge(difference, 2.2, calibration).sides[Side.LEFT]


def test_a_weak_neighbour_is_explained_by_a_strong_one() -> None:
    quiet = dict.fromkeys(Region, 0.0)
    calibration = load_calibration()
    leak = float(calibration.response[list(Region).index(Region.IC), list(Region).index(Region.L)])
    assert leak > 0
    strong = {**quiet, Region.L: -4.0, Region.IC: -0.8}
    deaf = replace(calibration, response=np.diag(np.diag(calibration.response)))
    told, missed = (judge(strong, 2.2, one).regions[Side.LEFT][Region.IC] for one in (calibration, deaf))
    assert told < missed


def test_deep_nuclei_that_differ_together_are_one_finding() -> None:
    """Lentiform and capsule lie 9 mm apart: where the one is a little darker by nature, the other is so, too."""
    quiet = dict.fromkeys(Region, 0.0)
    near, far = (
        judge({**quiet, one: -1.3, other: -1.3}, 2.1, load_calibration()).sides[Side.LEFT]
        for one, other in ((Region.L, Region.IC), (Region.L, Region.M6))
    )
    assert near < far


def test_a_capsule_as_dark_as_the_nuclei_around_it_is_not_their_leak() -> None:
    """An infarct of 6 HU in caudate, lentiform and capsule."""
    deep = {**dict.fromkeys(Region, 0.0), Region.C: -2.5, Region.L: -4.0, Region.IC: -4.0}
    posterior = judge(deep, 2.1, load_calibration())
    assert posterior.regions[Side.LEFT][Region.IC] > 0.8


def test_totals_add_up_with_the_regions() -> None:
    """The mean total is ten less the regions' probabilities: both come from the same sets."""
    posterior = judge({**dict.fromkeys(Region, 0.0), Region.I: -2.0, Region.L: -1.5}, 2.2, load_calibration())
    given_left_or_none = posterior.sides[None] + posterior.sides[Side.LEFT]
    lost = sum(posterior.regions[Side.LEFT].values()) / given_left_or_none
    assert posterior.totals[Side.LEFT] @ np.arange(11) == pytest.approx(10 - lost)


INFERIOR_DIVISION = (Region.M2, Region.M3, Region.M6)
SCATTERED = (Region.C, Region.M1, Region.M6)


def test_prior_of_sets_is_a_probability() -> None:
    prior = set_prior(load_calibration())
    assert prior.sum() == pytest.approx(1)
    assert prior.min() > 0  # no set is ruled out


def test_regions_of_one_territory_convince_more_than_if_they_were_independent() -> None:
    calibration = load_calibration()
    independent = replace(calibration, independent_share=1.0)
    faint = {**dict.fromkeys(Region, 0.0), **dict.fromkeys(INFERIOR_DIVISION, -1.1)}
    told, plain = (judge(faint, 2.1, one).regions[Side.LEFT] for one in (calibration, independent))
    assert all(told[region] > plain[region] for region in INFERIOR_DIVISION)


def test_a_marked_infarct_of_no_territory_is_called_all_the_same() -> None:
    marked = {**dict.fromkeys(Region, 0.0), **dict.fromkeys(SCATTERED, -3.0)}
    seen = judge(marked, 2.1, load_calibration()).regions[Side.LEFT]
    assert all(seen[region] > 0.9 for region in SCATTERED)
    assert all(seen[region] < load_calibration().region_probability for region in set(Region) - set(SCATTERED))
