"""Packs texts for the database: an answer of 35 kB takes 8, and the disk is what a write waits for."""

import zlib

LARGEST_BYTES = 64 * 1024 * 1024
"""Nothing that the record keeps in the database is larger; what claims to be was not packed here."""

_FASTEST = 1


def pack(text: bytes) -> bytes:
    """Pack bytes of JSON."""
    return zlib.compress(text, _FASTEST)


def unpack(packed: bytes) -> bytes:
    """The bytes again, exactly. ``ValueError`` if they are damaged."""
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(packed, LARGEST_BYTES)
    except zlib.error:
        raise ValueError("A packed text of the record is damaged.") from None
    if not inflater.eof or inflater.unused_data:
        raise ValueError("A packed text of the record is damaged.")
    return text
