"""The constants that turn side differences into probabilities, as read from ``calibration.json``.

Each stands there with its reason. Those that come from simulated infarcts are remade by ``bench/calibrate.py``; none
comes from scans labelled by readers. :mod:`imaging.judging` uses them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.regions import Region, Side

Floats = NDArray[np.float64]

_DEPTH_NODES = np.linspace(-1.8, 1.8, 7)


@dataclass(frozen=True, eq=False)
class Calibration:
    """The constants of ``calibration.json`` as arrays in the order of ``Region``."""

    version: str
    change_probability: float
    """From this probability of any change on regions are called,"""
    region_probability: float
    """each from this one on, given that the likelier side is affected."""
    interval_mass: float
    side_prior: Mapping[Side | None, float]
    standing_out_probability: float
    """From this probability on the likelier side stands out, whether or not a region on it is called."""
    extent_factors: Floats
    extent_weights: Floats
    prior: Floats
    independent_share: float
    """Of the prior of sets: regions are independent given the extent; the rest follows territories."""
    territory_weights: Floats
    """Shape (n,), sum 1: where the artery is closed."""
    territory_shares: Floats
    """Shape (n, 10): the chance that a closure there takes each region."""
    normal_sd_hu: Floats
    response: Floats
    """Shape (10, 10): share of the darkening of region j that the measured difference of region i shows."""
    depths_hu: Floats
    depth_weights: Floats
    own_scatter: float
    """SD of what an affected region shows, for each HU of depth."""
    leak_scatter: float
    """SD of what leaks into a region beside an affected one, for each HU of depth."""
    common_covariance: Floats
    """Shape (10, 10), HU2: what regions have in common by their place, without any change."""
    degrees_of_freedom: float
    noise: Mapping[str, float]
    least_coverage: float
    old_infarct_least_ml: float
    old_infarct_least_difference_hu: float
    old_infarct_least_share: float
    """Of a region that an old infarct and its margin take: from this on the rest is doubtful, below it counts."""
    old_infarct_exempt: frozenset[Region]


@cache
def load_calibration() -> Calibration:
    """The calibration that is installed with the package."""
    return parse_calibration(json.loads((files("imaging") / "calibration.json").read_text(encoding="utf-8")))


def parse_calibration(data: Mapping[str, Any]) -> Calibration:
    """Build a calibration from the content of a calibration file. Raises KeyError or ValueError on a bad one."""

    def by_region(key: str) -> Floats:
        return np.array([float(data[key]["values"][region.value]) for region in Region])

    depth_weights = np.exp(-(_DEPTH_NODES**2) / 2)
    territory_weights, territory_shares = _territories(data["territories"])
    return Calibration(
        version=str(data["version"]),
        change_probability=float(data["operating_point"]["change"]),
        region_probability=float(data["operating_point"]["region"]),
        interval_mass=float(data["interval"]["mass"]),
        side_prior={None: data["sides"]["none"], Side.LEFT: data["sides"]["left"], Side.RIGHT: data["sides"]["right"]},
        standing_out_probability=float(data["sides"]["stands_out_from"]),
        extent_factors=np.array(data["extent"]["factors"], dtype=float),
        extent_weights=np.array(data["extent"]["weights"], dtype=float),
        prior=by_region("prior"),
        independent_share=float(data["territories"]["independent"]),
        territory_weights=territory_weights,
        territory_shares=territory_shares,
        normal_sd_hu=by_region("normal_sd_hu"),
        response=np.array([[float(data["response"]["values"][i.value][j.value]) for j in Region] for i in Region]),
        depths_hu=data["depth_hu"]["median"] * np.exp(data["depth_hu"]["log_sd"] * _DEPTH_NODES),
        depth_weights=depth_weights / depth_weights.sum(),
        own_scatter=float(data["scatter"]["own"]),
        leak_scatter=float(data["scatter"]["leak"]),
        common_covariance=common_covariance(
            np.array([data["drift"]["centres_mm"][region.value] for region in Region], dtype=float),
            np.array(data["drift"]["sd_hu"], dtype=float),
            float(data["neighbourhood"]["sd_hu"]),
            float(data["neighbourhood"]["range_mm"]),
        ),
        degrees_of_freedom=float(data["noise"]["degrees_of_freedom"]),
        noise={key: float(value) for key, value in data["noise"].items() if key != "reason"},
        least_coverage=float(data["regions_seen"]["least_coverage"]),
        old_infarct_least_ml=float(data["old_infarct"]["least_ml"]),
        old_infarct_least_difference_hu=float(data["old_infarct"]["least_difference_hu"]),
        old_infarct_least_share=float(data["old_infarct"]["least_share"]),
        old_infarct_exempt=frozenset(Region(name) for name in data["old_infarct"]["exempt"]),
    )


def _territories(data: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """Weight of each site of closure, and the regions that it takes: named territories, then each branch."""
    branch = data["one_branch"]
    alone = np.full((len(Region), len(Region)), float(branch["elsewhere"]))
    np.fill_diagonal(alone, branch["here"])
    named = [[float(one["regions"].get(region.value, one["elsewhere"])) for region in Region] for one in data["values"]]
    weights = [*(one["weight"] for one in data["values"]), *[branch["weight"] / len(Region)] * len(Region)]
    return np.array(weights) / sum(weights), np.vstack([np.array(named), alone])


def common_covariance(centres_mm: Floats, drift_sd_hu: Floats, near_sd_hu: float, range_mm: float) -> Floats:
    """What differences of regions have in common by where they lie, HU2.

    Parameters
    ----------
    centres_mm : shape (n, 3), template mm.
    drift_sd_hu : shape (4,), of what is left of each term of the drift.
    near_sd_hu, range_mm : of a random field that is alike within about the range, as brains differ from side to side.
    """
    terms = drift_terms(centres_mm) * drift_sd_hu
    apart = np.linalg.norm(centres_mm[:, None] - centres_mm[None], axis=2)
    return np.asarray(terms @ terms.T + near_sd_hu**2 * np.exp(-((apart / range_mm) ** 2) / 2))


def drift_terms(template_mm: Floats) -> Floats:
    """The slow left-right differences that are corrected: a constant and three slopes, shape (n, 4)."""
    x, y, z = np.abs(template_mm[:, 0]), template_mm[:, 1], template_mm[:, 2]
    return np.stack([np.ones_like(x), y / 50, (z - 20) / 40, (x - 30) / 25], axis=1)
