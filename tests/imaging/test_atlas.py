"""The installed atlas: whole, symmetric, where the anatomy says, and refused when tampered with."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from imaging.atlas import AtlasDamaged, Territory, load_atlas, read_atlas, region_value, territory_value
from imaging.atlas_overlap import dice_by_region
from imaging.build_atlas import (
    ATLAS_FOLDER,
    ATLAS_VERSION,
    BuiltAtlas,
    build,
    load_tissue_maps,
)
from scoring.regions import Level, PosteriorRegion, Region, Side


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ATLAS_FOLDER, tmp_path / "atlas"))


def test_has_every_region_on_both_sides() -> None:
    atlas = load_atlas()
    assert set(atlas.label_table.values()) == {(region, side) for region in Region for side in Side}
    assert set(np.unique(atlas.labels)) == {0, *atlas.label_table}
    assert atlas.version == ATLAS_VERSION


def test_is_mirror_symmetric() -> None:
    atlas = load_atlas()
    assert np.array_equal(atlas.template_hu, atlas.template_hu[::-1])
    left_to_right = np.zeros(256, dtype=np.uint8)
    for value, (region, side) in atlas.label_table.items():
        left_to_right[value] = atlas.value(region, side.other)
    assert np.array_equal(atlas.labels, left_to_right[atlas.labels[::-1]])


def test_left_is_the_patients_left() -> None:
    atlas = load_atlas()
    for value, (_, side) in atlas.label_table.items():
        x = np.argwhere(atlas.labels == value)[:, 0] + atlas.labels_affine[0, 3]
        assert (x < 0).all() if side is Side.LEFT else (x > 0).all()


@pytest.mark.parametrize("region", Region)
def test_levels_do_not_overlap(region: Region) -> None:
    atlas = load_atlas()
    z = np.argwhere(atlas.labels == atlas.value(region, Side.LEFT))[:, 2] + atlas.labels_affine[2, 3]
    if region.level is Level.SUPRAGANGLIONIC:
        assert z.min() >= 20
    elif region is not Region.C:  # its body rises above the ganglionic slices
        assert z.max() < 21


def test_regions_lie_beside_each_other_as_in_the_definition() -> None:
    atlas = load_atlas()

    def centre(region: Region) -> list[float]:
        return list(np.argwhere(atlas.labels == atlas.value(region, Side.RIGHT)).mean(axis=0))

    assert centre(Region.M1)[1] > centre(Region.M2)[1] > centre(Region.M3)[1]
    assert centre(Region.M4)[1] > centre(Region.M5)[1] > centre(Region.M6)[1]
    assert centre(Region.C)[0] < centre(Region.L)[0] < centre(Region.I)[0] < centre(Region.M2)[0]
    assert centre(Region.IC)[0] < centre(Region.L)[0]


def test_volumes_are_those_of_a_brain() -> None:
    labels = json.loads((ATLAS_FOLDER / "atlas.json").read_text())["labels"]
    volume = {row["region"]: row["volume_ml"] for row in labels if row["side"] == "left"}
    assert 4 < volume["C"] < 8
    assert 7 < volume["L"] < 12
    assert 8 < volume["I"] < 15
    assert all(25 < volume[name] < 75 for name in ("M1", "M2", "M3", "M4", "M5", "M6"))


def territory_mm(territory: Territory) -> np.ndarray:
    atlas = load_atlas()
    at = np.argwhere(atlas.territories == territory_value(territory))
    return np.asarray(at @ atlas.template_affine[:3, :3].T + atlas.template_affine[:3, 3])


def test_territories_are_those_of_the_posterior_score_and_the_middle_cerebral_artery() -> None:
    assert {t.value for t in Territory} == {r.value for r in PosteriorRegion} | {"mca_left", "mca_right"}
    assert set(np.unique(load_atlas().territories)) == {0, *(territory_value(t) for t in Territory)}


def test_territories_are_mirror_images() -> None:
    atlas = load_atlas()
    swapped = np.arange(len(Territory) + 1, dtype=np.uint8)
    for territory in Territory:
        if territory.value.endswith("_left"):
            other = Territory(territory.value.replace("_left", "_right"))
            here, there = territory_value(territory), territory_value(other)
            swapped[[here, there]] = there, here
            assert (territory_mm(territory)[:, 0] < 0).all()
    assert np.array_equal(atlas.territories, swapped[atlas.territories[::-1]])


def test_the_ten_regions_lie_in_the_territory_of_their_artery() -> None:
    atlas = load_atlas()
    every_second = atlas.labels[::2, ::2, ::2]
    for value, (_, side) in atlas.label_table.items():
        mca = territory_value(Territory.MCA_LEFT if side is Side.LEFT else Territory.MCA_RIGHT)
        assert (atlas.territories[every_second == value] == mca).all()


def test_posterior_parts_lie_where_anatomy_has_them() -> None:
    middle = {
        t: np.abs(territory_mm(t)).mean(axis=0) * [1, 0, 0] + territory_mm(t).mean(axis=0) * [0, 1, 1]
        for t in Territory
    }
    ml = {t: len(territory_mm(t)) * 8 / 1000 for t in Territory}
    assert middle[Territory.PONS][2] < middle[Territory.MIDBRAIN][2] < middle[Territory.THALAMUS_LEFT][2]
    assert middle[Territory.CEREBELLUM_LEFT][1] < middle[Territory.PONS][1]
    assert middle[Territory.OCCIPITAL_LEFT][1] < middle[Territory.THALAMUS_LEFT][1]
    assert middle[Territory.OCCIPITAL_LEFT][2] > middle[Territory.CEREBELLUM_LEFT][2] + 30
    assert 6 < ml[Territory.THALAMUS_LEFT] < 13
    assert 60 < ml[Territory.CEREBELLUM_LEFT] < 110  # half of it; the template's head is larger than most
    assert 6 < ml[Territory.MIDBRAIN] < 14
    assert 13 < ml[Territory.PONS] < 25


def test_arrays_are_read_only() -> None:
    atlas = load_atlas()
    for array in (atlas.template_hu, atlas.labels, atlas.intracranial, atlas.labels_affine):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_changed_file_is_refused(copied: Path) -> None:
    packed = bytearray((copied / "labels.nii.gz").read_bytes())
    packed[len(packed) // 2] ^= 1
    (copied / "labels.nii.gz").write_bytes(packed)
    with pytest.raises(AtlasDamaged, match=r"labels\.nii\.gz is not the file"):
        read_atlas(copied)


@pytest.mark.parametrize("name", ["atlas.json", "template.nii.gz"])
def test_a_missing_file_is_refused(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(AtlasDamaged, match="install the package again"):
        read_atlas(copied)


def test_a_garbled_description_is_refused(copied: Path) -> None:
    (copied / "atlas.json").write_text('{"files": ')
    with pytest.raises(AtlasDamaged, match="cannot be read"):
        read_atlas(copied)


def test_the_licence_of_the_maps_travels_with_them() -> None:
    notice = (ATLAS_FOLDER / "LICENSE-ICBM152.txt").read_text()
    assert "McConnell Brain Imaging Centre" in notice
    assert "Permission to use, copy, modify, and distribute" in notice


@pytest.fixture(scope="module")
def built() -> BuiltAtlas:
    pytest.importorskip("nilearn")
    maps, affine, _ = load_tissue_maps()
    return build(maps, affine)


def test_rebuilding_gives_the_stored_atlas(built: BuiltAtlas) -> None:
    atlas = load_atlas()
    assert np.array_equal(built.labels, atlas.labels)
    assert np.array_equal(built.template_hu, atlas.template_hu)
    assert np.array_equal(built.territories, atlas.territories)
    assert region_value(Region.C, Side.LEFT) == atlas.value(Region.C, Side.LEFT)


DICE_FLOORS = {
    Region.C: 0.25, Region.L: 0.70, Region.IC: 0.45, Region.I: 0.60, Region.M1: 0.80,
    Region.M2: 0.75, Region.M3: 0.72, Region.M4: 0.65, Region.M5: 0.65, Region.M6: 0.75,
}  # fmt: skip


@pytest.mark.shared
def test_agrees_with_published_regions(built: BuiltAtlas, shared: Path) -> None:
    dice = dice_by_region(built.labels, built.labels_affine, shared / "atlas-reference")
    assert {region: value for region, value in dice.items() if value < DICE_FLOORS[region]} == {}
