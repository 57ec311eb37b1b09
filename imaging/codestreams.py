"""Reads the size that a compressed image claims for itself, before a decoder allocates memory for it.

A frame of 100 kB may claim 30000 x 30000 pixels inside an object of 512 x 512, and decoders believe the frame. Marker
layouts: JPEG 2000 ISO/IEC 15444-1 A.5.1 (SIZ), JPEG ISO/IEC 10918-1 B.2.2 (SOF), JPEG-LS ISO/IEC 14495-1 C.2.2 (SOF55).
"""

import struct

from imaging.hostile_bytes import corrupt_file

_JPEG2000 = {f"1.2.840.10008.1.2.4.{number}" for number in (90, 91, 201, 202, 203)}
_JPEG = {f"1.2.840.10008.1.2.4.{number}" for number in (57, 70, 80, 81)}

_JP2_BOX = b"\x00\x00\x00\x0cjP  "
_SOC_SIZ = b"\xff\x4f\xff\x51"
_SIZ_LAYOUT = ">HH8IH"
_MAX_TILES = 1_024
_START_OF_FRAME = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = b"\xff\xd9"
_SOF_LAYOUT = ">HBHHB"


def check_codestream(frame: bytes, transfer_syntax: str, rows: int, columns: int) -> None:
    """Refuse a frame whose own size is not that of its DICOM object.

    RLE frames state no size and are bounded by the object's. Raises ``ScanRefused`` (``CORRUPT_FILE``).
    """
    if transfer_syntax in _JPEG2000:
        claimed = _jpeg2000_size(frame)
    elif transfer_syntax in _JPEG:
        claimed = _jpeg_size(frame)
    else:
        return
    if claimed != (rows, columns, 1):
        raise corrupt_file("A compressed image claims another size than its DICOM header.")


def _jpeg2000_size(frame: bytes) -> tuple[int, int, int]:
    """Return rows, columns and components of the SIZ segment, which follows the start of the code stream at once."""
    if frame.startswith(_JP2_BOX):
        raise corrupt_file("A compressed image is wrapped in a file format, which DICOM does not allow.")
    if not frame.startswith(_SOC_SIZ):
        raise corrupt_file("A compressed image is damaged: it does not begin as JPEG 2000.")
    _, _, width, height, left, top, tile_width, tile_height, _, _, components = struct.unpack_from(
        _SIZ_LAYOUT, frame, 4
    )
    columns, rows = width - left, height - top
    if tile_width < 1 or tile_height < 1 or -(-width // tile_width) * -(-height // tile_height) > _MAX_TILES:
        raise corrupt_file("A compressed image is cut into an absurd number of tiles.")
    return rows, columns, components


def _jpeg_size(frame: bytes) -> tuple[int, int, int]:
    """Return rows, columns and components of the only frame header before the scan data.

    A frame without its end mark was cut short; CharLS searches seconds for the end of such a frame.
    """
    if not frame.rstrip(b"\0").endswith(_END_OF_IMAGE):
        raise corrupt_file("A compressed image is cut short.")
    position = 2
    found: tuple[int, int, int] | None = None
    while position + 4 <= len(frame) and frame[position] == 0xFF:  # noqa: PLR2004 - every marker begins so
        marker = frame[position + 1]
        if marker == 0xFF or marker in _STANDALONE:  # noqa: PLR2004 - fill byte
            position += 1 if marker == 0xFF else 2  # noqa: PLR2004
            continue
        if marker == _START_OF_SCAN:
            break
        if marker in _START_OF_FRAME:
            _, _, rows, columns, components = struct.unpack_from(_SOF_LAYOUT, frame, position + 2)
            if found is not None:
                raise corrupt_file("A compressed image states its size twice.")
            found = rows, columns, components
        position += 2 + int.from_bytes(frame[position + 2 : position + 4], "big")
    if found is None:
        raise corrupt_file("A compressed image is damaged: it does not state its size.")
    return found
