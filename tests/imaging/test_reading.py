"""The whole way from a scan in memory to a reading, on phantoms whose lesions are put in before registration."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from imaging import read_ct
from imaging.atlas import load_atlas
from imaging.extras import effaced_side
from imaging.outputs import EVEN_NOTE, UNEVEN_NOTE, native_labels, write_outputs
from imaging.reading import read_volume_of, read_with_artefacts
from imaging.refusals import RefusalCode
from imaging.result import Reading
from imaging.volume import CtVolume
from scoring.regions import Region, Side, Status
from tests.imaging.phantom import make_phantom, mirrored, plain_phantom, plain_reading, with_ball

STROKE = {(Region.I, Side.LEFT): 5.0, (Region.M2, Side.LEFT): 5.0, (Region.L, Side.LEFT): 5.0}


@pytest.fixture(scope="module")
def lesioned() -> CtVolume:
    return make_phantom(lesion=STROKE)


@pytest.fixture(scope="module")
def stroke(lesioned: CtVolume) -> Reading:
    return read_volume_of(lesioned)[0]


@pytest.fixture(scope="module")
def stroke_outputs(lesioned: CtVolume, tmp_path_factory: pytest.TempPathFactory) -> tuple[Reading, Path]:
    folder = tmp_path_factory.mktemp("outputs")
    reading, artefacts = read_volume_of(lesioned)
    write_outputs(reading, artefacts, folder)
    return reading, folder


def save(volume: CtVolume, path: Path) -> Path:
    image = nib.Nifti1Image(np.rint(volume.hu).astype(np.int16), volume.affine_ras_mm)  # type: ignore[no-untyped-call]
    image.to_filename(path)
    return path


def affected(reading: Reading, side: Side) -> set[Region]:
    return {region for region, one in reading.regions[side].items() if one.status is Status.AFFECTED}


def test_a_head_without_change_scores_ten() -> None:
    reading, _ = plain_reading()
    assert (reading.status, reading.total, reading.side) == ("scored", 10, None)
    assert all(abs(one.delta_hu or 9) < 0.5 for one in reading.regions[Side.LEFT].values())


def test_an_infarct_is_called_on_its_side(stroke: Reading) -> None:
    assert stroke.side is Side.LEFT
    assert affected(stroke, Side.LEFT) == {Region.I, Region.M2, Region.L}
    assert affected(stroke, Side.RIGHT) == set()
    assert stroke.total == 7
    assert stroke.total_low is not None
    assert stroke.total_high is not None
    assert stroke.total_low <= 7 <= stroke.total_high


def test_the_darkening_is_measured(stroke: Reading) -> None:
    for region in (Region.I, Region.M2, Region.L):
        one = stroke.regions[Side.LEFT][region]
        assert one.delta_hu is not None
        assert one.hu is not None
        assert one.hu_other_side is not None
        assert -5.5 < one.delta_hu < -3
        assert -6 < one.hu - one.hu_other_side < -2.5


@pytest.mark.parametrize("depth_hu", [7.0, 10.0])
def test_a_deep_infarct_is_the_easiest_call(depth_hu: float) -> None:
    lesion = {(region, Side.RIGHT): depth_hu for region in (Region.I, Region.IC, Region.M1, Region.M5)}
    reading, _ = read_volume_of(make_phantom(lesion=lesion, slice_mm=7.0))
    assert reading.side is Side.RIGHT
    assert affected(reading, Side.RIGHT) >= {Region.I, Region.M1, Region.M5}
    assert all(reading.regions[Side.RIGHT][region].excluded_ml < 6 for region in (Region.M1, Region.M5))


def test_mirroring_a_scan_swaps_the_sides(lesioned: CtVolume, stroke: Reading) -> None:
    swapped, _ = read_volume_of(mirrored(lesioned))
    assert swapped.side is Side.RIGHT
    assert swapped.total == stroke.total
    for side in Side:
        for region in Region:
            there, here = stroke.regions[side][region], swapped.regions[side.other][region]
            assert here.status is there.status
            assert here.delta_hu == pytest.approx(there.delta_hu, abs=0.05)
            assert here.hu == pytest.approx(there.hu, abs=0.05)


def test_an_old_infarct_is_recorded_and_costs_no_point() -> None:
    reading, _ = read_volume_of(with_ball(plain_phantom(), (-52.0, -20.0, 40.0), 9.0, 9.0))
    old = [warning for warning in reading.warnings if warning.code == "OLD_INFARCT"]
    assert len(old) == 1
    assert "left in M5" in old[0].text
    assert reading.total == 10
    assert reading.regions[Side.LEFT][Region.M5].excluded_ml > 5


def test_uneven_slices_are_measured_where_they_lie(lesioned: CtVolume) -> None:
    keep = [k for k in range(lesioned.slice_count) if k < 14 or k % 2 == 0]
    uneven = replace(lesioned, hu=lesioned.hu[:, :, keep], slice_origins_mm=lesioned.slice_origins_mm[keep])
    assert not uneven.is_evenly_spaced
    reading, _ = read_volume_of(uneven)
    assert affected(reading, Side.LEFT) == {Region.I, Region.M2, Region.L}


def test_thin_slices_give_the_same_answer() -> None:
    thin = make_phantom(lesion=STROKE, slice_mm=2.5, noise_hu=7.0)
    reading, artefacts = read_volume_of(thin)
    assert affected(reading, Side.LEFT) == {Region.I, Region.M2, Region.L}
    assert artefacts is not None
    assert artefacts.labels.shape[2] == thin.slice_count // 2
    assert native_labels(artefacts).shape == thin.hu.shape


def test_regions_beyond_the_scan_are_not_assessable() -> None:
    reading, _ = read_volume_of(make_phantom(degrees=(20.0, 0.0, 0.0), z_range_mm=(-70.0, 40.0), slice_mm=4.0))
    unseen = {r for r, one in reading.regions[Side.LEFT].items() if one.status is Status.NOT_ASSESSABLE}
    assert unseen == {Region.M4}  # the chin is up, so the front of the upper level is cut off first
    assert (reading.total, reading.total_low) == (10, 9)
    assert all(reading.regions[Side.LEFT][region].probability is None for region in unseen)
    assert "REGIONS_NOT_ASSESSABLE" in {warning.code for warning in reading.warnings}


def test_json_is_the_contract(stroke: Reading) -> None:
    answer = json.loads(json.dumps(stroke.to_json(), allow_nan=False))
    assert answer["status"] == "scored"
    assert answer["side"] == "left"
    assert set(answer) >= {
        "total",
        "total_low",
        "total_high",
        "warnings",
        "quality",
        "input",
        "timing_seconds",
        "versions",
    }
    assert list(answer["regions"]) == ["left", "right"]
    for regions in answer["regions"].values():
        assert list(regions) == [region.value for region in Region]
        assert all(
            set(one) == {"status", "probability", "hu", "hu_other_side", "delta_hu", "voxels", "excluded_ml"}
            for one in regions.values()
        )
    assert answer["regions"]["left"]["M2"]["status"] == "affected"
    assert set(answer["timing_seconds"]) >= {"register", "measure"}
    assert answer["versions"]["atlas"] == load_atlas().version
    assert answer["quality"]["calibrated_on_labelled_scans"] is False


def test_voxels_are_the_scans_own() -> None:
    reading, artefacts = plain_reading()
    assert artefacts is not None
    native = native_labels(artefacts)
    for region in Region:
        outlined = int((native == load_atlas().value(region, Side.LEFT)).sum())
        assert 0.5 * outlined < reading.regions[Side.LEFT][region].voxels <= outlined


def test_outputs_are_complete_and_read_back(tmp_path: Path) -> None:
    reading, artefacts = plain_reading()
    written = write_outputs(reading, artefacts, tmp_path / "new" / "folder")
    pictures, maps = (
        {"overlay.png", "key_image.png"},
        {"labels.nii.gz", "counted.nii.gz", "asymmetry.nii.gz", "labels.json"},
    )
    assert {path.name for path in written} == {"reading.json"} | pictures | maps
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == sorted(p.name for p in written)
    image = nib.Nifti1Image.from_filename(tmp_path / "new" / "folder" / "labels.nii.gz")
    scan = plain_phantom()
    assert image.shape == scan.hu.shape
    assert image.affine == pytest.approx(scan.affine_ras_mm, abs=1e-4)
    value = load_atlas().value(Region.M5, Side.LEFT)
    assert (np.argwhere(np.asarray(image.dataobj) == value) @ image.affine[:3, :3].T + image.affine[:3, 3])[
        :, 0
    ].max() < 5
    assert json.loads((tmp_path / "new" / "folder" / "labels.json").read_text())["note"] == EVEN_NOTE


def test_the_counted_map_holds_as_many_voxels_as_were_counted(stroke_outputs: tuple[Reading, Path]) -> None:
    reading, folder = stroke_outputs
    counted, labels = (
        np.asarray(nib.Nifti1Image.from_filename(folder / name).dataobj) for name in ("counted.nii.gz", "labels.nii.gz")
    )
    assert set(np.unique(counted)) <= set(np.unique(labels))
    assert (labels[counted > 0] == counted[counted > 0]).all()
    for side in Side:
        for region in Region:
            here = int((counted == load_atlas().value(region, side)).sum())
            assert here == reading.regions[side][region].voxels


def test_the_asymmetry_map_shows_the_darkening_where_it_is(stroke_outputs: tuple[Reading, Path]) -> None:
    reading, folder = stroke_outputs
    shown, labels = (
        np.asarray(nib.Nifti1Image.from_filename(folder / name).dataobj)
        for name in ("asymmetry.nii.gz", "labels.nii.gz")
    )
    assert shown.shape == labels.shape
    for region in (Region.M2, Region.M6):
        for side in Side:
            here = shown[(labels == load_atlas().value(region, side)) & (shown != 0)]
            assert np.median(here) == pytest.approx(reading.regions[side][region].delta_hu, abs=0.8)


def test_figures_beside_the_score_follow_the_infarct(stroke: Reading) -> None:
    extras = stroke.extras
    assert 7 < extras["net_water_uptake_percent"] < 17  # 4 HU of about 33, as far as a region shows them
    assert extras["low_density_ml"]["left"] > extras["low_density_ml"]["right"] + 2
    assert extras["hyperdense_artery"]["side"] is None
    assert extras["midline_shift_towards"] is None


def test_without_change_there_is_no_water_uptake_to_state() -> None:
    reading, _ = plain_reading()
    assert reading.extras["net_water_uptake_percent"] is None


def test_a_posterior_infarct_shows_in_its_territory_and_costs_no_point() -> None:
    reading, _ = read_volume_of(with_ball(plain_phantom(), (-17.0, -80.0, 4.0), 16.0, 22.0))
    territories = reading.extras["territories"]
    assert reading.total == 10
    assert territories["occipital_left"]["darker_ml"] > 8
    assert territories["occipital_right"]["darker_ml"] < 1
    assert territories["thalamus_left"]["hu"] == pytest.approx(34, abs=4)
    assert territories["pons"]["delta_hu"] is None
    assert all(one["coverage"] == 1 for name, one in territories.items() if "cerebellum" not in name)


def test_effaced_sulci_are_named_with_their_side_and_cost_no_point() -> None:
    volume = plain_phantom()
    index = np.stack(np.indices(volume.hu.shape), axis=-1).astype(float)
    x, y, z = np.moveaxis(volume.index_to_world(index), -1, 0)
    brain = (volume.hu > 15) & (volume.hu < 50)
    slits = brain & (x > 42) & (x < 58) & (y % 15 < 4) & (z > 5) & (z < 55)  # sulci that only the right side has
    reading, _ = read_volume_of(replace(volume, hu=np.where(slits, np.float32(8), volume.hu)))
    assert reading.extras["sulcal_ml"]["right"] > 4
    assert reading.extras["sulci_effaced"] == "left"
    assert reading.total == 10
    assert plain_reading()[0].extras["sulci_effaced"] is None


@pytest.mark.parametrize(
    ("left", "right", "effaced"), [(1.0, 6.0, "left"), (9.0, 3.0, "right"), (3.0, 6.0, None), (0.2, 2.0, None)]
)
def test_sulci_are_effaced_where_much_is_missing(left: float, right: float, effaced: str | None) -> None:
    assert effaced_side({Side.LEFT: left, Side.RIGHT: right}) == effaced


def test_a_dense_artery_is_named_with_its_side() -> None:
    volume = plain_phantom()
    for x_mm in np.arange(-29.0, -11.0, 1.5):
        volume = with_ball(volume, (float(x_mm), 2.0, -13.0), 0.6, 60.0)
    reading, _ = read_volume_of(volume)
    assert reading.extras["hyperdense_artery"]["side"] == "left"
    assert reading.total == 10


def test_the_label_map_of_uneven_slices_says_so(tmp_path: Path) -> None:
    reading, artefacts = plain_reading()
    assert artefacts is not None
    origins = artefacts.scan.slice_origins_mm.copy()
    origins[10:, 2] += 2.0
    uneven = replace(artefacts, scan=replace(artefacts.scan, slice_origins_mm=origins))
    write_outputs(reading, uneven, tmp_path)
    description = json.loads((tmp_path / "labels.json").read_text())
    assert description["note"] == UNEVEN_NOTE
    assert description["slice_origins_mm"][12][2] == pytest.approx(origins[12, 2], abs=1e-3)


def test_a_refused_scan_writes_its_reason_only(tmp_path: Path) -> None:
    reading, artefacts = read_volume_of(replace(plain_phantom(), hu=np.zeros_like(plain_phantom().hu)))
    assert reading.refusal is not None
    written = write_outputs(reading, artefacts, tmp_path)
    assert [path.name for path in written] == ["reading.json"]
    answer = json.loads(written[0].read_text())
    assert answer["refusal"]["code"] == "NOT_HU"
    assert "total" not in answer


def test_a_file_is_read_with_its_fingerprint(tmp_path: Path, lesioned: CtVolume, stroke: Reading) -> None:
    reading = read_ct(save(lesioned, tmp_path / "scan.nii.gz"))
    assert reading.total == stroke.total
    assert reading.side is Side.LEFT
    assert len(reading.input["sha256"]) == 64
    assert reading.timing_seconds["read"] > 0


def test_what_is_no_scan_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no scan")
    reading, artefacts = read_with_artefacts(tmp_path / "notes.txt")
    assert artefacts is None
    assert reading.refusal is not None
    assert reading.refusal.code is RefusalCode.CORRUPT_FILE


def test_a_path_that_is_not_there_is_the_callers_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_ct(tmp_path / "absent.nii.gz")


def test_reading_logs_nothing_about_the_patient(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        read_volume_of(replace(plain_phantom(), hu=np.zeros_like(plain_phantom().hu)))
    assert caplog.records == []
