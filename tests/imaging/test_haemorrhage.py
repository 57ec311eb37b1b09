"""Suspicion of haemorrhage: what is refused, how much of it and where it is said to be; what is dense and no bleed."""

import numpy as np
import pytest

from imaging.atlas import load_atlas
from imaging.haemorrhage import place_of
from imaging.reading import read_volume_of
from imaging.refusals import RefusalCode
from imaging.volume import CtVolume
from tests.imaging.phantom import plain_phantom, plain_reading, with_ball


def finding_of(volume: CtVolume) -> dict[str, object]:
    reading, _ = read_volume_of(volume)
    assert reading.refusal is not None
    assert reading.refusal.code is RefusalCode.HAEMORRHAGE_SUSPECTED
    answer: dict[str, object] = reading.to_json()["refusal"]["finding"]
    assert str(answer["place"]) in reading.refusal.text
    assert "moved" not in reading.refusal.text
    return answer


@pytest.mark.parametrize("millilitres", [2.0, 10.0, 30.0])
def test_a_haematoma_is_suspected_with_its_volume(millilitres: float) -> None:
    found = finding_of(with_ball(plain_phantom(), (-26.0, 0.0, 4.0), millilitres, 62.0))
    large = millilitres > 20  # more than the nucleus holds
    assert found["place"] == ("left middle cerebral artery territory" if large else "left lentiform nucleus (L)")
    assert 0.3 * millilitres < float(str(found["volume_ml"])) < 1.3 * millilitres  # the ball is 0.8 of it in the scan


@pytest.mark.parametrize(
    ("at_mm", "place"),
    [
        ((-25.0, -5.0, 20.0), "left middle cerebral artery territory"),
        ((30.0, 10.0, 30.0), "right anterior MCA territory above M1 (M4)"),
        ((-40.0, -40.0, 10.0), "left posterior MCA cortex (M3)"),
        ((12.0, -18.0, 8.0), "right thalamus"),
    ],
)
def test_a_bleed_of_a_millilitre_is_refused_on_slices_of_5_mm(at_mm: tuple[float, float, float], place: str) -> None:
    found = finding_of(with_ball(plain_phantom(), at_mm, 6.2, 60.0))
    assert found["place"] == place


@pytest.mark.parametrize(
    ("at_mm", "place"),
    [
        ((-25.0, -62.0, -38.0), "left cerebellum"),
        ((20.0, -20.0, 62.0), "right hemisphere"),
        ((0.0, 0.0, 12.0), "midline"),
    ],
)
def test_a_large_bleed_is_refused_wherever_it_is(at_mm: tuple[float, float, float], place: str) -> None:
    found = finding_of(with_ball(plain_phantom(), at_mm, 16.0, 62.0))
    assert place in str(found["place"])
    assert float(str(found["volume_ml"])) > 4


def test_calcium_is_not_taken_for_blood() -> None:
    reading, _ = read_volume_of(with_ball(plain_phantom(), (-22.0, 0.0, 2.0), 0.6, 250.0))
    assert reading.status == "scored"


def test_without_blood_nothing_is_found() -> None:
    reading, _ = plain_reading()
    assert reading.quality["dense_cluster_ml"] <= 0.1
    assert "finding" not in reading.to_json()


def test_every_region_has_a_name_with_its_side() -> None:
    atlas = load_atlas()
    for value, (region, side) in atlas.label_table.items():
        at = np.argwhere(atlas.labels == value) @ atlas.labels_affine[:3, :3].T + atlas.labels_affine[:3, 3]
        assert place_of(at, atlas) == f"{side.value} {region.label} ({region.value})"
    beyond = np.full((5, 3), 70.0)
    assert place_of(beyond, atlas) == "right hemisphere"
