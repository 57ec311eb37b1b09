"""The affine part of the registration: one resolution of template and scan, and the steps that bring them together.

Efficient second-order minimisation (Benhimane and Malis, IEEE/RSJ IROS 2004): Gauss-Newton whose gradient is the mean
of the template's and the warped scan's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.atlas import Atlas
from imaging.reduction import UprightGrid

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

STEPS_PER_LEVEL = 12
CONVERGED_MM = 0.05
"""Mean movement of the template's points in a step below which a level is done."""
LOW_Z_MM, LOW_WEIGHT = -36.0, 0.25
"""Below the temporal poles scans differ in coverage and streak artefacts; those points count less."""
OUTLIER_SCALE = 3.0
"""Residuals lose weight (Cauchy) beyond this many times their root mean square. A median would be too strict: most
points match well, and the few at the skull, which fix the size, would be lost as outliers."""


@dataclass(frozen=True, eq=False)
class Level:
    """One resolution of the affine step: template points with values and gradients, and the smoothed scan."""

    points: Floats
    """Shape (n, 3), template mm."""
    values: Floats
    """Shape (n,), the smoothed template there, HU."""
    gradients: Floats
    """Shape (n, 3), HU per mm."""
    weights: Floats
    """Shape (n,)."""
    scan: NDArray[np.float32]
    """The smoothed scan on ``grid``, HU."""
    scan_gradients: list[NDArray[np.float32]]
    """Its gradients along the grid's axes, HU per mm."""
    grid: UprightGrid


def level_at(grid: UprightGrid, clipped: NDArray[np.float32], atlas: Atlas, step_mm: float, sigma_mm: float) -> Level:
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
    return Level(
        points=points,
        values=template[cut][near[cut]].astype(float),
        gradients=gradients.astype(float),
        weights=np.where(points[:, 2] < LOW_Z_MM, LOW_WEIGHT, 1.0),
        scan=scan,
        scan_gradients=list(np.gradient(scan, grid.step_mm)),
        grid=grid,
    )


def descended(affine: Floats, level: Level, generators: Floats) -> Floats:
    """Gauss-Newton steps until the template's points hardly move."""
    for _ in range(STEPS_PER_LEVEL):
        step = _gauss_newton_step(affine, level, generators)
        affine = affine @ step
        moved = level.points @ (step[:3, :3] - np.eye(3)).T + step[:3, 3]
        if float(np.linalg.norm(moved, axis=1).mean()) < CONVERGED_MM:
            break
    return affine


def _sample(affine: Floats, level: Level) -> tuple[Floats, Floats, Mask]:
    """Scan values at the template's points, their gradients in template mm, and which points were scanned."""
    index = level.grid.index(level.points @ affine[:3, :3].T + affine[:3, 3]).T
    last = np.array(level.scan.shape)[:, None] - 1
    seen = np.all((index >= 0) & (index <= last), axis=0)
    values = ndimage.map_coordinates(level.scan, index, order=1)
    gradients = np.stack([ndimage.map_coordinates(g, index, order=1) for g in level.scan_gradients], axis=-1)
    to_template = (level.grid.affine[:3, :3] / level.grid.step_mm).T @ affine[:3, :3]
    return values.astype(float), gradients @ to_template, seen


def _gauss_newton_step(affine: Floats, level: Level, generators: Floats) -> Floats:
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


def correlation(affine: Floats, level: Level) -> float:
    """Correlation of template and scan where the scan was made; 0 if hardly anything overlaps."""
    values, _, seen = _sample(affine, level)
    if seen.sum() < 0.2 * seen.size:
        return 0.0
    return float(np.corrcoef(values[seen], level.values[seen])[0, 1])


_UNIT_MM = 50.0
"""Linear parameters act on positions in this unit, so that they weigh about as much as shifts."""


def full_affine() -> Floats:
    """Generators of shifts (3) and of all linear maps (9), shape (12, 4, 4)."""
    generators = np.zeros((12, 4, 4))
    for n in range(3):
        generators[n, n, 3] = 1
    for n in range(9):
        generators[3 + n, n // 3, n % 3] = 1 / _UNIT_MM
    return generators


def similarity() -> Floats:
    """Generators of shifts (3), rotations (3) and the common scale (1), shape (7, 4, 4)."""
    full = full_affine()
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
