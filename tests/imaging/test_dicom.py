"""Reading DICOM series: every voxel where its density says, and a named refusal for what is no stack."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, MRImageStorage, SecondaryCaptureImageStorage

from imaging.read_limits import ReadLimits
from imaging.refusals import RefusalCode, ScanRefused
from imaging.scan_file import read_volume
from imaging.volume import OUTSIDE_SCAN_HU, CtVolume
from tests.imaging.dicom_files import PIXEL_MM, changed, density_at, series, set_density, slice_dataset, write

ROUNDING_HU = 0.51


def assert_in_place(volume: CtVolume) -> None:
    """Every voxel has the density that the phantom has at the voxel's position."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in volume.hu.shape), indexing="ij"), axis=-1)
    np.testing.assert_allclose(volume.hu, density_at(volume.index_to_world(index)), atol=ROUNDING_HU)


def refusal_of(path: Path, limits: ReadLimits | None = None) -> ScanRefused:
    with pytest.raises(ScanRefused) as caught:
        read_volume(path, limits or ReadLimits())
    assert caught.value.text.endswith(".")
    assert caught.value.remedy.endswith(".")
    return caught.value


def test_regular_series_lies_where_its_density_says(tmp_path: Path) -> None:
    volume = read_volume(write(tmp_path, series()))

    assert volume.hu.shape == (48, 56, 12)
    assert volume.hu.dtype == np.int16  # whole numbers stay whole
    assert volume.is_evenly_spaced
    assert volume.gantry_tilt_degrees == pytest.approx(0, abs=1e-6)
    assert volume.spacing_mm == pytest.approx((PIXEL_MM, PIXEL_MM))
    assert_in_place(volume)


def test_acquisition_tells_what_the_file_says(tmp_path: Path) -> None:
    acquisition = read_volume(write(tmp_path, slices := series())).acquisition

    assert acquisition.source_format == "dicom"
    assert acquisition.modality == "CT"
    assert acquisition.kernel == "H30s"
    assert acquisition.slice_thickness_mm == 5
    assert acquisition.tube_voltage_kv == 120
    assert acquisition.contrast_agent is None
    assert acquisition.acquired_at == "2026-01-31T10:15:00+01:00"
    assert acquisition.sop_uids == tuple(one.SOPInstanceUID for one in slices)
    assert acquisition.notes == ()


@pytest.mark.parametrize("tilt_degrees", [-25.0, -6.0, 18.5])
def test_tilted_series_keeps_its_shear(tmp_path: Path, tilt_degrees: float) -> None:
    volume = read_volume(write(tmp_path, series(tilt_degrees=tilt_degrees)))

    assert volume.gantry_tilt_degrees == pytest.approx(abs(tilt_degrees), abs=1e-3)
    assert volume.gaps_mm == pytest.approx(5 * np.cos(np.radians(tilt_degrees)))
    assert_in_place(volume)


def test_uneven_protocol_is_kept_on_its_positions(tmp_path: Path) -> None:
    heights = [*np.arange(0, 30, 3.0), *np.arange(31, 100, 8.0)]
    volume = read_volume(write(tmp_path, series(heights, tilt_degrees=15, SliceThickness="")))

    assert not volume.is_evenly_spaced
    assert volume.slice_count == len(heights)
    assert any("unevenly spaced" in note for note in volume.acquisition.notes)
    assert_in_place(volume)


def test_slices_count_towards_the_head_whatever_the_order_of_files(tmp_path: Path) -> None:
    slices = series(list(range(55, -5, -5)))
    volume = read_volume(write(tmp_path, slices))

    assert volume.slice_origins_mm[0, 2] < volume.slice_origins_mm[-1, 2]
    assert volume.acquisition.sop_uids[0] == slices[-1].SOPInstanceUID
    assert_in_place(volume)


def test_feet_first_and_prone_slices_follow_their_own_orientation(tmp_path: Path) -> None:
    def turn(_: int, one: Dataset) -> None:
        """Turn the image by 180 degrees about the head-foot axis and say so in the header."""
        hu = one.pixel_array[::-1, ::-1].astype(float) - 1024
        corner = np.array(one.ImagePositionPatient, dtype=float)
        corner[:2] += PIXEL_MM * (np.array([one.Columns, one.Rows]) - 1)
        one.ImagePositionPatient = [float(value) for value in corner]
        one.ImageOrientationPatient = [-1, 0, 0, 0, -1, 0]
        set_density(one, hu)

    volume = read_volume(write(tmp_path, changed(series(), turn)))

    assert volume.step_i_mm[0] > 0  # towards the patient's right edge of the image, which now is the patient's left
    assert_in_place(volume)


def test_each_slice_has_its_own_rescale(tmp_path: Path) -> None:
    def rescale(k: int, one: Dataset) -> None:
        hu = one.pixel_array.astype(float) - 1024
        one.RescaleIntercept, one.RescaleSlope = -1000 - 10 * k, 0.5
        set_density(one, hu)

    assert_in_place(read_volume(write(tmp_path, changed(series(), rescale))))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_other_native_syntaxes(tmp_path: Path, syntax: str) -> None:
    def store(_: int, one: Dataset) -> None:
        one.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian:
            one["PixelData"].value = np.frombuffer(one.PixelData, "<u2").astype(">u2").tobytes()

    assert_in_place(read_volume(write(tmp_path, changed(series(), store))))


def test_files_without_preamble_are_read(tmp_path: Path) -> None:
    write(tmp_path, series())
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[132:])

    assert_in_place(read_volume(tmp_path))


@pytest.mark.parametrize("signed_tag", [True, False])
def test_padding_becomes_outside_scan(tmp_path: Path, signed_tag: bool) -> None:
    """Writers store -2000 in the signed form of the element or in its unsigned form, 63536."""

    def pad(_: int, one: Dataset) -> None:
        hu = one.pixel_array.astype(float) - 1024
        one.RescaleIntercept = 500
        hu[:3] = -1500
        set_density(one, hu, signed=True)
        one.add_new(0x00280120, "SS" if signed_tag else "US", -2000 if signed_tag else 63536)

    volume = read_volume(write(tmp_path, changed(series(), pad)))

    assert (volume.hu[:, :3] == OUTSIDE_SCAN_HU).all()
    assert (volume.hu[:, 3:] > OUTSIDE_SCAN_HU).all()


def test_padding_range(tmp_path: Path) -> None:
    def pad(_: int, one: Dataset) -> None:
        hu = one.pixel_array.astype(float) - 1024
        hu[0], hu[1], hu[2] = 2972, 2975, 2976
        set_density(one, hu)
        one.add_new(0x00280120, "US", 4000)
        one.add_new(0x00280121, "US", 3996)

    volume = read_volume(write(tmp_path, changed(series(), pad)))

    assert (volume.hu[:, :3] == OUTSIDE_SCAN_HU).all()


def test_padding_that_tissue_takes_too_counts_only_at_the_edge(tmp_path: Path) -> None:
    def pad(_: int, one: Dataset) -> None:
        hu = np.full((56, 48), 30.0)
        hu[:4] = hu[20:22, 20:22] = 0
        set_density(one, hu)
        one.add_new(0x00280120, "US", 1024)

    volume = read_volume(write(tmp_path, changed(series(), pad)))

    assert (volume.hu[:, :4] == OUTSIDE_SCAN_HU).all()
    assert (volume.hu[20:22, 20:22] == 0).all()


def test_bits_above_the_stored_ones_are_no_density(tmp_path: Path) -> None:
    """Retired overlays live in the unused high bits of a pixel."""

    def overlay(_: int, one: Dataset) -> None:
        one.BitsStored, one.HighBit = 12, 11
        one["PixelData"].value = (one.pixel_array | 0x8000).astype("<u2").tobytes()

    assert_in_place(read_volume(write(tmp_path, changed(series(), overlay))))


def test_scout_in_the_series_is_left_out(tmp_path: Path) -> None:
    scout = slice_dataset(20)
    scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    unnamed_scout = slice_dataset(25)
    unnamed_scout.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    picture = slice_dataset(30)
    picture.SOPClassUID = SecondaryCaptureImageStorage
    volume = read_volume(write(tmp_path, [scout, unnamed_scout, picture, *series()]))

    assert volume.slice_count == 12
    assert volume.acquisition.notes[0].endswith("pictures, reports): 2.")
    assert_in_place(volume)


def test_foreign_files_and_folders_are_ignored(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b", series())
    (tmp_path / "a" / "README.txt").write_text("not a scan")
    (tmp_path / "empty.dcm").touch()

    assert_in_place(read_volume(tmp_path))


def test_exact_repeats_are_dropped(tmp_path: Path) -> None:
    write(tmp_path, series())
    write(tmp_path / "again", series()[:4])
    volume = read_volume(tmp_path)

    assert volume.acquisition.notes == ("Exact repeats of a slice, dropped: 4.",)
    assert_in_place(volume)


def test_a_place_imaged_twice_keeps_the_first_acquisition(tmp_path: Path) -> None:
    second = series()[5]
    second.AcquisitionNumber = 2
    set_density(second, np.full((56, 48), 77.0))
    volume = read_volume(write(tmp_path, [second, *series()]))

    assert volume.acquisition.notes == (
        "Slices imaged again at the same place, of which the first acquired was kept: 1.",
    )
    assert_in_place(volume)


def test_several_phases_in_one_series_are_refused(tmp_path: Path) -> None:
    def later_phase(_: int, one: Dataset) -> None:
        one.AcquisitionNumber = 2
        set_density(one, one.pixel_array.astype(float) - 1024 + 50)

    refusal = refusal_of(write(tmp_path, [*series(), *changed(series(), later_phase)]))

    assert refusal.code == RefusalCode.GEOMETRY_UNREADABLE
    assert "same places" in refusal.text


def without(*removed: int) -> list[Dataset]:
    return [one for k, one in enumerate(series()) if k not in removed]


@pytest.mark.parametrize("removed", [(6,), (1,), (10,), (4, 5), (3, 7), (4, 6), tuple(range(1, 12, 2))])
def test_missing_slices_are_refused(tmp_path: Path, removed: tuple[int, ...]) -> None:
    refusal = refusal_of(write(tmp_path, without(*removed)))

    assert refusal.code == RefusalCode.SLICES_MISSING
    assert "instead of 5.0 mm" in refusal.text


def test_too_few_slices_are_refused(tmp_path: Path) -> None:
    assert refusal_of(write(tmp_path, series()[:4])).code == RefusalCode.COVERAGE_INCOMPLETE


def test_single_slice_file_is_refused(tmp_path: Path) -> None:
    path = next(write(tmp_path, series()[:1]).iterdir())

    assert refusal_of(path).code == RefusalCode.COVERAGE_INCOMPLETE


def drop(keyword: str) -> list[Dataset]:
    slices = series()
    for one in slices:
        delattr(one, keyword)
    return slices


def one_changed(keyword: str, value: object) -> list[Dataset]:
    slices = series()
    setattr(slices[5], keyword, value)
    return slices


@pytest.mark.parametrize(
    ("slices", "words"),
    [
        (drop("ImagePositionPatient"), "where they lie"),
        (drop("ImageOrientationPatient"), "where they lie"),
        (drop("PixelSpacing"), "how large"),
        (one_changed("PixelSpacing", [4.4, 4.5]), "differ in pixel size"),
        (series(PixelSpacing=[45, 45]), "impossible"),
        (series(PixelSpacing=[0, 4.5]), "impossible"),
        (series(PixelSpacing=[-4.5, 4.5]), "impossible"),
        (one_changed("ImageOrientationPatient", [1, 0, 0, 0, 0.9976, -0.0698]), "not parallel"),
        (series(ImageOrientationPatient=[1, 0, 0, 0.5, 0.866, 0]), "perpendicular"),
        (series(ImageOrientationPatient=[2, 0, 0, 0, 1, 0]), "perpendicular"),
        (series(ImageOrientationPatient=[0, 0, 0, 0, 0, 0]), "perpendicular"),
        (one_changed("ImagePositionPatient", [-104, -126, 25]), "shifted"),
        (series(ImageOrientationPatient=[1, 0, 0, 0, 0.5, -0.8660254]), "slide"),
    ],
)
def test_unreadable_geometry_is_refused_with_its_reason(tmp_path: Path, slices: list[Dataset], words: str) -> None:
    refusal = refusal_of(write(tmp_path, slices))

    assert refusal.code == RefusalCode.GEOMETRY_UNREADABLE
    assert words in refusal.text


def test_a_slice_without_readable_orientation_leaves_a_hole(tmp_path: Path) -> None:
    slices = one_changed("ImageOrientationPatient", [1, 0, 0])

    assert refusal_of(write(tmp_path, slices)).code == RefusalCode.SLICES_MISSING


def test_all_slices_at_one_place_are_refused(tmp_path: Path) -> None:
    assert refusal_of(write(tmp_path, series([10] * 12))).code == RefusalCode.COVERAGE_INCOMPLETE


@pytest.mark.parametrize(
    ("slices", "code"),
    [
        (series(Modality="MR", SOPClassUID=MRImageStorage), RefusalCode.NOT_CT),
        (series(Modality="PT"), RefusalCode.NOT_CT),
        (series(SOPClassUID=SecondaryCaptureImageStorage), RefusalCode.NOT_CT),
        (series(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), RefusalCode.COVERAGE_INCOMPLETE),
        (series(PhotometricInterpretation="RGB"), RefusalCode.COVERAGE_INCOMPLETE),
        (drop("RescaleIntercept"), RefusalCode.NOT_HU),
        (series(RescaleSlope=0), RefusalCode.NOT_HU),
        (series(RescaleType="MGML"), RefusalCode.NOT_HU),
        (drop("PixelData"), RefusalCode.CORRUPT_FILE),
        (drop("BitsAllocated"), RefusalCode.CORRUPT_FILE),
        (series(Rows=65535, Columns=65535), RefusalCode.TOO_LARGE),
        (series(Rows=0), RefusalCode.CORRUPT_FILE),
    ],
)
def test_what_is_no_plain_ct_is_refused(tmp_path: Path, slices: list[Dataset], code: RefusalCode) -> None:
    assert refusal_of(write(tmp_path, slices)).code == code


def test_two_patients_in_one_upload_are_refused(tmp_path: Path) -> None:
    write(tmp_path, series())
    write(tmp_path / "other", series(PatientID="somebody else"))

    assert refusal_of(tmp_path).code == RefusalCode.SEVERAL_PATIENTS


def test_compressed_by_an_unread_syntax_is_refused(tmp_path: Path) -> None:
    slices = series()
    for one in slices:
        one.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.50"
        one["PixelData"].VR = "OB"
        one["PixelData"].is_undefined_length = True
        one["PixelData"].value = b"\xfe\xff\x00\xe0\x00\x00\x00\x00\xfe\xff\x00\xe0\x04\x00\x00\x00\xff\xd8\xff\xd9"

    assert refusal_of(write(tmp_path, slices)).code == RefusalCode.UNSUPPORTED_TRANSFER_SYNTAX
