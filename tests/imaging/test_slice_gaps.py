"""Missing slices against deliberate protocols: the rule on bare numbers."""

import numpy as np
import pytest

from imaging.slice_gaps import find_missing_slices


def places(gaps: list[float], thickness: list[float] | None = None, numbers: list[int] | None = None) -> list[int]:
    found = find_missing_slices(np.array(gaps), None if thickness is None else np.array(thickness), numbers)
    return [gap.after_slice for gap in found]


@pytest.mark.parametrize(
    "gaps",
    [
        [5.0] * 20,
        [8.95, 9.05] * 7,
        [3.0] * 10 + [8.0] * 10,
        [3.0] * 10 + [1.0] + [8.0] * 10,
        [3.0] * 10 + [5.5] + [8.0] * 10,
        [2.5] * 8 + [5.0] * 8 + [10.0] * 4,
        [8.0] * 10 + [3.0] * 10,
        [5.0, 5.4, 4.8, 5.2, 5.1, 4.7, 5.0],
        [5.0],
        [],
    ],
)
def test_deliberate_protocols_pass(gaps: list[float]) -> None:
    assert places(gaps) == []


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ([5, 5, 5, 10, 5, 5], [3]),
        ([10, 5, 5, 5, 5], [0]),
        ([5, 5, 5, 5, 10], [4]),
        ([5, 5, 15, 5, 5, 5], [2]),
        ([5, 5, 10, 10, 5, 5], [2, 3]),
        ([5, 10, 5, 10, 5, 5], [1, 3]),
        ([3, 3, 3, 3, 8, 8, 8, 16, 8, 8], [7]),
        ([3, 3, 3, 6, 3, 3, 8, 8, 8, 8], [3]),
        ([3, 3, 3, 3, 16, 8, 8, 8, 8], [4]),
        ([3, 3, 3, 3, 1, 16, 8, 8, 8], [5]),
        ([0.78, 0.78, 1.56], [2]),
    ],
)
def test_holes_are_found(gaps: list[float], expected: list[int]) -> None:
    assert places([float(gap) for gap in gaps]) == expected


def test_numbers_that_skip_prove_a_hole_that_geometry_leaves_open() -> None:
    gaps = [5.0] * 4 + [10.0] * 4 + [5.0] * 4

    assert places(gaps) == []
    assert places(gaps, numbers=[1, 2, 3, 4, 5, 7, 9, 11, 13, 14, 15, 16, 17]) == [4, 7]


def test_numbers_count_downwards_too() -> None:
    assert places([3.0] * 4 + [6.0] + [8.0] * 4, numbers=[11, 10, 9, 8, 7, 5, 4, 3, 2, 1]) == [4]


def test_numbers_that_do_not_follow_the_stack_prove_nothing() -> None:
    assert places([3.0] * 4 + [6.0] + [8.0] * 4, numbers=[1, 9, 2, 8, 3, 7, 4, 6, 5, 20]) == []


def test_numbers_that_skip_where_the_spacing_does_not_prove_nothing() -> None:
    assert places([5.0] * 6, numbers=[1, 2, 4, 5, 6, 9, 10]) == []


def test_every_second_slice_lost_shows_by_thickness() -> None:
    assert places([10.0] * 8) == []
    assert places([10.0] * 8, thickness=[5.0] * 9) == list(range(8))


def test_thickness_that_reaches_across_passes() -> None:
    assert places([7.0] * 8, thickness=[5.0] * 9) == []
    assert places([4.0] * 5 + [1.0] + [7.0] * 5, thickness=[4.0] * 6 + [7.0] * 6) == []


def test_every_single_slice_lost_from_an_even_stack_is_found() -> None:
    positions = np.arange(30) * 2.5
    for lost in range(1, 29):
        assert places(list(np.diff(np.delete(positions, lost)))) == [lost - 1]
