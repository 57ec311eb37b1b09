"""TLS of the storage service: its own certificate, and, where asked for, one of each sender."""

import ssl
from collections.abc import Callable
from pathlib import Path

from app.settings.settings import Settings


class TlsUnusable(ValueError):
    """The files of the settings make no TLS; the message names the settings."""


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """The context of the settings; ``None``: associations without TLS. Raises TlsUnusable.

    TLS 1.2 or later (PS3.15 B.9, BCP 195). With `dicom_tls_ca_file`, a sender without a certificate that one of these
    signed gets no association.
    """
    certificate, key, ca = settings.dicom_tls_certificate_file, settings.dicom_tls_key_file, settings.dicom_tls_ca_file
    if certificate is None and key is None and ca is None:
        return None
    if certificate is None or key is None:
        raise TlsUnusable("ASPECTS_DICOM_TLS_CERTIFICATE_FILE and ASPECTS_DICOM_TLS_KEY_FILE belong together.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(lambda: context.load_cert_chain(certificate, key), certificate)
    if ca is not None:
        _load(lambda: context.load_verify_locations(ca), ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _load(step: Callable[[], None], path: Path) -> None:
    try:
        step()
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not usable"
        raise TlsUnusable(f"{path}: {reason}.") from None
