"""OIDC bearer tokens: who the hospital's own sign-in says a caller is, and what that person's roles may do here."""

import time
from collections.abc import Mapping
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from app.access.actor import Actor, ActorKind, Scope
from app.access.jwks import IssuerKeys
from app.settings.settings import Settings

_ALGORITHMS = {"ES256": "EC", "RS256": "RSA"}
"""Signatures that are accepted, with the kind of key each takes: a key of the other kind cannot be talked into them."""
_CLOCK_SECONDS = 30
_MOST_BYTES = 16 * 1024
_MOST_NAME = 128
_OLDEST_SECONDS = 24 * 3600
"""A token that says it was issued longer ago is refused, whatever its end."""


class TokenRefused(Exception):
    """A token is not accepted. It is not said why to the caller; the reason is for the log and quotes nothing."""


class TokenCheck:
    """Verifies tokens of the configured issuer."""

    def __init__(self, settings: Settings, keys: IssuerKeys | None = None) -> None:
        self._settings = settings
        self._keys = keys or IssuerKeys(settings.oidc_jwks_url, settings.oidc_jwks_file)
        self._claims = jwt.JWTClaimsRegistry(
            leeway=_CLOCK_SECONDS,
            iss={"essential": True, "value": settings.oidc_issuer or ""},
            exp={"essential": True},
            iat={"essential": True},
        )

    async def actor(self, token: str) -> Actor:
        """The person behind a token.

        Raises
        ------
        TokenRefused
            It is not a token of our issuer for us, in force now, with a name.
        KeysUnavailable
            The issuer's keys cannot be had.
        """
        claims = await self._verified(token)
        name = claims.get(self._settings.oidc_name_claim)
        if not isinstance(name, str) or not name or len(name) > _MOST_NAME or not name.isprintable():
            raise TokenRefused("no name")
        return Actor(ActorKind.PERSON, name, self._scopes(claims))

    async def _verified(self, token: str) -> dict[str, Any]:
        if len(token) > _MOST_BYTES:
            raise TokenRefused("too long")
        try:
            header = jws.extract_compact(token.encode("ascii")).headers()
            algorithm, kid = header.get("alg"), header.get("kid")
            if algorithm not in _ALGORITHMS or not isinstance(kid, str) or "crit" in header:
                raise TokenRefused("header")
            key = await self._keys.find(kid)
            if key is None or key.key_type != _ALGORITHMS[algorithm]:
                raise TokenRefused("key")
            claims = jwt.decode(token, key, algorithms=[algorithm]).claims
            self._claims.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise TokenRefused(type(error).__name__) from None
        _check_audience(claims, self._settings.oidc_audience)
        _check_age(claims)
        return claims

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[Scope]:
        roles: Any = claims
        for part in self._settings.oidc_roles_claim.split("."):
            roles = roles.get(part) if isinstance(roles, Mapping) else None
        named = [roles] if isinstance(roles, str) else roles if isinstance(roles, list) else []
        by_role = self._settings.oidc_role_scopes or {}
        return frozenset(scope for role in named if isinstance(role, str) for scope in by_role.get(role, ()))


def _check_audience(claims: Mapping[str, Any], ours: str | None) -> None:
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if ours is None or ours not in named:
        raise TokenRefused("audience")


def _check_age(claims: Mapping[str, Any]) -> None:
    issued = claims["iat"]
    if not isinstance(issued, int | float) or issued < time.time() - _OLDEST_SECONDS:
        raise TokenRefused("age")
