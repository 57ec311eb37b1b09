"""Decodes CT slices to Hounsfield units, one slice at a time into one stack."""

from collections.abc import Iterator

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID
from scipy import ndimage

from imaging.codestreams import check_codestream
from imaging.dicom_headers import SliceHeader
from imaging.element_budget import with_element_budget
from imaging.hostile_bytes import corrupt_file, parsing_foreign_bytes
from imaging.refusals import RefusalCode, ScanRefused
from imaging.volume import DENSEST_HU, OUTSIDE_SCAN_HU

NATIVE_SYNTAXES = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"}
COMPRESSED_SYNTAXES = {
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.4.203",
    "1.2.840.10008.1.2.5",
}
"""JPEG Lossless, JPEG-LS, JPEG 2000, HTJ2K and RLE. The 8- and 12-bit lossy JPEG syntaxes are no CT measurement."""

_PLUGINS = ("pydicom", "pyjpegls", "pylibjpeg", "gdcm")
"""Decoders by preference.

pydicom's own comes first because it decodes RLE: on damaged frames pylibjpeg-rle panics, which Python code cannot catch
as an exception. GDCM, an optional package, is there for JPEG Lossless, which no other free decoder reads.
"""

_HU_TYPES = {None, "", "HU", "HU_MOD", "US"}
"""Rescale Type; US means unspecified, which converters write. Others name other quantities, such as iodine."""
_TISSUE_HU = (-500.0, 2500.0)
"""Padding inside this range could be tissue."""

Stored = NDArray[np.integer]


def unsupported_syntax(syntax: str) -> ScanRefused:
    """Return the refusal for images in a transfer syntax that is not read; unknown UIDs are not quoted."""
    name = UID(syntax).name if UID(syntax).name != syntax else "unknown"
    return ScanRefused(
        RefusalCode.UNSUPPORTED_TRANSFER_SYNTAX,
        f"The images are stored in a way that is not read here ({name}).",
        "Send them uncompressed (Explicit VR Little Endian) or with lossless JPEG 2000, JPEG-LS or RLE.",
    )


def check_decodable(slices: list[SliceHeader]) -> None:
    """Refuse slices whose transfer syntax is not read here, or whose stored numbers are not Hounsfield units.

    Raises
    ------
    ScanRefused
        ``UNSUPPORTED_TRANSFER_SYNTAX`` or ``NOT_HU``.
    """
    for syntax in {one.file.transfer_syntax for one in slices}:
        if syntax not in NATIVE_SYNTAXES and not (syntax in COMPRESSED_SYNTAXES and _plugin(syntax)):
            raise unsupported_syntax(syntax)
    if any(one.rescale_type not in _HU_TYPES for one in slices):
        raise ScanRefused(
            RefusalCode.NOT_HU,
            "The images hold another quantity than CT density.",
            "Send the plain CT series in Hounsfield units.",
        )
    if any(not one.slope or one.intercept is None for one in slices):
        raise ScanRefused(
            RefusalCode.NOT_HU,
            "The images do not say how their numbers turn into Hounsfield units.",
            "Send the original series from the scanner, with its rescale slope and intercept.",
        )


def read_hounsfield(slices: list[SliceHeader]) -> Iterator[NDArray[np.float32]]:
    """Yield each slice in Hounsfield units, shape (rows, columns), in the order given; padding is OUTSIDE_SCAN_HU.

    Raises
    ------
    ScanRefused
        ``CORRUPT_FILE``.
    """
    content, dataset = None, Dataset()
    for one in slices:
        if one.file.content is not content:
            content, dataset = one.file.content, _with_pixels(one)
        yield _hounsfield(_stored_pixels(dataset, one), one)


def _with_pixels(one: SliceHeader) -> Dataset:
    with (
        parsing_foreign_bytes("A DICOM file is damaged: it cannot be read to its end."),
        one.file.content.open() as stream,
    ):
        return pydicom.dcmread(with_element_budget(stream, most_bytes=None), force=True)


def _stored_pixels(dataset: Dataset, one: SliceHeader) -> Stored:
    """Return one frame's stored numbers, shape (rows, columns)."""
    header = one.file
    syntax = UID(header.transfer_syntax)
    with parsing_foreign_bytes("A DICOM image is damaged: its pixels cannot be decoded."):
        if "TransferSyntaxUID" not in dataset.file_meta:
            dataset.file_meta.TransferSyntaxUID = syntax
        if syntax in COMPRESSED_SYNTAXES:
            frame = get_frame(
                dataset.PixelData,
                one.frame,
                number_of_frames=header.frames,
                extended_offsets=_extended_offsets(dataset),
            )
            check_codestream(frame, syntax, header.rows, header.columns)
        decoded, _ = get_decoder(syntax).as_array(
            dataset, index=one.frame, raw=True, decoding_plugin=_plugin(syntax) or ""
        )
        pixels: Stored = decoded
        if pixels.shape != (header.rows, header.columns) or pixels.dtype.kind not in "iu":
            raise corrupt_file("A DICOM image is damaged: its pixels do not fill its stated size.")
        return pixels


def _extended_offsets(dataset: Dataset) -> tuple[bytes, bytes] | None:
    if "ExtendedOffsetTable" not in dataset:
        return None
    return dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths


def _plugin(syntax: str) -> str | None:
    """Return the decoder to use for a compressed syntax; ``None`` if none is installed, or none is needed."""
    available = get_decoder(UID(syntax)).available_plugins
    return next((name for name in _PLUGINS if name in available), None)


def _hounsfield(stored: Stored, one: SliceHeader) -> NDArray[np.float32]:
    slope, intercept = one.slope or 1.0, one.intercept or 0.0
    hu = stored.astype(np.float32)
    if slope != 1.0:
        hu *= np.float32(slope)
    if intercept != 0.0:
        hu += np.float32(intercept)
    if one.file.padding is not None:
        hu[_padded(stored, one.file.padding, slope, intercept)] = OUTSIDE_SCAN_HU
    return np.clip(hu, np.float32(OUTSIDE_SCAN_HU), np.float32(DENSEST_HU), out=hu)


def _padded(stored: Stored, padding: tuple[int, int], slope: float, intercept: float) -> NDArray[np.bool_]:
    """Return where nothing was measured, shape (rows, columns).

    Some writers declare a padding value that tissue takes too (often 0). Such pixels count as padding only where they
    hang together with the edge of the image.
    """
    low, high = padding
    padded = np.asarray(stored == low if low == high else (stored >= low) & (stored <= high))
    values = sorted((low * slope + intercept, high * slope + intercept))
    if values[1] < _TISSUE_HU[0] or values[0] > _TISSUE_HU[1] or not padded.any():
        return padded
    labels, _ = ndimage.label(padded)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return np.isin(labels, np.unique(edge[edge > 0]))
