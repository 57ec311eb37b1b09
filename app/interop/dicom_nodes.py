"""The archives and scanners of a site, from the YAML file of `dicom_nodes_file`: who may send, who can be asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

_AE_TITLE = r"^[ -\[\]-~]*[!-\[\]-~][ -\[\]-~]*$"
"""Sixteen characters of ASCII, no backslash, not only spaces (PS3.5 6.2, VR AE)."""

Network = IPv4Network | IPv6Network


class NodesFileError(ValueError):
    """The nodes file cannot be used; the message names the file and the place."""


def _networks(value: object) -> object:
    return [ip_network(one, strict=False) if isinstance(one, str) else one for one in _listed(value)]


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


class Node(BaseModel):
    """One archive, scanner or router."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ae_title: str = Field(
        min_length=1, max_length=16, pattern=_AE_TITLE, description="By which it calls and is called."
    )
    host: str | None = Field(default=None, description="Name or address at which it takes associations.")
    port: int | None = Field(default=None, ge=1, le=65535, description="Port of that.")
    may_send: bool = Field(default=True, description="Whether objects are taken from it.")
    addresses: Annotated[tuple[Network, ...], BeforeValidator(_networks)] = Field(
        default=(), description="Addresses or networks from which it may send; none given: from any."
    )
    tls: bool = Field(default=False, description="Whether associations to it use TLS.")
    tls_ca_file: Path | None = Field(
        default=None, description="Certificates by which it is known; default: the system's."
    )
    dicomweb_url: str | None = Field(
        default=None, pattern=r"^https?://[^\s]+$", description="Root of its DICOMweb services, without /studies."
    )
    dicomweb_token_file: Path | None = Field(
        default=None, description="File with the bearer token that its DICOMweb services ask for."
    )
    dicomweb_user: str | None = Field(
        default=None, max_length=256, description="User of its DICOMweb services, where they ask for a password."
    )
    dicomweb_password_file: Path | None = Field(default=None, description="File with that user's password.")

    def sends_from(self, address: str) -> bool:
        """Whether the node may send from this network address."""
        try:
            found = ip_address(address.split("%", maxsplit=1)[0])
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None)
        return not self.addresses or any((mapped or found) in network for network in self.addresses)


@dataclass(frozen=True, eq=False)
class Nodes(Mapping[str, Node]):
    """The nodes by the names that the site gave them."""

    by_name: Mapping[str, Node]

    def __getitem__(self, name: str) -> Node:
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)

    def sender(self, ae_title: str, address: str) -> str | None:
        """Name of the node that may send under this calling AE title from this address; ``None``: nobody may."""
        return next(
            (
                name
                for name, node in self.by_name.items()
                if node.may_send and node.ae_title == ae_title.strip() and node.sends_from(address)
            ),
            None,
        )

    def any_sends_from(self, address: str) -> bool:
        """Whether any node may send from this address, whatever it will call itself."""
        return any(node.may_send and node.sends_from(address) for node in self.by_name.values())


NO_NODES = Nodes({})


def load_nodes(path: Path | None) -> Nodes:
    """Read the file: ``nodes:`` with a mapping from name to the fields of `Node`.

    Raises
    ------
    NodesFileError
        The file is missing, is not YAML, or holds an unknown field or a value that does not fit.
    """
    if path is None:
        return NO_NODES
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not YAML in UTF-8"
        raise NodesFileError(f"{path}: {reason}.") from None
    try:
        return Nodes(_NodesFile.model_validate(content).nodes)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise NodesFileError(f"{path}: {place}: {first['msg']}.") from None


class _NodesFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    nodes: dict[str, Node]
