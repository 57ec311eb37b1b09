"""The CDS Hooks services: open as on a service that keeps nothing, and with an EHR that must prove itself."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.main import create_app
from app.settings.settings import Settings
from tests.app.interop.calling import Caller, calling
from tests.app.interop.cds_hooks.ehr import BASE, ISSUER, KEYS


@pytest.fixture(scope="module")
def caller(app: FastAPI) -> Iterator[Caller]:
    with calling(app) as caller:
        yield caller


def ehr_file(folder: Path, **ehr: object) -> Path:
    path = folder / "ehrs.yaml"
    described = {"issuer": ISSUER, "keys": KEYS, "origins": ["https://ehr.example.org"]} | ehr
    path.write_text(json.dumps({"base_url": BASE, "ehrs": [described]}))
    return path


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Caller]:
    with calling(create_app(Settings(cds_hooks_file=ehr_file(tmp_path)))) as caller:
        yield caller
