"""Finds the network address of a webhook once, and refuses those through which a caller could reach inside.

The address that was checked is the address that is connected to: asking the name server a second time would let its
owner answer differently (DNS rebinding).
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")
_METADATA = frozenset(map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200")))
"""Where cloud machines find their own credentials; refused even where private addresses are allowed."""


class AddressRefused(Exception):
    """The address may not be called; the text says why without naming it."""


class NameUnknown(Exception):
    """The host name has no address now."""


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host name, in the order of the system."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NameUnknown from None
    return [str(entry[4][0]) for entry in found]


def pinned_address(host: str, port: int, *, allow_private: bool, resolver: Resolve = resolve) -> str:
    """The address to connect to.

    Every address of the name must be allowed: a name with one public and one private address is not trusted.

    Raises
    ------
    AddressRefused
        An address of the name is not public (loopback, private, link-local, multicast, reserved, or wraps such a one)
        and ``allow_private`` is false; or it is that of a cloud's metadata service.
    NameUnknown
        The name has no address.
    """
    addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in resolver(host, port)]
    if not addresses:
        raise NameUnknown
    for address in addresses:
        _check(address, allow_private=allow_private)
    return str(addresses[0])


def _check(address: Address, *, allow_private: bool) -> None:
    inner = _unwrapped(address)
    if {address, inner} & _METADATA:
        raise AddressRefused("The target is a metadata service.")
    if inner.is_multicast or inner.is_unspecified:
        raise AddressRefused("The target's address is no host.")
    if not allow_private and not (address.is_global and inner.is_global):
        raise AddressRefused("The target's address is not public; allow_private is not set for it.")


def _unwrapped(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one: mapped, 6to4, NAT64; otherwise the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _SIX_TO_FOUR and address.sixtofour is not None:
        return address.sixtofour
    if any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
