"""NIfTI-1 and NIfTI-2 headers: what a file says of itself, and a header to write maps with.

A fixed record of 348 or 540 bytes (nifti1.h, nifti2.h of the NIfTI data format working group). It is read here and not
by nibabel because loading that library costs a reading a quarter of a second and 40 MB; tests hold both to each other.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NIFTI1_BYTES, NIFTI2_BYTES = 348, 540
_VOXELS_FROM = 352
"""Header and the four bytes that say that no extension follows."""

_NIFTI1: dict[str, tuple[str, int]] = {
    "dim": ("8i2", 40), "datatype": ("i2", 70), "bitpix": ("i2", 72), "pixdim": ("8f4", 76), "vox_offset": ("f4", 108),
    "scl_slope": ("f4", 112), "scl_inter": ("f4", 116), "xyzt_units": ("u1", 123), "descrip": ("S80", 148),
    "qform_code": ("i2", 252), "sform_code": ("i2", 254), "quatern": ("3f4", 256), "qoffset": ("3f4", 268),
    "srow": ("(3,4)f4", 280), "magic": ("S4", 344), "sizeof_hdr": ("i4", 0),
}  # fmt: skip
_NIFTI2: dict[str, tuple[str, int]] = {
    "dim": ("8i8", 16), "datatype": ("i2", 12), "bitpix": ("i2", 14), "pixdim": ("8f8", 104), "vox_offset": ("i8", 168),
    "scl_slope": ("f8", 176), "scl_inter": ("f8", 184), "xyzt_units": ("i4", 500), "descrip": ("S80", 240),
    "qform_code": ("i4", 344), "sform_code": ("i4", 348), "quatern": ("3f8", 352), "qoffset": ("3f8", 376),
    "srow": ("(3,4)f8", 400), "magic": ("S8", 4), "sizeof_hdr": ("i4", 0),
}  # fmt: skip
_MAGIC = {NIFTI1_BYTES: (b"n+1", b"ni1"), NIFTI2_BYTES: (b"n+2", b"ni2")}
_NUMBER_TYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 32: "c8", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
    1536: "f16", 1792: "c16", 2048: "c32",
}  # fmt: skip
_COLOURS = {128: "V3", 2304: "V4"}
_LEAST_ROTATION = 1e-3
"""Length beyond 1 by which a quaternion may miss: its parts are single-precision."""
_SCANNER_ANAT, _MILLIMETRES = 1, 2


@dataclass(frozen=True, slots=True)
class NiftiHeader:
    """What a header says, in plain types; nothing is judged."""

    is_pair: bool
    """The voxels lie in another file (.hdr and .img)."""
    sizes: tuple[int, ...] | None
    """Voxels along each axis; ``None``: the number of axes is nonsense."""
    number_type: np.dtype[Any] | None
    """In the file's byte order; ``None``: unknown code."""
    voxel_sizes: Floats
    """Shape (3,), unsigned, in ``units``."""
    units: int
    voxels_from: float
    """Offset of the first voxel in the file, bytes."""
    slope: float
    intercept: float
    sform: Floats | None
    """4x4, voxel index to ``units``; ``None``: not stated."""
    qform: Floats | None
    """The same from the quaternion; zeros if it is no rotation."""


def header_bytes(head: bytes) -> int | None:
    """348 or 540 for a NIfTI header in either byte order, ``None`` for anything else."""
    for size, magic_at in ((NIFTI1_BYTES, 344), (NIFTI2_BYTES, 4)):
        stated = {int.from_bytes(head[:4], "little"), int.from_bytes(head[:4], "big")}
        if len(head) >= size and size in stated and head[magic_at : magic_at + 3] in _MAGIC[size]:
            return size
    return None


def parsed_header(head: bytes) -> NiftiHeader:
    """What a header says; ``head`` has the length that :func:`header_bytes` gave for it."""
    order: Literal["<", ">"] = "<" if int.from_bytes(head[:4], "little") == len(head) else ">"
    fields = np.frombuffer(head, dtype=_record(len(head), order))[0]
    axes = int(fields["dim"][0])
    code = int(fields["datatype"])
    name = _NUMBER_TYPES.get(code) or _COLOURS.get(code)
    return NiftiHeader(
        is_pair=bytes(fields["magic"])[:2] == b"ni",
        sizes=tuple(int(size) for size in fields["dim"][1 : axes + 1]) if 1 <= axes < fields["dim"].size else None,
        number_type=np.dtype(name).newbyteorder(order) if name else None,
        voxel_sizes=np.abs(fields["pixdim"][1:4].astype(np.float64)),
        units=int(fields["xyzt_units"]),
        voxels_from=float(fields["vox_offset"]),
        slope=float(fields["scl_slope"]),
        intercept=float(fields["scl_inter"]),
        sform=np.vstack([fields["srow"].astype(np.float64), [0, 0, 0, 1]]) if fields["sform_code"] > 0 else None,
        qform=_qform(fields) if fields["qform_code"] > 0 else None,
    )


def _record(size: int, order: Literal["<", ">"]) -> np.dtype[Any]:
    fields = _NIFTI1 if size == NIFTI1_BYTES else _NIFTI2
    formats = [np.dtype(text).newbyteorder(order) for text, _ in fields.values()]
    return np.dtype(
        {"names": list(fields), "formats": formats, "offsets": [at for _, at in fields.values()], "itemsize": size}
    )


def _qform(fields: Any) -> Floats:
    """The standard's method 2: a rotation by a quaternion whose first part follows from the other three."""
    b, c, d = fields["quatern"].astype(np.float64)
    rest = 1.0 - (b * b + c * c + d * d)
    matrix = np.eye(4)
    if not rest > -_LEAST_ROTATION:  # not-a-number included
        return np.zeros((4, 4))
    a = np.sqrt(max(rest, 0.0))
    length = np.sqrt(a * a + b * b + c * c + d * d)
    a, b, c, d = a / length, b / length, c / length, d / length
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    sizes = np.abs(fields["pixdim"][1:4].astype(np.float64))
    sizes[2] *= -1.0 if fields["pixdim"][0] < 0 else 1.0
    matrix[:3, :3] = rotation * sizes
    matrix[:3, 3] = fields["qoffset"]
    return matrix


def nifti_start(
    shape: tuple[int, int, int], number_type: np.dtype[Any], affine_mm: Floats, description: str, slope: float = 1.0
) -> bytes:
    """All that stands before the voxels in a NIfTI-1 file of one volume; they follow slice by slice, i fastest.

    Parameters
    ----------
    number_type : one that NIfTI knows, little-endian.
    affine_mm : 4x4, voxel index to RAS+ mm. Shear (gantry tilt) is kept: only the sform states it.
    slope : what stored values are multiplied by.
    """
    header = np.zeros((), dtype=_record(NIFTI1_BYTES, "<"))
    code = next(code for code, name in _NUMBER_TYPES.items() if np.dtype(name) == number_type)
    header["sizeof_hdr"], header["magic"], header["vox_offset"] = NIFTI1_BYTES, b"n+1", _VOXELS_FROM
    header["dim"][:4] = [3, *shape]
    header["dim"][4:] = 1
    header["datatype"], header["bitpix"] = code, number_type.itemsize * 8
    header["pixdim"][:4] = [1, *np.linalg.norm(affine_mm[:3, :3], axis=0)]
    header["pixdim"][4:] = 1
    header["scl_slope"], header["xyzt_units"], header["descrip"] = slope, _MILLIMETRES, description.encode()
    header["sform_code"], header["srow"] = _SCANNER_ANAT, affine_mm[:3]
    return header.tobytes() + bytes(_VOXELS_FROM - NIFTI1_BYTES)


def nifti_file(values: NDArray[Any], affine_mm: Floats, description: str, slope: float = 1.0) -> bytes:
    """A whole uncompressed file of an array of shape (i, j, k); the rest as of :func:`nifti_start`."""
    i, j, k = values.shape
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return nifti_start((i, j, k), values.dtype, affine_mm, description, slope) + little.tobytes(order="F")
