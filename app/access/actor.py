"""Who asks: a person, a program or this machine's own user, and what each may do."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a caller may do; ``ADMIN`` does not imply the others."""

    READ = "read"
    """See cases, readings and results that are kept."""
    TRIAGE = "triage"
    """Have cases judged, change and sign them."""
    INGEST = "ingest"
    """Send scans."""
    ADMIN = "admin"
    """Make and end keys, see the audit trail, verify and clean up."""


class ActorKind(StrEnum):
    """How an actor was known."""

    LOCAL = "local"
    """A user of this machine, on a service that keeps nothing or listens on the loopback address alone."""
    KEY = "key"
    PERSON = "person"
    SYSTEM = "system"
    """This service itself, or a DICOM node that it lets in."""
    NOBODY = "nobody"
    """A caller of a hospital's service who did not say who asks."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, as the audit trail names them."""

    kind: ActorKind
    name: str
    """Stable name for the audit trail: a key's name, a token's subject, an AE title; never a secret."""
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Whether the actor may do what ``scope`` covers."""
        return scope in self.scopes


ANYONE_HERE = Actor(ActorKind.LOCAL, "local", frozenset({Scope.READ, Scope.TRIAGE, Scope.INGEST}))
"""The caller of a service that keeps nothing: there is no record to protect and nobody to tell apart."""

NOBODY = Actor(ActorKind.NOBODY, "nobody", frozenset())
"""The caller of a hospital's service who sent no credentials."""
