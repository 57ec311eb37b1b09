"""Fits the constants of ``imaging.judging`` to readings of simulated scans whose truth is known.

First the response by non-negative least squares, then all spreads at once by maximum likelihood: what regions differ
by without change, what the drift correction leaves in common, what regions that lie together have in common, and how
far affected regions and their neighbours scatter about what is foretold. The likelihood is the one that
``imaging.judging`` uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, nnls
from trial_cases import REGIONS, Outcome

from imaging.calibration import common_covariance, parse_calibration
from imaging.judging import noise_factor
from scoring.regions import Region

Floats = NDArray[np.float64]

NORMAL_SD_HU, EXPECTED_SCATTER = 0.7, 0.3
"""Spread of a difference without and with change, to weigh scans with."""
OWN_SHARE, SHRINKAGE_HU = 0.5, 6.0
"""Shares are drawn towards this for the region itself and towards 0 for its neighbours, as strongly as one scan with so
deep an infarct would draw."""
LEAST_SHOWN = 0.02
"""Smaller shares of a neighbour's darkening are fits to noise."""
LIKENESS = 0.25
"""SD of the logarithm by which spreads of regions are thought to differ from each other."""
LEAST_OFFSET_HU = 0.2
"""The offset common to all regions is not taken as smaller. With what neighbours have in common, it foretells for three
real heads that the mean of their ten differences spreads by 0.3 HU; it does, by 0.3."""
START_HU, DRIFT_START_HU = 0.3, (0.3, 0.2, 0.2, 0.2)
OWN_START, LEAK_START, NEAR_START_HU, RANGE_START_MM = 0.16, 0.06, 0.4, 15.0
LIMITS, RANGE_LIMITS_MM = (0.02, 2.0), (8.0, 40.0)
NEIGHBOURS: dict[Region, str] = {
    Region.C: "L IC",
    Region.L: "C IC I",
    Region.IC: "C L I",
    Region.I: "L IC M1 M2 M3",
    Region.M1: "I M2 M4",
    Region.M2: "I M1 M3 M5",
    Region.M3: "M2 M6",
    Region.M4: "M1 M5",
    Region.M5: "M2 M4 M6",
    Region.M6: "M3 M5",
}
"""Regions that share a border; others cannot leak into each other."""


@dataclass(frozen=True, eq=False)
class Readings:
    """Scans as arrays; differences are turned so that change lies on the first side."""

    difference: Floats
    """Shape (scans, 10), HU; NaN where not measured."""
    depth_hu: Floats
    affected: Floats
    """Shape (scans, 10), 0 or 1."""
    residual_sd_hu: Floats
    field_sd_hu: Floats

    @classmethod
    def of(cls, scans: Sequence[Outcome]) -> Readings:
        """Turn the outcomes of infarcts, of unchanged heads and of white-matter disease."""
        truth = np.array([one.affected for one in scans], dtype=float).reshape(-1, 2, len(REGIONS))
        sign = np.where(truth[:, 1].sum(axis=1) > 0, -1.0, 1.0)
        shown = np.array([[np.nan if d is None else d for d in one.delta_hu] for one in scans])
        return cls(
            difference=sign[:, None] * shown,
            depth_hu=np.array([one.depth_hu for one in scans]),
            affected=truth.max(axis=1),
            residual_sd_hu=np.array([one.residual_sd_hu for one in scans], dtype=float),
            field_sd_hu=np.array([one.field_sd_hu for one in scans], dtype=float),
        )


def response_of(readings: Readings) -> Floats:
    """Share of the darkening of region j that region i shows, shape (10, 10)."""
    darkened = readings.affected * readings.depth_hu[:, None]
    response = np.zeros((len(REGIONS), len(REGIONS)))
    for number, region in enumerate(REGIONS):
        near = [number, *(REGIONS.index(Region(name)) for name in NEIGHBOURS[region].split())]
        used = ~np.isnan(readings.difference[:, number]) & (darkened.sum(axis=1) > 0)
        design, target = darkened[used][:, near], -readings.difference[used, number]
        weight = 1 / np.hypot(NORMAL_SD_HU, EXPECTED_SCATTER * design[:, 0])
        rows = np.vstack([design * weight[:, None], SHRINKAGE_HU * np.eye(len(near))])
        expected = np.where(np.arange(len(near)) == 0, OWN_SHARE, 0.0)
        share, _ = nnls(rows, np.concatenate([target * weight, SHRINKAGE_HU * expected]))
        response[number, near] = np.where(share < LEAST_SHOWN, 0, share)
    return response


def spreads_of(readings: Readings, response: Floats, data: dict[str, Any]) -> Floats:
    """All spreads by maximum likelihood, shape (18,).

    Of the ten regions, the four drift terms, own scatter and leak, of what neighbours have in common, and its range.
    """
    degrees = data["noise"]["degrees_of_freedom"]
    calibration = parse_calibration(data)
    factor = np.array(
        [
            noise_factor(residual, calibration, field)
            for residual, field in zip(readings.residual_sd_hu, readings.field_sd_hu, strict=True)
        ]
    )
    centres = np.array([data["drift"]["centres_mm"][region.value] for region in REGIONS], dtype=float)
    beside = (readings.affected @ (response - np.diag(np.diag(response)) > 0).T) * (1 - readings.affected)
    mean = -(readings.affected * readings.depth_hu[:, None]) @ response.T
    off = readings.difference - mean
    seen = ~np.isnan(off)
    patterns = [(here, np.flatnonzero((seen == here).all(axis=1))) for here in np.unique(seen, axis=0)]

    def loss(logs: Floats) -> float:
        spread = np.exp(logs)
        base = np.diag(spread[:10] ** 2) + common_covariance(centres, spread[10:14], spread[16], spread[17])
        apart = spread[14] ** 2 * readings.affected + spread[15] ** 2 * beside
        total = float((((logs[:10] - logs[:10].mean()) / LIKENESS) ** 2).sum() / 2)
        for here, rows in patterns:
            own = readings.depth_hu[rows, None] ** 2 * apart[rows]
            covariance = own[:, :, None] * np.eye(len(REGIONS)) + factor[rows, None, None] ** 2 * base
            lower = np.linalg.cholesky(covariance[:, here][:, :, here])
            standard = np.linalg.solve(lower, off[rows][:, here][..., None])[..., 0]
            power = (degrees + here.sum()) / 2
            logs_of = np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
            total += float((logs_of + power * np.log1p((standard**2).sum(axis=1) / degrees)).sum())
        return total

    start = [*[START_HU] * len(REGIONS), *DRIFT_START_HU, OWN_START, LEAK_START, NEAR_START_HU, RANGE_START_MM]
    bounds = [*[LIMITS] * (len(start) - 1), RANGE_LIMITS_MM]
    found = minimize(loss, np.log(start), method="L-BFGS-B", bounds=np.log(bounds))
    return np.asarray(np.exp(found.x))


def remade(data: dict[str, Any], scans: Sequence[Outcome]) -> dict[str, Any]:
    """The calibration file's content with the fitted constants in it."""
    readings = Readings.of(scans)
    data["noise"]["reference_residual_sd_hu"] = round(float(np.median(readings.residual_sd_hu)), 2)
    data["noise"]["reference_field_sd_hu"] = round(float(np.median(readings.field_sd_hu)), 2)
    response = response_of(readings)
    spread = spreads_of(readings, response, data)
    data["response"]["values"] = {
        i.value: {j.value: round(float(response[a, b]), 2) for b, j in enumerate(REGIONS)}
        for a, i in enumerate(REGIONS)
    }
    data["normal_sd_hu"]["values"] = {r.value: round(float(spread[n]), 2) for n, r in enumerate(REGIONS)}
    data["drift"]["sd_hu"] = [
        round(max(float(value), least), 2)
        for value, least in zip(spread[10:14], (LEAST_OFFSET_HU, 0, 0, 0), strict=True)
    ]
    data["scatter"]["own"], data["scatter"]["leak"] = (round(float(value), 3) for value in spread[14:16])
    data["neighbourhood"]["sd_hu"], data["neighbourhood"]["range_mm"] = (round(float(v), 2) for v in spread[16:])
    return data
