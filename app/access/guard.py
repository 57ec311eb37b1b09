"""What a route says of its callers; a route of a hospital's service that says nothing stays closed to everybody.

Exactly one of three belongs to each route: ``Depends(requires(Scope.X))``, ``Depends(signed_in)`` or
``Depends(open_to_all)``.
"""

from dataclasses import dataclass

from fastapi import Request

from app.access.actor import ANYONE_HERE, Actor, ActorKind, Scope
from app.problems import Problem

CHALLENGE = {"www-authenticate": 'Bearer realm="aspects"'}


def actor_of(request: Request) -> Actor:
    """Who sent the request, as the sign-in of the hospital's service found out; without one, anyone."""
    actor: Actor = request.scope.get("state", {}).get("actor", ANYONE_HERE)
    return actor


async def signed_in(request: Request) -> Actor:
    """A dependency of routes for every known caller, whatever the scopes; else 401."""
    actor = actor_of(request)
    if actor.kind is ActorKind.NOBODY:
        raise Problem(401, "Send an API key or a token.", headers=CHALLENGE)
    return actor


async def open_to_all(request: Request) -> Actor:
    """A dependency that marks a route as public: health, sign-in, and what proves its callers by its own means."""
    return actor_of(request)


@dataclass(frozen=True, slots=True)
class Requires:
    """The dependency that `requires` makes."""

    scope: Scope

    async def __call__(self, request: Request) -> Actor:
        """The actor, who may do this."""
        actor = await signed_in(request)
        if not actor.may(self.scope):
            raise Problem(403, f"This needs the scope {self.scope.value}.")
        return actor


def requires(scope: Scope) -> Requires:
    """A dependency of routes: the actor, or 403 where the actor may not do this."""
    return Requires(scope)
