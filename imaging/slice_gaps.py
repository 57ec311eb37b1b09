"""Tells a missing slice from a protocol that spaces its slices unevenly on purpose.

Head protocols often image the posterior fossa finely and the rest coarsely, so spacing may change along the stack. A
protocol changes it in *segments*: stretches of several slices with one spacing. A lost file leaves a *hole*: one gap,
or two, wider than the spacing on both sides. Two facts outside the geometry speak as well, where the file gives them:
instance numbers that skip just where the gap is wide, and slices too thin to meet across it.
"""

from dataclasses import dataclass

import numpy as np

from imaging.volume import Floats

_SAME_SPACING = 0.10
"""Share by which gaps of one segment may differ: scanners alternate, as in 8.95 and 9.05 mm."""
_SEGMENT_GAPS = 3
"""Gaps of one size that make a segment; two may be two neighbouring holes."""
_WIDER = 1.5
"""A gap this many times its surroundings lacks a slice: one lost slice makes two, a change of pitch stays below."""
_UNSEEN = 1.9
"""Gap in slice thicknesses from which about half of the tissue is in no slice, as when every second slice is lost."""
_SMALLEST_STACK = 3


@dataclass(frozen=True, slots=True)
class SliceGap:
    """A place in the stack where tissue was not imaged."""

    after_slice: int
    """Index k of the slice before the gap."""
    gap_mm: float
    expected_mm: float
    """Spacing of the surroundings, or what the slices' thickness can span."""


def find_missing_slices(
    gaps_mm: Floats, thickness_mm: Floats | None = None, instance_numbers: list[int] | None = None
) -> list[SliceGap]:
    """Return the gaps that lack at least one slice, in stack order; empty if the stack is complete.

    Parameters
    ----------
    gaps_mm
        Shape (k - 1,): distances between neighbouring slices, all above 0.
    thickness_mm
        Shape (k,): nominal slice thickness; ``None`` if any slice does not state it.
    instance_numbers
        One for each slice in stack order; ``None`` if any slice does not state it.
    """
    if gaps_mm.size < _SMALLEST_STACK - 1:
        return []
    expected = np.minimum(_spacing_around(gaps_mm), _spacing_by_numbers(gaps_mm, instance_numbers))
    limits = _WIDER * expected
    if thickness_mm is not None:
        reach = (thickness_mm[:-1] + thickness_mm[1:]) / 2
        unseen = (reach > 0) & (gaps_mm >= _UNSEEN * reach)
        expected = np.where(unseen, np.minimum(expected, reach), expected)
        limits = np.where(unseen, 0.0, limits)
    return [SliceGap(int(k), float(gaps_mm[k]), float(expected[k])) for k in np.flatnonzero(gaps_mm >= limits)]


def _spacing_around(gaps_mm: Floats) -> Floats:
    """Return for each gap the widest spacing that a hole there could be judged by; infinite within a segment."""
    runs = _runs(gaps_mm)
    around = np.full(gaps_mm.shape, np.inf)
    for number, (start, stop) in enumerate(runs):
        neighbours = [*runs[max(0, number - 1) : number], *runs[number + 1 : number + 2]]
        if stop - start < _SEGMENT_GAPS and neighbours:
            around[start:stop] = max(float(np.median(gaps_mm[first:last])) for first, last in neighbours)
    return around


def _runs(gaps_mm: Floats) -> list[tuple[int, int]]:
    """Return (start, stop) of the stretches whose gaps agree with the first of the stretch."""
    starts = [0]
    for index in range(1, gaps_mm.size):
        first = float(gaps_mm[starts[-1]])
        if abs(float(gaps_mm[index]) - first) > _SAME_SPACING * first:
            starts.append(index)
    return list(zip(starts, [*starts[1:], gaps_mm.size], strict=True))


def _spacing_by_numbers(gaps_mm: Floats, instance_numbers: list[int] | None) -> Floats:
    """Return for each gap whose numbers skip the spacing that the skip implies, where a neighbouring gap confirms it.

    Numbers that do not run along the stack prove nothing. Infinite where nothing is proved.
    """
    proved = np.full(gaps_mm.shape, np.inf)
    if instance_numbers is None:
        return proved
    skips = np.diff(np.array(instance_numbers, dtype=np.int64))
    if not ((skips > 0).all() or (skips < 0).all()):
        return proved
    skips = np.abs(skips)
    for k in np.flatnonzero(skips > 1):
        implied = float(gaps_mm[k]) / int(skips[k])
        beside = [float(gaps_mm[n]) for n in (k - 1, k + 1) if 0 <= n < gaps_mm.size and skips[n] == 1]
        if any(abs(gap - implied) <= _SAME_SPACING * gap for gap in beside):
            proved[k] = implied
    return proved
