"""The brain map that the pages show is the one that the atlas gives."""

import json
from pathlib import Path

import pytest

from app.web.map.draw import SHAPES, draw
from app.web.map.words import map_in_words
from scoring.regions import Level, Region


def test_the_map_is_drawn_from_the_present_atlas() -> None:
    """After a change of the atlas, ``python -m app.web.map.draw`` brings the map up to date."""
    kept = json.loads(Path(SHAPES).read_text())
    drawn = json.loads(json.dumps(draw()))
    assert {level: set(parts["regions"]) for level, parts in kept.items()} == {
        level.value: {region.value for region in Region if region.level is level} for level in Level
    }
    for level, parts in kept.items():
        for region, shape in parts["regions"].items():
            assert shape["name_at"] == pytest.approx(drawn[level]["regions"][region]["name_at"], abs=0.5)
            assert shape["name_at"][0] > 0, "the patient's left is drawn on the right"


def test_the_map_in_words_names_every_region_of_its_level() -> None:
    said = map_in_words("ganglionic", {"L": "affected", "M1": "not_assessable"}, None)
    assert "side not stated" in said
    assert "L affected" in said
    assert "M1 cannot be assessed" in said
    assert "C not looked at" in said
