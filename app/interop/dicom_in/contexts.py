"""What this service says it can receive: CT in every syntax that is really decoded here, the rest to be put aside.

An archive that forwards whole studies must not fail on the reports and pictures among them: they are taken and put
aside with a reason, in any syntax but deflate, because nothing of them is decoded.
"""

from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    JPEG2000,
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    JPEGLSNearLossless,
    MediaStorageDirectoryStorage,
    RLELossless,
)
from pynetdicom import StoragePresentationContexts, build_context
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]  # made at run time

from imaging.dicom_pixels import COMPRESSED_SYNTAXES, NATIVE_SYNTAXES
from imaging.dicom_series import CT_CLASSES

_PREFERRED = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian)
_ASIDE_SYNTAXES: list[str | UID] = [
    *_PREFERRED, JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSLossless, JPEGLSNearLossless, JPEG2000Lossless, JPEG2000,
    RLELossless, UID("1.2.840.10008.1.2.4.57"), UID("1.2.840.10008.1.2.4.70"),
]  # fmt: skip


def decodable_syntaxes() -> list[str | UID]:
    """Transfer syntaxes in which a CT can be read here: plain ones, then those for which a decoder is installed."""
    compressed = [UID(syntax) for syntax in sorted(COMPRESSED_SYNTAXES) if get_decoder(UID(syntax)).available_plugins]
    return [*(syntax for syntax in _PREFERRED if syntax in NATIVE_SYNTAXES), *compressed]


def supported_contexts() -> list[PresentationContext]:
    """Presentation contexts of the storage service."""
    readable = decodable_syntaxes()
    others = [
        context.abstract_syntax
        for context in StoragePresentationContexts
        if context.abstract_syntax not in CT_CLASSES and context.abstract_syntax != MediaStorageDirectoryStorage
    ]
    return [
        build_context(Verification, list(_PREFERRED)),
        *(build_context(sop_class, readable) for sop_class in sorted(CT_CLASSES)),
        *(build_context(sop_class, _ASIDE_SYNTAXES) for sop_class in others if sop_class is not None),
    ]
