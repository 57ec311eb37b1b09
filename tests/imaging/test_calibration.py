"""The constants: each has its reason, and a file that lacks one is refused."""

import json
from importlib.resources import files

import pytest

from imaging.calibration import load_calibration, parse_calibration
from scoring.regions import Region


def test_every_constant_has_its_reason() -> None:
    data = json.loads((files("imaging") / "calibration.json").read_text())
    for name, part in data.items():
        if isinstance(part, dict):
            assert len(part["reason"]) > 40, name
    assert "not on labelled scans" in data["status"]


def test_a_file_without_a_region_is_refused() -> None:
    data = json.loads((files("imaging") / "calibration.json").read_text())
    del data["prior"]["values"]["IC"]
    with pytest.raises(KeyError, match="IC"):
        parse_calibration(data)


def test_a_region_shows_most_of_itself() -> None:
    response = load_calibration().response
    assert response.shape == (len(Region), len(Region))
    assert (response >= 0).all()
    assert (response.diagonal() >= response.max(axis=1)).all()
    assert (response.diagonal() <= 1.1).all()


def test_each_territory_takes_named_regions_and_little_else() -> None:
    calibration = load_calibration()
    assert calibration.territory_weights.sum() == pytest.approx(1)
    assert calibration.territory_shares.shape == (len(calibration.territory_weights), len(Region))
    assert (calibration.territory_shares >= 0).all()
    assert (calibration.territory_shares.max(axis=1) >= 0.7).all()


def test_a_territory_without_a_weight_is_refused() -> None:
    data = json.loads((files("imaging") / "calibration.json").read_text())
    del data["territories"]["values"][2]["weight"]
    with pytest.raises(KeyError, match="weight"):
        parse_calibration(data)
