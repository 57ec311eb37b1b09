"""Lets a request pass to a route only if its caller may do what the route does."""

from collections.abc import Awaitable, Callable

from fastapi import Request

from app.access.actor import ANYONE_HERE, Actor, Scope
from app.problems import Problem


def actor_of(request: Request) -> Actor:
    """Who sent the request, as the sign-in of the hospital's service found out; without one, anyone."""
    actor: Actor = getattr(request.state, "actor", ANYONE_HERE)
    return actor


def requires(scope: Scope) -> Callable[[Request], Awaitable[Actor]]:
    """A dependency of routes: the actor, or 403 where the actor may not do this."""

    async def allowed(request: Request) -> Actor:
        actor = actor_of(request)
        if not actor.may(scope):
            raise Problem(403, f"This needs the scope {scope.value}.")
        return actor

    return allowed
