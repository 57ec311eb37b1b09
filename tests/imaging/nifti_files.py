"""Writes the linear phantom of ``dicom_files`` as NIfTI, on any grid."""

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from tests.imaging.dicom_files import density_at

SHAPE = (40, 46, 12)


def grid(
    spacing: tuple[float, float, float] = (4.0, 4.0, 5.0), rotation: NDArray[np.float64] | None = None
) -> np.ndarray:
    """A 4x4 matrix of a grid about the origin, with the axes turned by ``rotation``."""
    affine = np.eye(4)
    affine[:3, :3] = (np.eye(3) if rotation is None else rotation) @ np.diag(spacing)
    affine[:3, 3] = -affine[:3, :3] @ (np.array(SHAPE) - 1) / 2
    return affine


def phantom(affine: NDArray[np.float64], shape: tuple[int, ...] = SHAPE) -> nib.Nifti1Image:
    """The phantom sampled on a grid, as int16, with both orientations set where the grid allows it."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in shape[:3]), indexing="ij"), axis=-1)
    hu = np.rint(density_at(index @ affine[:3, :3].T + affine[:3, 3])).astype(np.int16)
    image = nib.Nifti1Image(hu.reshape(shape), affine)
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1, strip_shears=True)
    return image


def save(image: nib.Nifti1Image, path: Path, edit: Callable[[np.ndarray], None] | None = None) -> Path:
    """Save an image, then let ``edit`` change fields of the header on disk that nibabel would refuse to write."""
    nib.save(image, path)
    if edit is not None:
        data = bytearray(path.read_bytes())
        header = np.frombuffer(data, dtype=image.header.template_dtype, count=1)
        edit(header)
        path.write_bytes(data)
    return path
