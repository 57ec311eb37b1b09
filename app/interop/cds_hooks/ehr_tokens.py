"""Verifies the JWT with which an EHR signs every call: asymmetric, for this very address, fresh, and used once."""

import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from app.access.actor import Actor, ActorKind, Scope
from app.interop.cds_hooks.ehr_file import Ehr, EhrFile
from app.interop.cds_hooks.ehr_keys import EhrKeys

_KEY_TYPES = {"ES384": "EC", "ES256": "EC", "RS384": "RSA", "RS256": "RSA"}
_CURVES = {"ES384": "P-384", "ES256": "P-256"}
_MOST_BYTES = 16 * 1024
_CLOCK_SECONDS = 30
_LONGEST_SECONDS = 15 * 60
"""Longest life of a token; the specification advises five minutes."""
_MOST_REMEMBERED = 100_000
_MOST_ID = 256


class EhrRefused(Exception):
    """The call is not from an EHR that may call. The caller is not told why; the reason quotes nothing."""


class EhrTokens:
    """Verifies tokens of the configured EHRs; remembers those that it has seen until they end."""

    def __init__(self, file: EhrFile) -> None:
        self._file = file
        self._keys = {ehr.issuer: EhrKeys(ehr) for ehr in file.ehrs}
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()

    async def ehr(self, authorization: str, path: str) -> tuple[Ehr, Actor]:
        """The EHR behind an ``Authorization`` header of a call to ``path``. Raises EhrRefused."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token) <= _MOST_BYTES:
            raise EhrRefused("no bearer token")
        try:
            return await self._verified(token.strip(), f"{self._file.base_url}{path}")
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise EhrRefused(type(error).__name__) from None

    async def _verified(self, token: str, audience: str) -> tuple[Ehr, Actor]:
        parts = jws.extract_compact(token.encode("ascii"))
        header = parts.headers()
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in _KEY_TYPES or not isinstance(kid, str) or "crit" in header or "jwk" in header:
            raise EhrRefused("header")
        ehr = self._ehr_of(jwt_claims_unverified(parts.payload), header)
        key = await self._keys[ehr.issuer].find(kid)
        if key is None or not _suits(key, algorithm):
            raise EhrRefused("key")
        claims = jwt.decode(token, key, algorithms=[algorithm]).claims
        if claims.get("iss") != ehr.issuer:
            raise EhrRefused("issuer")
        _check_audience(claims, audience)
        self._remember(ehr.issuer, claims, _checked_end(claims))
        return ehr, Actor(ActorKind.SYSTEM, f"ehr:{ehr.issuer}", frozenset({Scope.TRIAGE}))

    def _ehr_of(self, claims: Mapping[str, Any], header: Mapping[str, Any]) -> Ehr:
        """The EHR that the token says it is from; whether it is so, its keys tell."""
        ehr = self._file.of_issuer(str(claims.get("iss")))
        if ehr is None:
            raise EhrRefused("issuer")
        address = header.get("jku")
        if address is not None and address != ehr.jwks_url:
            raise EhrRefused("address of keys")
        return ehr

    def _remember(self, issuer: str, claims: Mapping[str, Any], end: float) -> None:
        identity = claims.get("jti")
        if not isinstance(identity, str) or not 0 < len(identity) <= _MOST_ID:
            raise EhrRefused("no jti")
        now = time.time()
        while self._seen and next(iter(self._seen.values())) < now:
            self._seen.popitem(last=False)
        if len(self._seen) >= _MOST_REMEMBERED:
            raise EhrRefused("too many tokens at once")
        if (issuer, identity) in self._seen:
            raise EhrRefused("seen before")
        self._seen[issuer, identity] = end + _CLOCK_SECONDS


def jwt_claims_unverified(payload: bytes) -> Mapping[str, Any]:
    """The claims before the signature is checked: good for finding the keys to check it by, and nothing else."""
    claims = json.loads(payload)
    if not isinstance(claims, dict):
        raise EhrRefused("claims")
    return claims


def _suits(key: ECKey | RSAKey, algorithm: str) -> bool:
    if key.key_type != _KEY_TYPES[algorithm]:
        return False
    return not isinstance(key, ECKey) or key.curve_name == _CURVES.get(algorithm)


def _check_audience(claims: Mapping[str, Any], audience: str) -> None:
    named = claims.get("aud")
    if audience not in (named if isinstance(named, list) else [named]):
        raise EhrRefused("audience")


def _checked_end(claims: Mapping[str, Any]) -> float:
    """When the token ends; checks that it began and has not ended."""
    end, issued, now = claims.get("exp"), claims.get("iat"), time.time()
    if isinstance(end, bool) or isinstance(issued, bool):
        raise EhrRefused("times")
    if not isinstance(end, int | float) or not isinstance(issued, int | float):
        raise EhrRefused("times")
    not_before = claims.get("nbf", issued)
    if end < now - _CLOCK_SECONDS or issued > now + _CLOCK_SECONDS or end - issued > _LONGEST_SECONDS:
        raise EhrRefused("times")
    if not isinstance(not_before, int | float) or not_before > now + _CLOCK_SECONDS:
        raise EhrRefused("times")
    return float(end)
