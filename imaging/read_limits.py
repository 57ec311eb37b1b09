"""How much a reader takes in before it gives up: files come from strangers, and a small one can unpack to gigabytes."""

from dataclasses import dataclass
from typing import NoReturn

from imaging.refusals import RefusalCode, ScanRefused

_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Caps on what is read, unpacked and allocated; a whole-head CT of 0.5 mm slices stays below all of them."""

    max_compressed_bytes: int = 512 * _MEBIBYTE
    """Size on disk of an archive."""
    max_uncompressed_bytes: int = 1024 * _MEBIBYTE
    """Bytes that come out of an archive or a gzip stream, counted as they come, whatever its headers promise.

    It is also the largest single file that is read. Folders as a whole may be larger: only one series is loaded.
    """
    max_files: int = 20_000
    max_compression_ratio: float = 250.0
    """Unpacked bytes for each packed byte; enforced beyond ``ratio_free_bytes``."""
    ratio_free_bytes: int = 64 * _MEBIBYTE
    """Unpacked bytes up to which any ratio is fine: a noise-free phantom packs very well and harms nobody."""
    max_voxels: int = 200_000_000
    max_slices: int = 1_500


def refuse_too_large(text: str) -> NoReturn:
    """Raise the refusal for an input that runs past a limit; ``text`` says which, in one sentence."""
    raise ScanRefused(RefusalCode.TOO_LARGE, text, "Send only the non-contrast head CT series, as DICOM or NIfTI.")


def check_grid_size(columns: int, rows: int, slices: int, limits: ReadLimits) -> None:
    """Refuse a grid that is too large to hold, before anything is allocated for it.

    Raises
    ------
    ScanRefused
        ``TOO_LARGE``.
    """
    if slices > limits.max_slices:
        refuse_too_large(f"The scan has {slices} slices; at most {limits.max_slices} are read.")
    if columns * rows * slices > limits.max_voxels:
        refuse_too_large(f"The scan has {columns} × {rows} × {slices} voxels; at most {limits.max_voxels} are read.")
