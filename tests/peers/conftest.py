"""Programs of other projects that the tests here talk to."""

from collections.abc import Iterator

import pytest

from tests.peers.orthanc import Orthanc, running_orthanc


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """A picture archive of the module's own, empty at first."""
    with running_orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        yield server
