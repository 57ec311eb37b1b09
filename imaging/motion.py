"""Did the head move while it was scanned? Streaks that neighbouring slices do not share, and outlines that jump.

Three measures, all relative to neighbouring slices, so that anatomy, noise and tilt cancel. Their limits lie above what
heads that kept still show and below what simulated motion does (``bench/motion_trial.py``).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.head import Head
from imaging.refusals import RefusalCode, ScanRefused
from imaging.result import Warning as ReadingWarning
from imaging.volume import CtVolume

Floats = NDArray[np.float64]

DEEP_MM = 8.0
"""Closer to the skull slices differ by its shape."""
LEAST_MM2 = 4000.0
"""Slices with less brain are left out: the vertex and the skull base."""
CLIPPED_HU, SMOOTHING_MM = (-50.0, 130.0), 2.0
"""Noise is finer than streaks."""
STREAKS_HU, SEVERE_STREAKS_HU = 5.0, 8.0
"""Robust spread of a slice's difference from its neighbours. Still heads show up to 4.2 HU (slices 7 mm apart)."""
STREAKS_BEYOND_QUIET = 1.5
"""And so many times that of the scan's quieter slices: noise is alike in all of them."""
STEP_MM, SEVERE_STEP_MM = 6.0, 8.0
"""Jump of the head's middle from slice to slice. One scanner with two rows of detectors and a tilted gantry shifts
every second slice by 2.4 mm, which counts as 5."""
TURN_DEGREES, SEVERE_TURN_DEGREES = 6.0, 10.0
"""Turn from slice to slice. Still heads show up to 4."""
BODY_HU, SECTORS, LARGEST_TURN_SECTORS = -300.0, 180, 15
LEAST_OVALNESS_MM = 2.0
"""A rounder outline tells no turn; heads are oval by 6 mm and more."""
MISMATCH_LEFT = 0.8
"""Turned back, outlines of a head that turned disagree by at most so much of what they did (seen: 0.27 to 0.73);
outlines that differ in shape, as near the vertex, gain next to nothing (0.91 and more)."""
FEWEST_SLICES = 4
MOTION_SUSPECTED = ReadingWarning(
    "MOTION_SUSPECTED",
    "The head may have moved during the scan: look for streaks and for slices that do not fit their neighbours.",
)


@dataclass(frozen=True, slots=True)
class Motion:
    """How much neighbouring slices disagree; 0 where too few slices could be compared."""

    streaks_hu: float
    quiet_hu: float
    """The same measure of the scan's quieter slices (lower quartile)."""
    step_mm: float
    turn_degrees: float

    @property
    def is_suspected(self) -> bool:
        """Whether a reader should look for it."""
        streaks = self.streaks_hu > max(STREAKS_HU, STREAKS_BEYOND_QUIET * self.quiet_hu)
        return streaks or self.step_mm > STEP_MM or self.turn_degrees >= TURN_DEGREES

    @property
    def is_severe(self) -> bool:
        """Whether densities or outlines can no longer be trusted."""
        streaks = self.streaks_hu > max(SEVERE_STREAKS_HU, STREAKS_BEYOND_QUIET * self.quiet_hu)
        return streaks or self.step_mm > SEVERE_STEP_MM or self.turn_degrees >= SEVERE_TURN_DEGREES

    def to_json(self) -> dict[str, float]:
        """Plain values."""
        return {
            "streaks_hu": round(self.streaks_hu, 1),
            "step_mm": round(self.step_mm, 1),
            "turn_degrees": round(self.turn_degrees, 1),
        }


def motion_of(stack: CtVolume, head: Head) -> Motion:
    """Compare every slice with its neighbours.

    Parameters
    ----------
    stack : averaged to about 2 mm in plane, slices of at most about 5 mm where the scan has thin ones.
    """
    deep = _deep(stack, head)
    pixel_mm2 = float(np.prod(stack.spacing_mm))
    shown = [k for k in range(stack.slice_count) if deep[:, :, k].sum() * pixel_mm2 > LEAST_MM2]
    if len(shown) < FEWEST_SLICES:
        return Motion(0.0, 0.0, 0.0, 0.0)
    height = stack.slice_positions_mm[shown]
    streaks = _streaks_hu(stack, deep, shown, height)
    outlines = [_outline(stack, k) for k in shown]
    middles = np.array([middle for middle, _ in outlines])
    turns = [turn_degrees(here, there) for (_, here), (_, there) in pairwise(outlines)]
    return Motion(max(streaks), float(np.percentile(streaks, 25)), _step_mm(middles, height), max(turns))


def _deep(stack: CtVolume, head: Head) -> NDArray[np.bool_]:
    """Voxels of the stack well inside the skull."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in stack.hu.shape), indexing="ij"), axis=-1).astype(float)
    at = head.grid.index(stack.index_to_world(index)).reshape(-1, 3).T
    depth = ndimage.map_coordinates(head.depth_mm, at, order=0).reshape(stack.hu.shape)
    return np.asarray(depth > DEEP_MM)


def _between_neighbours(values: Floats, height: Floats, n: int) -> Floats:
    """What slice ``n`` would be if it lay on a straight line between its neighbours."""
    share = (height[n] - height[n - 1]) / (height[n + 1] - height[n - 1])
    return np.asarray(values[n - 1] * (1 - share) + values[n + 1] * share)


def _streaks_hu(stack: CtVolume, deep: NDArray[np.bool_], shown: list[int], height: Floats) -> list[float]:
    """Robust spread of the difference of each slice from its neighbours, HU."""
    sigma = [SMOOTHING_MM / size for size in stack.spacing_mm]
    planes = np.stack([ndimage.gaussian_filter(np.clip(stack.slice_hu(k), *CLIPPED_HU), sigma) for k in shown])
    spread = []
    for n in range(1, len(shown) - 1):
        common = deep[:, :, shown[n - 1 : n + 2]].all(axis=2)
        differences = (planes[n] - _between_neighbours(planes, height, n))[common]
        if differences.size:
            spread.append(1.4826 * float(np.median(np.abs(differences - np.median(differences)))))
    return spread or [0.0]


def _outline(stack: CtVolume, k: int) -> tuple[Floats, Floats]:
    """The head's middle, mm along the slice's axes in the patient; its radius by direction, mm, shape (sectors,)."""
    labels, count = ndimage.label(ndimage.binary_opening(stack.slice_hu(k) > BODY_HU, iterations=1))
    sizes = np.bincount(labels.ravel(), minlength=2)
    sizes[0] = 0
    body = ndimage.binary_fill_holes(labels == sizes.argmax()) if count else np.ones(labels.shape, dtype=bool)
    spacing = np.array(stack.spacing_mm)
    axes = np.stack([stack.step_i_mm, stack.step_j_mm]) / spacing[:, None]
    middle = np.argwhere(body).mean(axis=0) * spacing
    edge = np.argwhere(body & ~ndimage.binary_erosion(body)) * spacing - middle
    sector = ((np.degrees(np.arctan2(edge[:, 1], edge[:, 0])) % 360) * SECTORS / 360).astype(int) % SECTORS
    counts = np.bincount(sector, minlength=SECTORS)
    radius = np.bincount(sector, np.hypot(edge[:, 0], edge[:, 1]), minlength=SECTORS) / np.maximum(counts, 1)
    radius[counts == 0] = radius[counts > 0].mean()
    return middle + axes @ stack.slice_origins_mm[k], radius


def _step_mm(middles: Floats, height: Floats) -> float:
    """Largest jump of the middle between two slices that the slices around them do not go along with."""
    bent = [middles[n] - _between_neighbours(middles, height, n) for n in range(1, len(middles) - 1)]
    return float(np.linalg.norm(np.diff(bent, axis=0), axis=1).max())


def turn_degrees(here: Floats, there: Floats) -> float:
    """Angle by which one outline must be turned to look most like the next; 0 where no turn makes them much alike.

    Parameters
    ----------
    here, there : radius by direction in millimetres, shape (sectors,), sectors of equal width all round.
    """
    here, there = here - here.mean(), there - there.mean()
    if min(here.std(), there.std()) < LEAST_OVALNESS_MM:
        return 0.0
    shifts = sorted(range(-LARGEST_TURN_SECTORS, LARGEST_TURN_SECTORS + 1), key=abs)
    best = max(shifts, key=lambda shift: float(here @ np.roll(there, shift)))
    if (here - np.roll(there, best)).std() > MISMATCH_LEFT * (here - there).std():
        return 0.0
    return abs(best) * 360.0 / SECTORS


def check_motion(motion: Motion) -> None:
    """The head kept still: MOTION_ARTEFACT."""
    if motion.is_severe:
        raise ScanRefused(
            RefusalCode.MOTION_ARTEFACT,
            "The head moved during the scan: neighbouring slices do not fit each other.",
            "Scan again, or read the scan by eye and enter the ten regions by hand.",
        )
