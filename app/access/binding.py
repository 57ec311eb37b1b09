"""Where a service with a record may listen: on this machine alone, until callers have to show who they are."""

import getpass
from datetime import timedelta
from functools import partial
from ipaddress import ip_address

from app.access import keys, sessions
from app.access.actor import Actor, ActorKind, Scope
from app.hospital import Hospital
from app.settings.settings import Settings

CODE_LASTS = timedelta(minutes=15)


class BindingRefused(ValueError):
    """The service may not listen there; the message says what is missing."""


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone.

    >>> is_loopback("localhost"), is_loopback("127.0.0.2"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_binding(hospital: Hospital, host: str) -> None:
    """Raise BindingRefused where other machines would reach a service that knows nobody, or over a bare line."""
    if is_loopback(host):
        return
    settings = hospital.settings
    missing = []
    if not asks_who_calls(hospital):
        missing.append("callers it knows (an API key by aspects keys make, or ASPECTS_OIDC_ISSUER)")
    if settings.tls_certificate_file is None and settings.trusted_proxies is None:
        missing.append("TLS (ASPECTS_TLS_CERTIFICATE_FILE and ASPECTS_TLS_KEY_FILE, or ASPECTS_TRUSTED_PROXIES)")
    if settings.allowed_hosts is None:
        missing.append("the names it is asked by (ASPECTS_ALLOWED_HOSTS)")
    if missing:
        raise BindingRefused(
            f"This service keeps cases (ASPECTS_DATA_DIR); it does not listen on {host} without {'; '.join(missing)}."
        )


def asks_who_calls(hospital: Hospital) -> bool:
    """Whether any key is in force or an issuer of tokens is set."""
    if hospital.settings.oidc_issuer is not None:
        return True
    with hospital.engine.connect() as connection:
        return any(keys.is_in_force(row) for row in keys.list_keys(connection))


def one_time_code(hospital: Hospital) -> str:
    """A code with which the user who started the service signs a browser in, as the owner of its record."""
    owner = this_user(frozenset(Scope))
    return hospital.writer.write_blocking(partial(sessions.make_code, actor=owner, lasts=CODE_LASTS, by=owner))


def this_user(scopes: frozenset[Scope] = frozenset()) -> Actor:
    """The user of this machine who runs the command, for the audit trail."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user need have no name
        name = "local"
    return Actor(ActorKind.LOCAL, name, scopes)


def check_files(settings: Settings) -> None:
    """Raise BindingRefused where the certificate or its key cannot be read."""
    for name in ("tls_certificate_file", "tls_key_file"):
        path = getattr(settings, name)
        try:
            if path is not None:
                path.open("rb").close()
        except OSError as error:
            raise BindingRefused(f"ASPECTS_{name.upper()} cannot be read ({error.strerror}).") from None
