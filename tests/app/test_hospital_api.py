"""No drawn request breaks a hospital's service: its HTTP interface, DICOMweb, FHIR, CDS Hooks and pages.

``python bench/fuzz_api.py`` draws ten thousand and more.
"""

from collections.abc import Iterator

import pytest

from tests.app.hospital_api import HospitalApi, hospital_api

REQUESTS = 12
"""Of each address."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HospitalApi]:
    made = hospital_api(tmp_path_factory.mktemp("fuzzed"))
    yield made
    made.app.state.service.hospital.writer.close()
    made.app.state.service.hospital.engine.dispose()


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_no_drawn_request_is_answered_with_a_fault(api: HospitalApi) -> None:
    for name in api.operations:
        assert sum(api.ask(name, REQUESTS).values()) > 0, name
