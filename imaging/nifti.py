"""Reads a head CT from NIfTI-1 or NIfTI-2: one file, plain or gzipped.

The header is judged before a single voxel is allocated. Which of the two orientations in a header counts follows the
NIfTI-1 standard (nifti1.h, "methods 2 and 3"), with one addition: a matrix that contradicts the stated voxel size is
not trusted.
"""

import struct
from typing import Protocol

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from imaging.hostile_bytes import corrupt_file, parsing_foreign_bytes
from imaging.nifti_orientation import millimetre_affine, stack_along_head
from imaging.read_limits import ReadLimits, check_grid_size
from imaging.refusals import RefusalCode, ScanRefused
from imaging.volume import OUTSIDE_SCAN_HU, Acquisition, CtVolume

MIN_SLICES = 5
"""Fewer slices cannot hold both ASPECTS levels, whatever their thickness."""

_NIFTI1_SIZE = 348
_NIFTI2_SIZE = 540
_MAX_EXTENSION_BYTES = 16 << 20
_CHUNK_BYTES = 4 << 20
_VOLUME_AXES = 3

Header = nib.Nifti1Header | nib.Nifti2Header


class ByteStream(Protocol):
    """Anything that hands out bytes from front to back: an open file or a decompressor."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; fewer only at the end."""
        ...


def looks_like_nifti(head: bytes) -> bool:
    """Whether the first 540 bytes of a file are a NIfTI header, single file or one half of a pair."""
    return header_size(head) is not None


def header_size(head: bytes) -> int | None:
    """Return 348 or 540 for a NIfTI-1 or NIfTI-2 header in either byte order, ``None`` for anything else."""
    if len(head) < _NIFTI1_SIZE:
        return None
    sizes = struct.unpack("<i", head[:4]) + struct.unpack(">i", head[:4])
    if _NIFTI1_SIZE in sizes and head[344:347] in {b"n+1", b"ni1"}:
        return _NIFTI1_SIZE
    if _NIFTI2_SIZE in sizes and len(head) >= _NIFTI2_SIZE and head[4:7] in {b"n+2", b"ni2"}:
        return _NIFTI2_SIZE
    return None


def read_nifti(stream: ByteStream, limits: ReadLimits, stored_bytes: int | None = None) -> CtVolume:
    """Read one volume from a stream that stands at the header.

    Parameters
    ----------
    stream
        Uncompressed NIfTI bytes; read once from front to back, so a decompressor will do.
    limits
        Caps; enforced before the voxels are allocated.
    stored_bytes
        Size of the uncompressed file; ``None`` where only unpacking would tell.

    Raises
    ------
    ScanRefused
        ``CORRUPT_FILE``, ``TOO_LARGE``, ``GEOMETRY_UNREADABLE``, ``ORIENTATION_UNKNOWN``, ``COVERAGE_INCOMPLETE`` or
        ``NOT_HU``.
    """
    header, consumed = _read_header(stream)
    shape = _volume_shape(header, limits)
    notes: list[str] = []
    affine = millimetre_affine(header, notes)
    slope, intercept = _scaling(header)
    raw = _read_voxels(stream, header, shape, consumed, stored_bytes)
    hu = _to_hounsfield(raw, slope, intercept, notes)
    hu, affine = stack_along_head(hu, affine, notes)
    if hu.shape[2] < MIN_SLICES:
        raise ScanRefused(
            RefusalCode.COVERAGE_INCOMPLETE,
            f"The scan has {hu.shape[2]} slices, too few to cover the brain.",
            "Send the complete head CT series.",
        )
    origins = affine[:3, 3] + np.arange(hu.shape[2])[:, None] * affine[:3, 2]
    return CtVolume(
        hu=hu,
        step_i_mm=affine[:3, 0].copy(),
        step_j_mm=affine[:3, 1].copy(),
        slice_origins_mm=origins,
        acquisition=Acquisition(source_format="nifti", notes=tuple(notes)),
    )


def _read_header(stream: ByteStream) -> tuple[Header, int]:
    """Return the parsed header and the number of bytes taken from the stream."""
    with parsing_foreign_bytes("The NIfTI file is damaged: its header cannot be read."):
        head = stream.read(_NIFTI1_SIZE)
        if len(head) == _NIFTI1_SIZE and header_size(head) is None:
            head += stream.read(_NIFTI2_SIZE - _NIFTI1_SIZE)
        size = header_size(head)
        if size is None:
            raise corrupt_file("The NIfTI file is damaged: its header is incomplete.")
        kind = nib.Nifti1Header if size == _NIFTI1_SIZE else nib.Nifti2Header
        header: Header = kind(head[:size], check=False)  # type: ignore[no-untyped-call]
        if bytes(header["magic"])[:2] == b"ni":
            raise corrupt_file(
                "The file is one half of a NIfTI pair (.hdr and .img), which cannot be read on its own.",
                "Save the scan as one file (.nii or .nii.gz).",
            )
        return header, size


def _volume_shape(header: Header, limits: ReadLimits) -> tuple[int, int, int]:
    """Return the (i, j, k) sizes, each checked against nonsense and limits."""
    axes = int(header["dim"][0])
    sizes = [int(size) for size in header["dim"][1 : axes + 1]] if 1 <= axes < len(header["dim"]) else []
    if not sizes or min(sizes) < 1:
        raise corrupt_file("The NIfTI file is damaged: its image size is not a positive number.")
    if max(sizes[_VOLUME_AXES:], default=1) > 1:
        raise ScanRefused(
            RefusalCode.GEOMETRY_UNREADABLE,
            "The file holds several volumes, and it does not say which of them is the plain head CT.",
            "Send one file with the non-contrast volume alone.",
        )
    columns, rows, slices = (*sizes, 1, 1)[:_VOLUME_AXES]
    check_grid_size(columns, rows, slices, limits)
    return columns, rows, slices


def _scaling(header: Header) -> tuple[float, float]:
    """Return slope and intercept; a slope of zero or not-a-number means unscaled values, as the standard says."""
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if slope == 0 or not np.isfinite(slope):
        return 1.0, 0.0
    if not np.isfinite(intercept):
        raise corrupt_file("The NIfTI file is damaged: the intercept of its densities is not a number.")
    return slope, intercept


def _read_voxels(
    stream: ByteStream, header: Header, shape: tuple[int, int, int], consumed: int, stored_bytes: int | None
) -> NDArray[np.generic]:
    """Return the stored numbers, shape (i, j, k), in the file's own type; reads no more bytes than the header needs."""
    with parsing_foreign_bytes("The NIfTI file is damaged: its number type cannot be read."):
        dtype = np.dtype(header.get_data_dtype())  # type: ignore[no-untyped-call]
    if dtype.kind not in "iuf" or dtype.itemsize > np.dtype(np.float64).itemsize:
        raise ScanRefused(
            RefusalCode.NOT_HU,
            "The file holds colours or complex numbers instead of CT densities.",
            "Send the CT in Hounsfield units, saved as whole numbers.",
        )
    offset = float(header["vox_offset"])
    if not offset.is_integer() or not consumed <= offset <= consumed + _MAX_EXTENSION_BYTES:
        raise corrupt_file("The NIfTI file is damaged: it does not say properly where its voxels begin.")
    wanted = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if stored_bytes is not None and stored_bytes < offset + wanted:
        raise corrupt_file("The NIfTI file is cut short: it holds fewer voxels than its header says.")
    _read_exactly(stream, int(offset) - consumed)
    voxels = np.frombuffer(_read_exactly(stream, wanted), dtype=dtype).reshape(shape, order="F")
    with parsing_foreign_bytes("The NIfTI file is damaged: its compressed voxels fail their checksum."):
        stream.read(1)  # A gzip stream compares its checksum when it comes to its end.
    return voxels


def _read_exactly(stream: ByteStream, count: int) -> bytearray:
    """Return ``count`` bytes; memory grows with what arrives, not with what a header promises."""
    taken = bytearray()
    with parsing_foreign_bytes("The NIfTI file is damaged: its compressed voxels cannot be unpacked."):
        while len(taken) < count:
            chunk = stream.read(min(_CHUNK_BYTES, count - len(taken)))
            if not chunk:
                raise corrupt_file("The NIfTI file is cut short: it holds fewer voxels than its header says.")
            taken += chunk
    return taken


def _to_hounsfield(raw: NDArray[np.generic], slope: float, intercept: float, notes: list[str]) -> NDArray[np.float32]:
    """Return Hounsfield units as float32, shape unchanged; voxels without a finite value become padding."""
    with np.errstate(over="ignore", invalid="ignore"):
        hu = raw.astype(np.float32)
        if (slope, intercept) != (1.0, 0.0):
            hu *= np.float32(slope)
            hu += np.float32(intercept)
    finite = np.isfinite(hu)
    if not finite.all():
        notes.append(f"Voxels without a finite value, taken as not scanned: {int((~finite).sum())}.")
        hu[~finite] = OUTSIDE_SCAN_HU
    np.maximum(hu, np.float32(OUTSIDE_SCAN_HU), out=hu)
    return hu
