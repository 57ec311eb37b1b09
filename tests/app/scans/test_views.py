"""What a browser is given of a scan: its own slices, upright and unsheared, and the label map on the same voxels."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from app.scans import views
from app.scans.views import FACTS_FILE, LABELS_FILE, SCAN_FILE, write_views
from imaging.reading import read_with_artefacts
from imaging.scan_file import read_volume

SAMPLES = Path(__file__).parents[3] / "sample_data"
TILTED = SAMPLES / "head_ct_left_mca_dicom.zip"


def _loaded(path: Path) -> nib.Nifti1Image:
    image = nib.load(path)
    assert isinstance(image, nib.Nifti1Image)
    return image


def test_a_tilted_scan_is_shown_slice_by_slice_as_it_was_acquired(tmp_path: Path) -> None:
    reading, artefacts = read_with_artefacts(TILTED)
    write_views(TILTED, artefacts, tmp_path / "views")
    scan, labels = _loaded(tmp_path / "views" / SCAN_FILE), _loaded(tmp_path / "views" / LABELS_FILE)
    facts = json.loads((tmp_path / "views" / FACTS_FILE).read_text())
    assert reading.status == "scored"
    assert artefacts is not None
    assert sorted(scan.shape) == sorted(artefacts.scan.hu.shape)
    assert scan.shape == labels.shape
    assert np.array_equal(scan.affine[:3, :3], np.diag(np.diag(scan.affine)[:3]))
    assert (np.diag(scan.affine) > 0).all()
    assert facts["tilt_degrees"] == pytest.approx(14, abs=0.2)
    assert set(facts["labels"]) == {str(value) for value in np.unique(np.asarray(labels.dataobj)) if value}


def test_the_patients_left_is_where_x_is_low(tmp_path: Path) -> None:
    """The files are ordered as RAS+ says, x towards the right: regions of the left have the lower first index."""
    _, artefacts = read_with_artefacts(TILTED)
    write_views(TILTED, artefacts, tmp_path / "views")
    labels = np.asarray(_loaded(tmp_path / "views" / LABELS_FILE).dataobj)
    facts = json.loads((tmp_path / "views" / FACTS_FILE).read_text())
    middle = {
        side: np.mean(
            [np.argwhere(labels == int(v))[:, 0].mean() for v, (_, s) in facts["labels"].items() if s == side]
        )
        for side in ("left", "right")
    }
    assert middle["left"] < labels.shape[0] / 2 < middle["right"]


def test_densities_are_those_of_the_scan(tmp_path: Path) -> None:
    sample = SAMPLES / "head_ct_normal.nii.gz"
    _, artefacts = read_with_artefacts(sample)
    write_views(sample, artefacts, tmp_path / "views")
    shown = np.asarray(_loaded(tmp_path / "views" / SCAN_FILE).dataobj)
    read = np.clip(read_volume(sample).hu, -1024, 3071)
    assert np.sort(shown, axis=None).tolist() == np.sort(read.astype(np.int16), axis=None).tolist()


def test_of_a_refused_scan_the_slices_are_shown_without_labels(tmp_path: Path) -> None:
    write_views(SAMPLES / "head_ct_normal.nii.gz", None, tmp_path / "views")
    assert (tmp_path / "views" / SCAN_FILE).is_file()
    assert not (tmp_path / "views" / LABELS_FILE).exists()
    assert json.loads((tmp_path / "views" / FACTS_FILE).read_text())["labels"] == {}


def test_of_what_is_no_scan_nothing_is_shown(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("no scan")
    write_views(tmp_path / "letter.txt", None, tmp_path / "views")
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_of_a_scan_too_large_for_a_browser_some_slices_are_left_out_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = SAMPLES / "head_ct_normal.nii.gz"
    size = read_volume(sample).hu.size
    monkeypatch.setattr(views, "MOST_VOXELS", size // 2 + 1)
    write_views(sample, None, tmp_path / "views")
    facts = json.loads((tmp_path / "views" / FACTS_FILE).read_text())
    assert facts["every"] == 2
    assert _loaded(tmp_path / "views" / SCAN_FILE).shape[2] == -(-facts["slices"] // 2)
