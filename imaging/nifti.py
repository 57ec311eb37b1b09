"""Reads a head CT from NIfTI-1 or NIfTI-2: one file, plain or gzipped.

The header is judged before a single voxel is allocated. Which of the two orientations in a header counts follows the
NIfTI-1 standard (nifti1.h, "methods 2 and 3"), with one addition: a matrix that contradicts the stated voxel size is
not trusted.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from imaging.hostile_bytes import corrupt_file, parsing_foreign_bytes
from imaging.nifti_header import NIFTI1_BYTES, NIFTI2_BYTES, NiftiHeader, header_bytes, parsed_header
from imaging.nifti_orientation import millimetre_affine, stack_along_head
from imaging.read_limits import ReadLimits, check_grid_size
from imaging.refusals import RefusalCode, ScanRefused
from imaging.volume import OUTSIDE_SCAN_HU, Acquisition, CtVolume, HounsfieldArray, compact

MIN_SLICES = 5
"""Fewer slices cannot hold both ASPECTS levels, whatever their thickness."""

_MAX_EXTENSION_BYTES = 16 << 20
_CHUNK_BYTES = 4 << 20
_VOLUME_AXES = 3


class ByteStream(Protocol):
    """Anything that hands out bytes from front to back: an open file or a decompressor."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; fewer only at the end."""
        ...


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


def _read_header(stream: ByteStream) -> tuple[NiftiHeader, int]:
    """Return the parsed header and the number of bytes taken from the stream."""
    with parsing_foreign_bytes("The NIfTI file is damaged: its header cannot be read."):
        head = stream.read(NIFTI1_BYTES)
        if len(head) == NIFTI1_BYTES and header_bytes(head) is None:
            head += stream.read(NIFTI2_BYTES - NIFTI1_BYTES)
        size = header_bytes(head)
        if size is None:
            raise corrupt_file("The NIfTI file is damaged: its header is incomplete.")
        header = parsed_header(head[:size])
    if header.is_pair:
        raise corrupt_file(
            "The file is one half of a NIfTI pair (.hdr and .img), which cannot be read on its own.",
            "Save the scan as one file (.nii or .nii.gz).",
        )
    return header, size


def _volume_shape(header: NiftiHeader, limits: ReadLimits) -> tuple[int, int, int]:
    """Return the (i, j, k) sizes, each checked against nonsense and limits."""
    sizes = header.sizes
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


def _scaling(header: NiftiHeader) -> tuple[float, float]:
    """Return slope and intercept; a slope of zero or not-a-number means unscaled values, as the standard says."""
    slope, intercept = header.slope, header.intercept
    if slope == 0 or not np.isfinite(slope):
        return 1.0, 0.0
    if not np.isfinite(intercept):
        raise corrupt_file("The NIfTI file is damaged: the intercept of its densities is not a number.")
    return slope, intercept


def _read_voxels(
    stream: ByteStream, header: NiftiHeader, shape: tuple[int, int, int], consumed: int, stored_bytes: int | None
) -> NDArray[np.generic]:
    """Return the stored numbers, shape (i, j, k), in the file's own type; reads no more bytes than the header needs."""
    dtype = header.number_type
    if dtype is None:
        raise corrupt_file("The NIfTI file is damaged: its number type cannot be read.")
    if dtype.kind not in "iuf" or dtype.itemsize > np.dtype(np.float64).itemsize:
        raise ScanRefused(
            RefusalCode.NOT_HU,
            "The file holds colours or complex numbers instead of CT densities.",
            "Send the CT in Hounsfield units, saved as whole numbers.",
        )
    offset = header.voxels_from
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
    """Return ``count`` bytes; memory grows with what arrives, not with what a header promises.

    A scan for which memory does not suffice is no damaged one: MemoryError passes through.
    """
    taken = bytearray()
    while len(taken) < count:
        with parsing_foreign_bytes("The NIfTI file is damaged: its compressed voxels cannot be unpacked."):
            chunk = stream.read(min(_CHUNK_BYTES, count - len(taken)))
        if not chunk:
            raise corrupt_file("The NIfTI file is cut short: it holds fewer voxels than its header says.")
        taken += chunk
    return taken


def _to_hounsfield(raw: NDArray[np.generic], slope: float, intercept: float, notes: list[str]) -> HounsfieldArray:
    """Return Hounsfield units, shape unchanged; voxels without a finite value become padding.

    Whole numbers that need no scaling stay what they are, in the memory that they were read into.
    """
    if raw.dtype == np.int16 and (slope, intercept) == (1.0, 0.0):
        whole = raw.view(np.int16)
        return np.maximum(whole, np.int16(OUTSIDE_SCAN_HU), out=whole)
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
    return compact(hu)
