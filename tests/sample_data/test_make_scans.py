"""The scan scripts: the scanner's physics, what the DICOM series says, and that the committed scan can be remade."""

import importlib
import io
import zipfile
from pathlib import Path
from types import ModuleType

import nibabel as nib
import numpy as np
import pydicom
import pytest

from imaging.atlas import load_atlas
from imaging.scan_file import read_volume
from scoring.regions import Region, Side

SAMPLES = Path(__file__).resolve().parent.parent.parent / "sample_data"
SERIES = SAMPLES / "head_ct_left_mca_dicom.zip"


@pytest.fixture(scope="module")
def make_scans() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SAMPLES))
        return importlib.import_module("make_scans")


@pytest.fixture(scope="module")
def scanner(make_scans: ModuleType) -> ModuleType:
    return importlib.import_module("scanner")


def water_with_marker(scanner: ModuleType) -> object:
    """Water for |x|, |y| < 80 above z = 20, air below, with a dense rod on the patient's left."""
    hu = np.full((201, 201, 161), -1000.0, dtype=np.float32)
    hu[20:181, 20:181, 80:] = 0.0
    hu[40:48, 96:104, 80:] = 500.0
    return scanner.Phantom(hu, np.array([-100.0, -100.0, -60.0]))


def small(scanner: ModuleType, **changes: float) -> object:
    plain = dict.fromkeys(("yaw_degrees", "pitch_degrees", "roll_degrees", "gantry_tilt_degrees"), 0.0)
    return scanner.Protocol(**{**plain, "noise_seed": 5, "size": 96, "pixel_mm": 2.0, "slices": 8, **changes})


def test_noise_of_the_asked_size_and_coarser_than_a_pixel(scanner: ModuleType) -> None:
    image = scanner.scan(water_with_marker(scanner), small(scanner, pixel_mm=0.5))
    water = image.hu[28:76, 28:76, 6].astype(float)
    assert water.std() == pytest.approx(scanner.NOISE_HU, rel=0.15)
    neighbours = np.corrcoef(water[1:].ravel(), water[:-1].ravel())[0, 1]
    assert neighbours > 0.2


def test_slice_across_a_border_shows_part_volume(scanner: ModuleType) -> None:
    image = scanner.scan(water_with_marker(scanner), small(scanner))
    means = image.hu[40:56, 40:56].mean(axis=(0, 1))
    mixed = [value for value in means if -900 < value < -100]
    assert len(mixed) == 1


def test_left_of_the_phantom_is_the_patients_left_in_the_scan(scanner: ModuleType) -> None:
    image = scanner.scan(water_with_marker(scanner), small(scanner))
    i, j = np.unravel_index(image.hu[:, :, 6].argmax(), image.hu.shape[:2])
    position = image.origin_mm + i * image.step_i_mm + j * image.step_j_mm
    assert position[0] < -40


def test_series_names_no_person_and_has_its_own_identifiers() -> None:
    with zipfile.ZipFile(SERIES) as archive:
        slices = [pydicom.dcmread(io.BytesIO(archive.read(name))) for name in archive.namelist()]
    assert len({s.SOPInstanceUID for s in slices}) == len(slices) == 30
    for s in slices:
        for uid in (s.SOPInstanceUID, s.SeriesInstanceUID, s.StudyInstanceUID, s.FrameOfReferenceUID):
            assert uid.startswith("2.25.")
            assert uid.is_valid
        assert (s.PatientID, str(s.PatientName), s.PatientBirthDate) == ("SYNTHETIC", "SYNTHETIC^HEAD", "")
        assert (s.Modality, s.RescaleIntercept, s.file_meta.MediaStorageSOPInstanceUID) == (
            "CT",
            -1024,
            s.SOPInstanceUID,
        )


def test_series_is_sheared_by_the_gantry() -> None:
    volume = read_volume(SERIES)
    assert volume.gantry_tilt_degrees == pytest.approx(14, abs=0.05)
    assert volume.gaps_mm == pytest.approx(5.0, abs=0.01)


def test_committed_scan_can_be_made_again(make_scans: ModuleType) -> None:
    made = make_scans.scan(make_scans.build(infarct=True), make_scans.UPRIGHT)
    committed = nib.load(SAMPLES / "head_ct_left_mca.nii.gz")
    difference = np.abs(made.hu.astype(int) - np.asarray(committed.dataobj))
    assert difference.max() <= 1  # another processor may round the last digit the other way
    assert (difference > 0).mean() < 1e-3
    affine = np.stack([made.step_i_mm, made.step_j_mm, made.step_k_mm, made.origin_mm], axis=1)
    assert committed.affine[:3] == pytest.approx(affine, abs=1e-4)


def test_files_hold_no_clock(make_scans: ModuleType, scanner: ModuleType) -> None:
    protocol = small(scanner, gantry_tilt_degrees=10.0)
    image = scanner.scan(water_with_marker(scanner), protocol)
    assert make_scans.nifti(image)[4:8] == bytes(4)
    with zipfile.ZipFile(io.BytesIO(make_scans.dicom_zip(image, protocol))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_infarct_covers_its_regions_on_the_left_and_nothing_on_the_right(make_scans: ModuleType) -> None:
    phantom = importlib.import_module("phantom")
    atlas = load_atlas()
    grey, _, origin = phantom._tissue()
    canvas = phantom._canvas(phantom._on_grid(atlas.intracranial, grey.shape), origin, 1)
    share = phantom._infarct(canvas, canvas.field(5.0))
    labels = phantom._padded(atlas.labels.astype(np.float32), grey.shape)
    covered = {key: float(share[labels == value].mean()) for value, key in atlas.label_table.items()}
    assert all(covered[region, Side.LEFT] > 0.6 for region in phantom.INFARCT), covered
    assert max(covered[region, Side.LEFT] for region in set(Region) - set(phantom.INFARCT)) < 0.3
    assert max(covered[region, Side.RIGHT] for region in Region) < 1e-6
    assert share.max() <= 1.0
