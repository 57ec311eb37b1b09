"""What a site may set about who may use its service, from where, and who watches it."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, model_validator

from app.access.actor import Scope


class AccessSettings(BaseModel):
    """The part of the settings that speaks of callers; `app.settings.settings.Settings` holds them all."""

    config_file: Path | None = Field(
        default=None,
        description="TOML or YAML file with settings by their names in small letters, without ASPECTS_. The "
        "environment comes first.",
    )
    allowed_hosts: str | None = Field(
        default=None,
        description="Names under which a service with data_dir may be asked, with commas between; other Host headers "
        "get 421. None: localhost, 127.0.0.1 and [::1].",
    )
    trusted_proxies: str | None = Field(
        default=None,
        description="Addresses or networks of the proxies that end TLS in front of the service, with commas between; "
        "only their X-Forwarded-For and X-Forwarded-Proto are believed.",
    )
    tls_certificate_file: Path | None = Field(
        default=None, description="PEM file with the certificate chain of the server, for TLS without a proxy."
    )
    tls_key_file: Path | None = Field(default=None, description="PEM file with the private key of the certificate.")
    oidc_issuer: str | None = Field(
        default=None,
        description="Issuer whose tokens are accepted, exactly as their iss claim has it. None: API keys and sign-in "
        "alone.",
    )
    oidc_audience: str | None = Field(default=None, description="Value that the aud claim of a token must hold.")
    oidc_jwks_url: str | None = Field(
        default=None, description="Where the issuer publishes its keys: https, or http on the loopback address."
    )
    oidc_jwks_file: Path | None = Field(
        default=None, description="File with the issuer's keys (JWKS), where the service cannot reach the issuer."
    )
    oidc_name_claim: str = Field(
        default="sub", description="Claim that names the person in the audit trail and the log."
    )
    oidc_roles_claim: str = Field(
        default="roles", description="Claim with the list of roles; dots lead into nested claims: realm_access.roles."
    )
    oidc_role_scopes: dict[str, list[Scope]] | None = Field(
        default=None,
        description='Scopes of each role, as JSON: {"stroke-team": ["read", "triage", "ingest"]}. A role that is not '
        "named gives nothing.",
    )
    session_idle_minutes: float = Field(
        default=30.0, gt=0, description="A browser's session ends after this time without a request, in minutes."
    )
    session_hours: float = Field(
        default=12.0, gt=0, description="A browser's session ends after this time in any case, in hours."
    )
    request_limit_per_minute: int = Field(
        default=60_000, ge=1, description="Requests of one key, person or address in a minute, for each server process."
    )
    failed_sign_in_limit_per_minute: int = Field(
        default=20, ge=1, description="Wrong keys, tokens and codes from one address in a minute; after them, 429."
    )
    metrics_address: str | None = Field(
        default=None,
        description="Address and port, such as 127.0.0.1:9464, where /metrics can be read without a key. None: only "
        "at /metrics of the service, with the scope admin.",
    )
    worker_metrics_address: str | None = Field(
        default=None,
        description="The same for the numbers of aspects worker, which reads the scans: scored, or refused by code.",
    )
    drain_seconds: float = Field(
        default=2.0,
        ge=0,
        description="Time between the signal to stop and the end of listening of a service with data_dir, in seconds: "
        "/readyz says 503, requests are still answered and connections closed behind them.",
    )
    disk_free_limit_mib: int = Field(
        default=1024, ge=0, description="Free space in data_dir below which /readyz says 503, in MiB."
    )

    @model_validator(mode="after")
    def _complete(self) -> "AccessSettings":
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            raise ValueError("tls_certificate_file and tls_key_file belong together.")
        if self.oidc_issuer is not None:
            _check_oidc(self)
        return self


def _check_oidc(settings: AccessSettings) -> None:
    if not settings.oidc_audience:
        raise ValueError("oidc_issuer needs oidc_audience: a token for another service must not open this one.")
    if (settings.oidc_jwks_url is None) == (settings.oidc_jwks_file is None):
        raise ValueError("oidc_issuer needs either oidc_jwks_url or oidc_jwks_file.")
    if settings.oidc_jwks_url is not None and not _is_safe_url(settings.oidc_jwks_url):
        raise ValueError("oidc_jwks_url must begin with https://; http:// serves on the loopback address alone.")
    if not settings.oidc_role_scopes:
        raise ValueError("oidc_issuer needs oidc_role_scopes: without them no token may do anything.")


def _is_safe_url(url: str) -> bool:
    parts = urlsplit(url)
    if parts.username is not None or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"})
