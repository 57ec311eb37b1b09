"""Lays the template over a scan: a similarity, an affine, then a smooth deformation; with numbers that say how well.

The affine step is efficient second-order minimisation (Benhimane and Malis, IEEE/RSJ IROS 2004): Gauss-Newton whose
gradient is the mean of the template's and the warped scan's. The deformable step is in :mod:`imaging.deformation`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.atlas import Atlas
from imaging.deformation import Deformation, deform
from imaging.head import Head
from imaging.reduction import UprightGrid
from imaging.refusals import RefusalCode, ScanRefused

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

MATCHED_HU = (0.0, 80.0)
"""Densities are clipped to this before matching: calcium, blood and bone remnants must not pull."""
COARSE_STEP_MM, COARSE_SIGMA_MM = 8.0, 6.0
FINE_STEP_MM, FINE_SIGMA_MM = 4.0, 3.0
STEPS_PER_LEVEL = 12
CONVERGED_MM = 0.05
"""Mean movement of the template's points in a step below which a level is done."""
LOW_Z_MM, LOW_WEIGHT = -36.0, 0.25
"""Below the temporal poles scans differ in coverage and streak artefacts; those points count less."""
CENTROID_DEPTH_MM = 105.0
"""The start aligns the centroids of the top of both intracranial masks: scans end at different depths below."""
OUTLIER_SCALE = 3.0
"""Residuals lose weight (Cauchy) beyond this many times their root mean square. A median would be too strict: most
points match well, and the few at the skull, which fix the size, would be lost as outliers."""

GOOD_NCC = 0.88
"""Affine correlation with the template below which other starts are tried as well."""
LEAST_NCC = 0.80
"""Below this no start has landed. Seen on heads: landed .83 to .90, facing backwards .73 to .83, upside down below .2.
The two ranges touch, so a backward landing is told by comparing starts, not by this limit."""
CLEARLY_BETTER_NCC = 0.01
LARGEST_TURN_DEGREES = 75.0
"""Patients lie turned by up to about 45 degrees. A head that faces backwards by its own file is more likely to carry a
wrong orientation than to have been scanned so, and then left and right cannot be trusted."""
PLAUSIBLE_SCALE = (0.68, 1.35)
"""Linear size of the head relative to the template."""
_BACKWARDS = (2, 180.0)
_CHIN_UP_OR_DOWN = ((0, -30.0), (0, 30.0))
"""Axis and angle of the further starts."""


@dataclass(frozen=True, eq=False)
class Registration:
    """Where template points lie in a scan and back, both in mm."""

    affine: Floats
    """4x4, template mm to scan RAS+ mm."""
    deformation: Deformation
    affine_ncc: float
    """Correlation of template and scan after the affine step, inside the skull, 4 mm grid."""
    scale: float
    """Cube root of the affine's determinant: linear size of this head relative to the template."""

    def template_to_scan(self, points_mm: Floats) -> Floats:
        """RAS+ scan positions of template positions, shape (..., 3), mm."""
        moved = points_mm + self.deformation.forward(points_mm)
        return np.asarray(moved @ self.affine[:3, :3].T + self.affine[:3, 3])

    def scan_to_template(self, points_mm: Floats) -> Floats:
        """Template positions of RAS+ scan positions, shape (..., 3), mm."""
        inverse = np.linalg.inv(self.affine)
        straight = points_mm @ inverse[:3, :3].T + inverse[:3, 3]
        return np.asarray(straight + self.deformation.backward(straight))


@dataclass(frozen=True, eq=False)
class _Level:
    """One resolution of the affine step: template points with values and gradients, and the smoothed scan."""

    points: Floats
    values: Floats
    gradients: Floats
    weights: Floats
    scan: NDArray[np.float32]
    scan_gradients: list[NDArray[np.float32]]
    grid: UprightGrid


def register(head: Head, atlas: Atlas, brain_mode_hu: float) -> Registration:
    """Register one head. Raises ScanRefused, REGISTRATION_FAILED or ORIENTATION_UNKNOWN."""
    clipped = np.where(head.mask, np.clip(head.grid.hu, *MATCHED_HU), 0).astype(np.float32)
    coarse = _level(head.grid, clipped, atlas, COARSE_STEP_MM, COARSE_SIGMA_MM)
    fine = _level(head.grid, clipped, atlas, FINE_STEP_MM, FINE_SIGMA_MM)
    affine, ncc = _landed(_start(head, atlas), coarse, fine, atlas)
    scale = float(np.cbrt(np.linalg.det(affine[:3, :3])))
    if ncc < LEAST_NCC or not PLAUSIBLE_SCALE[0] <= scale <= PLAUSIBLE_SCALE[1]:
        raise ScanRefused(
            RefusalCode.REGISTRATION_FAILED,
            "The head could not be matched with the atlas well enough to trust any region.",
            "Check that the scan shows an upright, complete head; score the ten regions by hand.",
        )
    if turn_degrees(affine) > LARGEST_TURN_DEGREES:
        raise ScanRefused(
            RefusalCode.ORIENTATION_UNKNOWN,
            "By the file's own orientation the head does not face forwards, so left and right cannot be trusted.",
            "Send the original DICOM series, or repair the orientation in the file.",
        )
    return Registration(affine, deform(head, atlas, affine, brain_mode_hu), ncc, scale)


def _level(grid: UprightGrid, clipped: NDArray[np.float32], atlas: Atlas, step_mm: float, sigma_mm: float) -> _Level:
    """Smooth scan and template alike and take the template's points every ``step_mm``."""
    voxel_mm = float(atlas.template_affine[0, 0])
    template = ndimage.gaussian_filter(atlas.template_hu, sigma_mm / voxel_mm)
    near = ndimage.binary_dilation(atlas.intracranial, iterations=round(sigma_mm / voxel_mm) + 1)
    every = round(step_mm / voxel_mm)
    offset = ((np.array(template.shape) - 1) % every) // 2  # the grid stays symmetric about x = 0
    cut = tuple(slice(int(o), None, every) for o in offset)
    gradients = np.stack([g[cut][near[cut]] for g in np.gradient(template, voxel_mm)], axis=-1)
    points = (np.argwhere(near[cut]) * every + offset) * voxel_mm + atlas.template_affine[:3, 3]
    scan = ndimage.gaussian_filter(clipped, sigma_mm / grid.step_mm)
    return _Level(
        points=points,
        values=template[cut][near[cut]].astype(float),
        gradients=gradients.astype(float),
        weights=np.where(points[:, 2] < LOW_Z_MM, LOW_WEIGHT, 1.0),
        scan=scan,
        scan_gradients=list(np.gradient(scan, grid.step_mm)),
        grid=grid,
    )


def _start(head: Head, atlas: Atlas) -> Floats:
    """Shift that brings the tops of both intracranial masks together; the scan's own axes are taken as they come."""
    affine = np.eye(4)
    affine[:3, 3] = _top_centroid(head.mask, head.grid.affine) - _top_centroid(
        atlas.intracranial, atlas.template_affine
    )
    return affine


def _top_centroid(mask: Mask, affine: Floats) -> Floats:
    points = np.argwhere(mask) @ affine[:3, :3].T + affine[:3, 3]
    top = float(np.percentile(points[:, 2], 99.5))
    return np.asarray(points[points[:, 2] > top - CENTROID_DEPTH_MM].mean(axis=0))


def _rotation(axis: int, degrees: float, atlas: Atlas) -> Floats:
    """Rotation about an axis through the middle of the template's brain."""
    centre = _top_centroid(atlas.intracranial, atlas.template_affine)
    first, second = [other for other in range(3) if other != axis]
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.eye(3)
    turn[first, first] = turn[second, second] = cosine
    turn[first, second], turn[second, first] = -sine, sine
    affine = np.eye(4)
    affine[:3, :3] = turn
    affine[:3, 3] = centre - turn @ centre
    return affine


def _landed(start: Floats, coarse: _Level, fine: _Level, atlas: Atlas) -> tuple[Floats, float]:
    """The best affine map over the starts, with its correlation; further starts only if the first is not good."""
    first = _coarse(start, coarse)
    affine, ncc = _fine(first, fine)
    if ncc >= GOOD_NCC:
        return affine, ncc
    turns = (_BACKWARDS, *_CHIN_UP_OR_DOWN) if ncc < LEAST_NCC else (_BACKWARDS,)
    others = [_coarse(start @ _rotation(axis, degrees, atlas), coarse) for axis, degrees in turns]
    best = max(others, key=lambda other: _correlation(other, coarse))
    if _correlation(best, coarse) > _correlation(first, coarse) + CLEARLY_BETTER_NCC:
        return max((affine, ncc), _fine(best, fine), key=lambda landing: landing[1])
    return affine, ncc


def turn_degrees(affine: Floats) -> float:
    """Angle by which an affine map turns the head, scale and shear left aside."""
    left, _, right = np.linalg.svd(affine[:3, :3])
    cosine = (np.trace(left @ right) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _coarse(start: Floats, level: _Level) -> Floats:
    """Similarity, then affine, on the coarse level."""
    return _descended(_descended(start, level, _similarity()), level, _full_affine())


def _fine(start: Floats, level: _Level) -> tuple[Floats, float]:
    """Affine on the fine level, with the correlation reached."""
    affine = _descended(start, level, _full_affine())
    return affine, _correlation(affine, level)


def _descended(affine: Floats, level: _Level, generators: Floats) -> Floats:
    """Gauss-Newton steps until the template's points hardly move."""
    for _ in range(STEPS_PER_LEVEL):
        step = _gauss_newton_step(affine, level, generators)
        affine = affine @ step
        moved = level.points @ (step[:3, :3] - np.eye(3)).T + step[:3, 3]
        if float(np.linalg.norm(moved, axis=1).mean()) < CONVERGED_MM:
            break
    return affine


def _sample(affine: Floats, level: _Level) -> tuple[Floats, Floats, Mask]:
    """Scan values at the template's points, their gradients in template mm, and which points were scanned."""
    index = level.grid.index(level.points @ affine[:3, :3].T + affine[:3, 3]).T
    last = np.array(level.scan.shape)[:, None] - 1
    seen = np.all((index >= 0) & (index <= last), axis=0)
    values = ndimage.map_coordinates(level.scan, index, order=1)
    gradients = np.stack([ndimage.map_coordinates(g, index, order=1) for g in level.scan_gradients], axis=-1)
    to_template = (level.grid.affine[:3, :3] / level.grid.step_mm).T @ affine[:3, :3]
    return values.astype(float), gradients @ to_template, seen


def _gauss_newton_step(affine: Floats, level: _Level, generators: Floats) -> Floats:
    """One update, as a 4x4 transform of template space."""
    values, gradients, seen = _sample(affine, level)
    weights = level.weights * seen
    slope, offset = _line(values, level.values, weights)
    residual = level.values - (slope * values + offset)
    spread = float(np.sqrt((residual[seen] ** 2).mean())) if seen.any() else 1.0
    weights = weights / (1 + (residual / (OUTLIER_SCALE * max(spread, 1e-3))) ** 2)
    mean_gradient = (level.gradients + slope * gradients) / 2
    homogeneous = np.concatenate([level.points, np.ones((len(level.points), 1))], axis=1)
    jacobian = np.stack([np.einsum("nc,nc->n", mean_gradient, homogeneous @ g[:3].T) for g in generators], axis=1)
    normal = jacobian.T @ (jacobian * weights[:, None])
    normal += np.eye(len(generators)) * 1e-6 * np.trace(normal) + np.eye(len(generators)) * 1e-9
    update = np.linalg.solve(normal, jacobian.T @ (weights * residual))
    return _exponential(np.tensordot(update, generators, axes=1))


def _line(values: Floats, targets: Floats, weights: Floats) -> tuple[float, float]:
    """Weighted straight line from scan values to template values; scanners differ in calibration."""
    total = max(float(weights.sum()), 1e-9)
    mean_v, mean_t = float(weights @ values) / total, float(weights @ targets) / total
    variance = float(weights @ (values - mean_v) ** 2)
    slope = float(weights @ ((values - mean_v) * (targets - mean_t))) / max(variance, 1e-9)
    slope = float(np.clip(slope, 0.2, 5.0))
    return slope, mean_t - slope * mean_v


def _correlation(affine: Floats, level: _Level) -> float:
    """Correlation of template and scan where the scan was made; 0 if hardly anything overlaps."""
    values, _, seen = _sample(affine, level)
    if seen.sum() < 0.2 * seen.size:
        return 0.0
    return float(np.corrcoef(values[seen], level.values[seen])[0, 1])


_UNIT_MM = 50.0
"""Linear parameters act on positions in this unit, so that they weigh about as much as shifts."""


def _full_affine() -> Floats:
    """Generators of shifts (3) and of all linear maps (9), shape (12, 4, 4)."""
    generators = np.zeros((12, 4, 4))
    for n in range(3):
        generators[n, n, 3] = 1
    for n in range(9):
        generators[3 + n, n // 3, n % 3] = 1 / _UNIT_MM
    return generators


def _similarity() -> Floats:
    """Generators of shifts (3), rotations (3) and the common scale (1), shape (7, 4, 4)."""
    full = _full_affine()
    linear = full[3:].reshape(3, 3, 4, 4)
    turns = [linear[a, b] - linear[b, a] for a, b in ((2, 1), (0, 2), (1, 0))]
    return np.stack([*full[:3], *turns, linear[0, 0] + linear[1, 1] + linear[2, 2]])


def _exponential(matrix: Floats) -> Floats:
    """Matrix exponential of a small 4x4 matrix by its series; large steps are scaled down to stay within it."""
    largest = 0.3
    size = float(np.abs(matrix[:3, :3]).max())
    if size > largest:
        matrix = matrix * (largest / size)
    result, term = np.eye(4), np.eye(4)
    for n in range(1, 10):
        term = term @ matrix / n
        result = result + term
    return result
