"""Under which names the service may be asked: a page of another site that points its own name at us gets nothing."""

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""What a browser on this machine asks for."""


def names_of(setting: str | None) -> frozenset[str]:
    """The names that a setting allows; ``None`` allows this machine's own.

    >>> sorted(names_of("aspects.hospital.example, ASPECTS"))
    ['aspects', 'aspects.hospital.example']
    """
    if setting is None:
        return LOOPBACK_NAMES
    return frozenset(name.strip().lower() for name in setting.split(",") if name.strip())


def name_of(host: bytes) -> str:
    """The name in a ``Host`` header, without the port.

    >>> name_of(b"LocalHost:8000"), name_of(b"[::1]:8000"), name_of(b"localhost"), name_of(bytes([255]))
    ('localhost', '[::1]', 'localhost', '')
    """
    try:
        text = host.decode("ascii").lower()
    except UnicodeDecodeError:
        return ""
    if text.startswith("["):
        return text.partition("]")[0] + "]"
    return text.partition(":")[0]
