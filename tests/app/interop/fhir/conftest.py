"""The FHIR endpoint as its callers meet it."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from tests.app.interop.calling import Caller, calling


@pytest.fixture(scope="module")
def caller(app: FastAPI) -> Iterator[Caller]:
    with calling(app) as caller:
        yield caller
