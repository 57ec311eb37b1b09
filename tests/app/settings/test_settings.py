"""Settings come from the environment, refuse what does not fit, and say what they mean."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings.settings import Settings


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described(name: str) -> None:
    description = Settings.model_fields[name].description
    assert description
    assert description.endswith(".")


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASPECTS_SCAN_PROCESSES", "3")
    monkeypatch.setenv("ASPECTS_SCAN_DIR", str(tmp_path))
    settings = Settings()
    assert settings.scan_processes == 3
    assert settings.scan_dir == tmp_path


@pytest.mark.parametrize(
    ("name", "value"),
    [("SCAN_PROCESSES", "0"), ("SCAN_SECONDS_LIMIT", "-1"), ("UPLOAD_LIMIT_BYTES", "1GB"), ("JOB_KEEP_SECONDS", "")],
)
def test_what_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"ASPECTS_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()
