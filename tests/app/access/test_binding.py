"""Where a service with a record listens, and what it says when it does not."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from app.access import keys
from app.access.actor import Actor, ActorKind, Scope
from app.access.binding import BindingRefused, check_binding
from app.hospital import open_hospital
from app.settings.settings import Settings

ROOT = Path(__file__).parents[3]
EVERYWHERE = "0.0.0.0"  # noqa: S104 -- that it is refused is what is tested
SYSTEM = Actor(ActorKind.SYSTEM, "tests", frozenset())


def serve(folder: Path, *options: str, **more: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "ASPECTS_DATA_DIR": str(folder), **more}
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", "0", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT, env=environment)


def test_it_does_not_listen_elsewhere_without_callers_it_knows(tmp_path: Path) -> None:
    run = serve(tmp_path, "--host", EVERYWHERE)
    assert run.returncode == 2
    for named in ("aspects keys make", "ASPECTS_OIDC_ISSUER", "ASPECTS_TLS_CERTIFICATE_FILE", "ASPECTS_ALLOWED_HOSTS"):
        assert named in run.stderr
    assert "Traceback" not in run.stderr
    assert "sign-in#" not in run.stderr


@pytest.mark.parametrize(
    ("host", "with_key", "changes", "said"),
    [
        (EVERYWHERE, False, {"trusted_proxies": "10.0.0.1", "allowed_hosts": "a.example"}, "aspects keys make"),
        (EVERYWHERE, True, {"allowed_hosts": "a.example"}, "TLS"),
        (EVERYWHERE, True, {"trusted_proxies": "10.0.0.1"}, "ASPECTS_ALLOWED_HOSTS"),
        ("192.0.2.7", True, {}, "TLS"),
        ("::", False, {}, "aspects keys make"),
        ("aspects.hospital.example", False, {}, "aspects keys make"),
    ],
)
def test_each_thing_that_is_missing_is_named(
    tmp_path: Path, host: str, with_key: bool, changes: dict[str, str], said: str
) -> None:
    opened = open_hospital(Settings.model_validate({"data_dir": tmp_path, **changes}))
    assert opened is not None
    if with_key:
        wanted = keys.KeyWanted("ehr", frozenset({Scope.READ}))
        opened.writer.write_blocking(partial(keys.make_key, wanted=wanted, by=SYSTEM))
    with pytest.raises(BindingRefused, match=said) as refusal:
        check_binding(opened, host)
    if with_key:
        assert "aspects keys make" not in str(refusal.value)
    opened.writer.close()
    opened.engine.dispose()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ASPECTS_METRICS_ADDRESS", "no-port", "ASPECTS_METRICS_ADDRESS"),
        ("ASPECTS_METRICS_ADDRESS", "127.0.0.1:99999", "ASPECTS_METRICS_ADDRESS"),
        ("ASPECTS_CONFIG_FILE", "/no/such/file.toml", "ASPECTS_CONFIG_FILE"),
    ],
)
def test_settings_that_cannot_be_used_are_told_and_nothing_listens(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    run = serve(tmp_path, **{name: value})
    assert run.returncode == 2
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_a_certificate_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("no certificate")
    files = {f"ASPECTS_TLS_{part}_FILE": str(tmp_path / "cert.pem") for part in ("CERTIFICATE", "KEY")}
    run = serve(tmp_path / "record", **files)
    assert run.returncode == 2
    assert "ASPECTS_TLS_CERTIFICATE_FILE" in run.stderr
    assert "Traceback" not in run.stderr
