"""The fit finds the constants that made the readings it is given."""

import importlib
import json
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from imaging.calibration import common_covariance
from scoring.regions import Region

BENCH = Path(__file__).resolve().parent.parent.parent / "bench"
SPREAD_HU, OWN, OWN_SCATTER = 0.5, 0.6, 0.1
COMMON_HU, RANGE_MM = 0.6, 15.0


@pytest.fixture(scope="module")
def fit() -> SimpleNamespace:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        return SimpleNamespace(module=importlib.import_module("calibration_fit"))


def test_known_constants_are_found_again(fit: SimpleNamespace) -> None:
    rng = np.random.default_rng(12)
    affected = (rng.uniform(size=(150, 10)) < 0.3) * (np.arange(150) % 3 > 0)[:, None]
    depth = np.where(affected.any(axis=1), rng.uniform(2, 8, 150), 0)
    shown = -OWN * depth[:, None] * affected
    noise = rng.normal(0, np.hypot(SPREAD_HU, OWN_SCATTER * depth[:, None] * affected))
    readings = fit.module.Readings(shown + noise, depth, affected.astype(float), np.full(150, 2.0), np.full(150, 0.8))
    data = json.loads((files("imaging") / "calibration.json").read_text())
    data["noise"].update(degrees_of_freedom=200, reference_residual_sd_hu=2.0, reference_field_sd_hu=0.8)
    response = fit.module.response_of(readings)
    assert np.diag(response) == pytest.approx([OWN] * 10, abs=0.1)
    assert response.sum() - np.trace(response) < 0.6  # nothing leaks
    spread = fit.module.spreads_of(readings, response, data)
    assert spread[:10] == pytest.approx([SPREAD_HU] * 10, rel=0.2)
    assert spread[10:14].max() < 0.25  # there was no drift
    assert spread[14] == pytest.approx(OWN_SCATTER, abs=0.06)
    assert spread[16] < SPREAD_HU / 2  # neighbours had nothing in common


def test_what_neighbours_have_in_common_is_found(fit: SimpleNamespace) -> None:
    rng = np.random.default_rng(13)
    data = json.loads((files("imaging") / "calibration.json").read_text())
    data["noise"]["degrees_of_freedom"] = 200
    centres = np.array([data["drift"]["centres_mm"][region.value] for region in Region])
    covariance = common_covariance(centres, np.zeros(4), COMMON_HU, RANGE_MM) + 0.2**2 * np.eye(10)
    shown = rng.multivariate_normal(np.zeros(10), covariance, 300)
    readings = fit.module.Readings(shown, np.zeros(300), np.zeros((300, 10)), np.full(300, 2.0), np.full(300, 0.8))
    data["noise"].update(reference_residual_sd_hu=2.0, reference_field_sd_hu=0.8)
    spread = fit.module.spreads_of(readings, 0.5 * np.eye(10), data)
    assert spread[16] == pytest.approx(COMMON_HU, rel=0.2)
    assert spread[17] == pytest.approx(RANGE_MM, rel=0.3)
