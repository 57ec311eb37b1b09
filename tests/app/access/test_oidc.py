"""Tokens of the hospital's own sign-in, with keys from a real server: what is taken, and everything that is not."""

import base64
import binascii
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, RSAKey

from app.access.actor import ActorKind, Scope
from app.access.jwks import IssuerKeys, KeysUnavailable, usable_keys
from app.access.oidc import TokenCheck, TokenRefused
from app.main import create_app
from app.settings.settings import Settings

pytestmark = pytest.mark.anyio

ISSUER = "https://id.hospital.example"
EC = ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
STRANGER = ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig"})
LATER = ECKey.generate_key("P-256", {"kid": "ec-2", "use": "sig"})


@dataclass
class Issuer:
    """A server that publishes keys, and counts how often it is asked."""

    keys: list[Any]
    asked: int = 0
    body: bytes | None = None
    status: int = 200
    url: str = field(default="")


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    state = Issuer([EC, RSA])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked += 1
            body = state.body or json.dumps({"keys": [key.as_dict(private=False) for key in state.keys]}).encode()
            self.send_response(state.status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/keys"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def settings_for(url: str | None, **more: Any) -> Settings:
    return Settings(
        oidc_issuer=ISSUER,
        oidc_audience="aspects",
        oidc_jwks_url=url,
        oidc_role_scopes={"stroke-team": [Scope.READ, Scope.TRIAGE], "pacs": [Scope.INGEST]},
        **more,
    )


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    stated = {
        "iss": ISSUER,
        "aud": "aspects",
        "sub": "u-17",
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        "roles": ["pacs"],
    }
    return {name: value for name, value in (stated | changes).items() if value is not ...}


def token(key: Any = EC, algorithm: str = "ES256", header: dict[str, Any] | None = None, **changes: Any) -> str:
    head = {"alg": algorithm, "kid": key.kid, **(header or {})}
    head = {name: value for name, value in head.items() if value is not ...}
    return jwt.encode(head, claims(**changes), key, algorithms=[algorithm])


def check(issuer: Issuer, **more: Any) -> TokenCheck:
    return TokenCheck(settings_for(issuer.url, **more), IssuerKeys(issuer.url, None, again_seconds=0.0))


@pytest.mark.parametrize(("key", "algorithm"), [(EC, "ES256"), (RSA, "RS256")])
async def test_a_token_of_our_issuer_names_a_person_with_scopes(issuer: Issuer, key: Any, algorithm: str) -> None:
    actor = await check(issuer).actor(token(key, algorithm, roles=["stroke-team", "cleaner", 7]))
    assert (actor.kind, actor.name) == (ActorKind.PERSON, "u-17")
    assert actor.scopes == {Scope.READ, Scope.TRIAGE}


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://id.evil.example"},
        {"iss": ISSUER + "/"},
        {"iss": ...},
        {"iss": [ISSUER]},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": []},
        {"aud": ...},
        {"aud": None},
        {"aud": "aspects2"},
        {"exp": int(time.time()) - 60},
        {"exp": ...},
        {"exp": "tomorrow"},
        {"exp": None},
        {"nbf": int(time.time()) + 3600},
        {"iat": int(time.time()) + 3600},
        {"iat": int(time.time()) - 90_000, "exp": int(time.time()) + 900_000},
        {"iat": ...},
        {"sub": ...},
        {"sub": ""},
        {"sub": 17},
        {"sub": "a\nb"},
        {"sub": "x" * 129},
    ],
)
async def test_claims_that_do_not_fit_are_refused(issuer: Issuer, changes: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        await check(issuer).actor(token(**changes))


async def test_a_list_of_audiences_must_hold_ours(issuer: Issuer) -> None:
    assert (await check(issuer).actor(token(aud=["other", "aspects"]))).name == "u-17"


def unsigned(algorithm: str) -> str:
    parts = [json.dumps({"alg": algorithm, "kid": "ec-1"}), json.dumps(claims())]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts) + "."


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS256", "ES256"])
async def test_a_token_without_a_signature_is_refused(issuer: Issuer, algorithm: str) -> None:
    with pytest.raises(TokenRefused):
        await check(issuer).actor(unsigned(algorithm))


@pytest.mark.parametrize("secret", [EC.as_pem(private=False), RSA.as_pem(private=False), b"x" * 32])
async def test_a_public_key_is_not_taken_for_a_shared_secret(issuer: Issuer, secret: bytes) -> None:
    body = unsigned("HS256").removesuffix(".")
    mac = hmac.digest(secret, body.encode(), "sha256")
    forged = f"{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
    with pytest.raises(TokenRefused):
        await check(issuer).actor(forged)


@pytest.mark.parametrize(
    ("key", "algorithm", "header"),
    [
        (STRANGER, "ES256", {}),
        (EC, "ES256", {"kid": "rsa-1"}),
        (EC, "ES256", {"kid": "unknown"}),
        (EC, "ES256", {"kid": ...}),
        (RSA, "RS512", {}),
        (RSA, "PS256", {}),
        (RSA, "RS256", {"kid": "ec-1"}),
    ],
)
async def test_a_signature_that_is_not_the_named_keys_is_refused(
    issuer: Issuer, key: Any, algorithm: str, header: dict[str, Any]
) -> None:
    with pytest.raises(TokenRefused):
        await check(issuer).actor(token(key, algorithm, header))


@pytest.mark.parametrize("head", [{"alg": "ES256", "kid": ["ec-1"]}, {"alg": ["ES256"], "kid": "ec-1"}, [], "x", None])
async def test_a_header_of_another_shape_is_refused(issuer: Issuer, head: object) -> None:
    _, payload, signature = token().split(".")
    first = base64.urlsafe_b64encode(json.dumps(head).encode()).decode().rstrip("=")
    with pytest.raises(TokenRefused):
        await check(issuer).actor(f"{first}.{payload}.{signature}")


async def test_a_key_that_the_token_brings_along_counts_for_nothing(issuer: Issuer) -> None:
    with pytest.raises(TokenRefused):
        await check(issuer).actor(token(STRANGER, header={"jwk": STRANGER.as_dict(private=False)}))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(min_value=0), sign=st.sampled_from("AQgw_-.0"))
async def test_a_token_with_any_sign_changed_is_refused(place: int, sign: str) -> None:
    good = token()
    place %= len(good)
    changed = good[:place] + sign + good[place + 1 :]
    keys = IssuerKeys(None, None)
    keys._keys, keys._fetched_at = {"ec-1": EC}, time.monotonic()
    verify = TokenCheck(settings_for("https://id.hospital.example/keys"), keys)
    if _same_bytes(changed, good):
        return
    with pytest.raises(TokenRefused):
        await verify.actor(changed)


def _same_bytes(one: str, other: str) -> bool:
    """Whether two tokens differ only in the unused bits at the end of a part."""
    try:
        parts = [[base64.urlsafe_b64decode(part + "==") for part in text.split(".")] for text in (one, other)]
    except binascii.Error:
        return False
    return parts[0] == parts[1]


@settings(max_examples=150)
@given(text=st.one_of(st.text(max_size=200), st.from_regex(r"[\w-]{0,40}\.[\w-]{0,40}\.[\w-]{0,40}", fullmatch=True)))
async def test_no_text_breaks_the_check(text: str) -> None:
    keys = IssuerKeys(None, None)
    keys._keys, keys._fetched_at = {"ec-1": EC}, time.monotonic()
    with pytest.raises(TokenRefused):
        await TokenCheck(settings_for("https://id.hospital.example/keys"), keys).actor(text)


async def test_a_new_key_of_the_issuer_is_found_and_an_old_one_given_up(issuer: Issuer) -> None:
    verify = check(issuer)
    await verify.actor(token())
    await verify.actor(token())
    assert issuer.asked == 1
    issuer.keys = [LATER]
    assert (await verify.actor(token(LATER))).name == "u-17"
    assert issuer.asked == 2
    with pytest.raises(TokenRefused):
        await verify.actor(token())


async def test_made_up_key_names_do_not_make_us_ask_again_and_again(issuer: Issuer) -> None:
    verify = TokenCheck(settings_for(issuer.url), IssuerKeys(issuer.url, None))
    for number in range(20):
        with pytest.raises(TokenRefused):
            await verify.actor(token(header={"kid": f"made-up-{number}"}))
    assert issuer.asked == 1


async def test_an_outage_of_the_issuer_ends_no_known_key(issuer: Issuer) -> None:
    verify = check(issuer)
    await verify.actor(token())
    issuer.status = 500
    with pytest.raises(TokenRefused):
        await verify.actor(token(header={"kid": "unknown"}))
    assert (await verify.actor(token())).name == "u-17"


@pytest.mark.parametrize("body", [b"{}", b"[]", b"no json", b'{"keys": 7}', b"x" * 300_000])
async def test_without_any_key_the_sign_in_is_unavailable(issuer: Issuer, body: bytes) -> None:
    issuer.body = body
    with pytest.raises(KeysUnavailable):
        await check(issuer).actor(token())


def test_weak_and_foreign_keys_of_a_set_are_left_out() -> None:
    with pytest.warns(SecurityWarning):
        weak = RSAKey.generate_key(1024, {"kid": "weak", "use": "sig"})
    curve = ECKey.generate_key("P-384", {"kid": "p384", "use": "sig"})
    sealing = ECKey.generate_key("P-256", {"kid": "enc", "use": "enc"})
    secret = OctKey.generate_key(256, {"kid": "oct"})
    nameless = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": ""}
    found = [key.as_dict(private=False) for key in (EC, RSA, weak, curve, sealing)]
    with pytest.warns(SecurityWarning):
        keys = usable_keys({"keys": [*found, secret.as_dict(), nameless, {"kty": "made-up"}, 7]})
    assert set(keys) == {"ec-1", "rsa-1"}


async def test_keys_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [EC.as_dict(private=False)]}))
    verify = TokenCheck(settings_for(None, oidc_jwks_file=tmp_path / "keys.json"))
    assert (await verify.actor(token())).name == "u-17"


async def test_roles_may_lie_deeper(issuer: Issuer) -> None:
    verify = check(issuer, oidc_roles_claim="realm_access.roles", oidc_name_claim="preferred_username")
    told = {"realm_access": {"roles": ["pacs"]}, "preferred_username": "a.nurse", "roles": ["stroke-team"]}
    actor = await verify.actor(token(**told))
    assert (actor.name, actor.scopes) == ("a.nurse", {Scope.INGEST})


async def test_the_service_takes_tokens_and_says_nothing_of_why_one_is_refused(issuer: Issuer, tmp_path: Path) -> None:
    app = create_app(settings_for(issuer.url, data_dir=tmp_path))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        good = {"authorization": f"Bearer {token(roles=['stroke-team'])}"}
        assert (await client.post("/v1/triage", json={"facts": {}}, headers=good)).status_code == 200
        assert (await client.get("/metrics", headers=good)).status_code == 403
        for bad in (token(aud="other"), token(STRANGER), token(exp=1), unsigned("none")):
            refused = await client.get("/v1/rules", headers={"authorization": f"Bearer {bad}"})
            assert refused.status_code == 401
            assert refused.json()["detail"] == "This key, token or session is wrong or over."
        issuer.body, issuer.keys = b"{}", []
    await app.state.service.hospital.close()
