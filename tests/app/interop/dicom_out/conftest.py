"""What several tests look at and none changes."""

from dataclasses import dataclass

import pytest
from pydicom.dataset import Dataset

from app.interop.dicom_out.contents import Content
from app.interop.dicom_out.sources import Sources
from tests.app.interop.dicom_out.made import documents, refused, scored
from tests.imaging.dicom_files import series


@dataclass(frozen=True)
class Made:
    content: Content
    sources: Sources
    documents: dict[str, Dataset]
    """By modality."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The objects of a scored reading."""
    content, sources = scored(tmp_path_factory.mktemp("scored"), series())
    return Made(content, sources, documents(content, sources))


@pytest.fixture(scope="module")
def made_refused(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The objects of a refused reading."""
    content, sources = refused(tmp_path_factory.mktemp("refused"), series())
    return Made(content, sources, documents(content, sources))
