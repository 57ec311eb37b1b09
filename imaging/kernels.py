"""Reconstruction kernels by the names that vendors give them: for bone, sharp, or neither."""

import re

_BONE = re.compile(
    r"""
    ^[BHIJQU][rcflv]?[6-9]\d        # Siemens: the number grows with sharpness
    | ^(?:BONE|EDGE|LUNG)           # GE
    | ^Y[DE]$                       # Philips
    | ^FC(?:3\d|8\d)                # Canon
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SHARP = re.compile(
    r"""
    ^[BHIJQU][rcflv]?5\d            # Siemens
    | BONE | EDGE | LUNG | DETAIL   # GE
    | ^(?:YC|D|E|EC)$               # Philips
    """,
    re.VERBOSE | re.IGNORECASE,
)


def is_for_bone(kernel: str | None) -> bool:
    """Whether a kernel's name is one for bone or lung: grey and white matter drown in its noise."""
    return kernel is not None and _BONE.search(_name(kernel)) is not None


def is_sharp(kernel: str | None) -> bool:
    """Whether another series of the same scan, if there is one, is likely to be the better one to read."""
    return is_for_bone(kernel) or (kernel is not None and _SHARP.search(_name(kernel)) is not None)


def _name(kernel: str) -> str:
    """The first of several values; Siemens states strength of iterations second."""
    return kernel.split("/", maxsplit=1)[0].strip()
