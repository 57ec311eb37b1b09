"""Smaller copies of a scan: block means on the scanner's own slices, and an upright grid for shape operations."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.volume import OUTSIDE_SCAN_HU, CtVolume

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Blocks:
    """How many of the scan's voxels were averaged into one, along i, j and k."""

    i: int
    j: int
    k: int

    @property
    def voxels(self) -> int:
        """Scan voxels in one block."""
        return self.i * self.j * self.k


def blocks_for(volume: CtVolume, in_plane_mm: float, slice_mm: float) -> Blocks:
    """The largest blocks whose size stays at or below the given mm, at least one voxel.

    Slices are only joined when all of them lie close: a stack with one wide gap keeps every slice.
    """
    size_i, size_j = volume.spacing_mm
    widest = float(volume.gaps_mm.max()) if volume.gaps_mm.size else np.inf
    return Blocks(
        max(1, int(in_plane_mm / size_i + 1e-6)),
        max(1, int(in_plane_mm / size_j + 1e-6)),
        max(1, int(slice_mm / widest + 1e-6)) if widest > 0 else 1,
    )


def block_mean(volume: CtVolume, blocks: Blocks) -> CtVolume:
    """Average blocks of voxels; voxels that do not fill a block at the far ends are left out.

    The result is again a stack of slices, each at the mean position of those it came from; its densities are float32.
    """
    if blocks.voxels == 1 and volume.hu.dtype == np.float32:
        return volume
    ni, nj, nk = (n // b for n, b in zip(volume.hu.shape, (blocks.i, blocks.j, blocks.k), strict=True))
    hu = np.zeros((ni, nj, nk), dtype=np.float32)
    offsets = list(np.ndindex(blocks.i, blocks.j))
    for k in range(nk):  # slice by slice: memory stays at one slice beyond the result
        total = np.zeros((ni, nj), dtype=np.float32)
        for part in range(blocks.k):
            full = volume.hu[: ni * blocks.i, : nj * blocks.j, k * blocks.k + part]
            for i, j in offsets:
                total += full[i :: blocks.i, j :: blocks.j]
        hu[:, :, k] = total / blocks.voxels
    centre = volume.step_i_mm * (blocks.i - 1) / 2 + volume.step_j_mm * (blocks.j - 1) / 2
    origins = volume.slice_origins_mm[: nk * blocks.k].reshape(nk, blocks.k, 3).mean(axis=1) + centre
    return CtVolume(hu, volume.step_i_mm * blocks.i, volume.step_j_mm * blocks.j, origins, volume.acquisition)


@dataclass(frozen=True, eq=False)
class UprightGrid:
    """An isotropic, unsheared copy of a scan: what distance transforms and gradients need.

    Each grid slice takes the nearest scanned slice: blending a thick slice with its neighbour would invent
    half-dense bone over the convexity.
    """

    hu: NDArray[np.float32]
    """Shape (a, b, c); ``OUTSIDE_SCAN_HU`` where nothing was scanned."""
    affine: Floats
    """4x4, grid index to RAS+ mm; its columns are orthogonal and ``step_mm`` long."""
    step_mm: float

    def index(self, points_mm: Floats) -> Floats:
        """Fractional grid indices of RAS+ positions, shape (..., 3)."""
        inverse = np.linalg.inv(self.affine)
        return np.asarray(points_mm @ inverse[:3, :3].T + inverse[:3, 3])


def bounding_box(mask: NDArray[np.bool_], margin: int = 0) -> tuple[slice, ...]:
    """The smallest box that holds a mask, with so many voxels around it; empty for an empty mask."""
    box = []
    for axis in range(mask.ndim):
        used = np.flatnonzero(mask.any(axis=tuple(other for other in range(mask.ndim) if other != axis)))
        box.append(slice(max(0, int(used[0]) - margin), int(used[-1]) + margin + 1) if used.size else slice(0, 0))
    return tuple(box)


def cropped(grid: UprightGrid, box: tuple[slice, ...]) -> UprightGrid:
    """A box of a grid, each voxel where it was."""
    affine = grid.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ np.array([part.start for part in box], dtype=float)
    return UprightGrid(np.ascontiguousarray(grid.hu[box]), affine, grid.step_mm)


def upright(volume: CtVolume, step_mm: float) -> UprightGrid:
    """Sample a stack on an isotropic grid along its own slice normal."""
    frame = np.stack([volume.step_i_mm / volume.spacing_mm[0], np.zeros(3), volume.slice_normal], axis=1)
    frame[:, 1] = np.cross(frame[:, 2], frame[:, 0])
    ni, nj, nk = volume.hu.shape
    corners = volume.index_to_world(
        np.array([[i, j, k] for i in (0, ni - 1) for j in (0, nj - 1) for k in (0, nk - 1)], dtype=float)
    )
    local = corners @ frame
    low, high = local.min(axis=0), local.max(axis=0)
    shape = np.floor((high - low) / step_mm).astype(int) + 1
    affine = np.eye(4)
    affine[:3, :3] = frame * step_mm
    spare = (high - low) - (shape - 1) * step_mm  # shared out to both ends, so that a mirrored scan gets the same grid
    affine[:3, 3] = frame @ (low + spare / 2)
    hu = np.full(shape, OUTSIDE_SCAN_HU, dtype=np.float32)
    a, b = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
    for c in range(shape[2]):
        plane = np.stack([a, b, np.full_like(a, c)], axis=-1) @ affine[:3, :3].T + affine[:3, 3]
        index = volume.world_to_index(plane)
        k = int(np.clip(round(float(index[0, 0, 2])), 0, nk - 1))  # the slices are parallel to this plane
        ndimage.map_coordinates(
            volume.hu[:, :, k], (index[..., 0], index[..., 1]), output=hu[:, :, c], order=1, cval=OUTSIDE_SCAN_HU
        )
    return UprightGrid(hu, affine, step_mm)
