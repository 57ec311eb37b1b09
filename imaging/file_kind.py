"""What a file is by its first bytes, found out without loading what reads it."""

from imaging.nifti_header import header_bytes

HEAD_BYTES = 540
"""How many of a file's first bytes tell what it is."""

_PREAMBLE_BYTES = 128
_META_START = _PREAMBLE_BYTES + 4
_BARE_STARTS = (b"\x02\x00\x00\x00", b"\x08\x00\x00\x00", b"\x08\x00\x01\x00", b"\x08\x00\x05\x00", b"\x08\x00\x08\x00")
"""First elements of data sets that were saved without preamble: group 2 or group 8, little endian."""


def looks_like_dicom(head: bytes) -> bool:
    """Whether the first 132 bytes are those of a DICOM file, with preamble or without."""
    return head[_PREAMBLE_BYTES:_META_START] == b"DICM" or head.startswith(_BARE_STARTS)


def looks_like_nifti(head: bytes) -> bool:
    """Whether the first 540 bytes are a NIfTI header, single file or one half of a pair."""
    return header_bytes(head) is not None
