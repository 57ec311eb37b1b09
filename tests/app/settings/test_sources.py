"""Settings from a file, secrets from files of their own, and what is refused there."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.access.actor import Scope
from app.settings.settings import Settings
from app.settings.sources import SettingsFileError

OIDC = {
    "oidc_issuer": "https://id.example.org",
    "oidc_audience": "aspects",
    "oidc_jwks_url": "https://id.example.org/keys",
    "oidc_role_scopes": {"stroke-team": ["read"]},
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", 'scan_processes = 3\n[oidc_role_scopes]\nstroke-team = ["read", "triage"]\n'),
        ("a.yaml", "scan_processes: 3\noidc_role_scopes: {stroke-team: [read, triage]}\n"),
    ],
)
def test_a_file_of_settings_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    monkeypatch.setenv("ASPECTS_CONFIG_FILE", str(tmp_path / name))
    settings = Settings()
    assert settings.scan_processes == 3
    assert settings.oidc_role_scopes == {"stroke-team": [Scope.READ, Scope.TRIAGE]}


def test_the_environment_comes_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("scan_processes = 3\nscan_queue_limit = 5\n")
    monkeypatch.setenv("ASPECTS_CONFIG_FILE", str(tmp_path / "a.toml"))
    monkeypatch.setenv("ASPECTS_SCAN_PROCESSES", "2")
    assert (Settings().scan_processes, Settings().scan_queue_limit) == (2, 5)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", "scan_proceses = 3\n"),
        ("a.toml", "hunter2 hunter2\n"),
        ("a.yaml", "{hunter2\n"),
        ("a.yaml", "- hunter2\n"),
        ("a.toml", 'config_file = "b.toml"\n'),
    ],
)
def test_a_file_that_does_not_fit_is_refused_unquoted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    monkeypatch.setenv("ASPECTS_CONFIG_FILE", str(tmp_path / name))
    with pytest.raises(SettingsFileError, match="ASPECTS_CONFIG_FILE: ") as refusal:
        Settings()
    assert "hunter2" not in str(refusal.value)


def test_a_missing_file_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASPECTS_CONFIG_FILE", str(tmp_path / "none.toml"))
    with pytest.raises(SettingsFileError, match="cannot be read"):
        Settings()


def test_a_secret_is_read_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql+psycopg://aspects:hunter2@db/aspects\n")
    monkeypatch.setenv("ASPECTS_DATABASE_URL_FILE", str(tmp_path / "url"))
    assert Settings().database_url == "postgresql+psycopg://aspects:hunter2@db/aspects"


def test_a_secret_that_is_said_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASPECTS_DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("ASPECTS_DATABASE_URL", "sqlite://")
    with pytest.raises(SettingsFileError, match="both set"):
        Settings()


def test_a_setting_that_is_a_file_is_no_secret_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASPECTS_SITE_NETWORK_FILE", str(tmp_path / "sites.yaml"))
    assert Settings().site_network_file == tmp_path / "sites.yaml"


@pytest.mark.parametrize(
    "change",
    [
        {"oidc_audience": None},
        {"oidc_jwks_url": None},
        {"oidc_jwks_file": "keys.json"},
        {"oidc_jwks_url": "http://id.example.org/keys"},
        {"oidc_jwks_url": "http://127.0.0.1.example.org/keys"},
        {"oidc_role_scopes": None},
        {"oidc_role_scopes": {"stroke-team": ["everything"]}},
    ],
)
def test_half_a_sign_in_by_token_is_refused(change: dict[str, object]) -> None:
    Settings.model_validate(OIDC)
    with pytest.raises(ValidationError):
        Settings.model_validate({**OIDC, **change})


def test_a_certificate_needs_its_key() -> None:
    with pytest.raises(ValidationError, match="belong together"):
        Settings(tls_certificate_file=Path("cert.pem"))
