"""Remake the simulated part of ``imaging/calibration.json``: what regions show of their own and of others' darkening.

``python bench/calibrate.py`` reads simulated heads with infarcts of known depth and fits, region by region, the side
difference as a sum of the darkening of all regions (non-negative least squares, drawn a little towards half of the
region's own), and its scatter. Seeds are apart from those of the trial; real heads take no part. ``--outcomes FILE``
keeps the readings, or takes them from there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from simulated_heads import simulated_host
from trial_cases import REGIONS, Outcome, outcomes

from scoring.regions import Region

Floats = NDArray[np.float64]

FILE = Path(__file__).resolve().parent.parent / "imaging" / "calibration.json"
FIRST_SEED = 500_000
"""Of the calibration's heads; the trial's lie elsewhere."""
NORMAL_SD_HU, EXPECTED_SCATTER = 0.7, 0.3
"""Spread of a difference without and with change, to weigh scans with."""
OWN_SHARE, SHRINKAGE_HU = 0.5, 4.0
"""Shares are drawn towards this for the region itself and towards 0 for its neighbours, as strongly as one scan with so
deep an infarct would draw."""
CLEAR_HU = 1.0
"""Scatter is taken where at least so much is foretold."""
LEAST_SHOWN = 0.02
"""Smaller shares of a neighbour's darkening are fits to noise."""
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


def fitted(scans: Sequence[Outcome]) -> tuple[Floats, float]:
    """Response, shape (10, 10), and scatter: SD of what a region shows relative to what it is foretold to show."""
    darkened = np.array([_darkening(one) for one in scans])
    shown = np.array([[np.nan if d is None else d for d in one.delta_hu] for one in scans])
    response = np.zeros((len(REGIONS), len(REGIONS)))
    off = []
    for number, region in enumerate(REGIONS):
        near = [REGIONS.index(region), *(REGIONS.index(Region(name)) for name in NEIGHBOURS[region].split())]
        seen = ~np.isnan(shown[:, number])
        target = -(shown[seen, number])
        sides = np.sign(darkened[seen].sum(axis=1))
        design = np.abs(darkened[seen][:, near])
        used = sides != 0
        weight = 1 / np.hypot(NORMAL_SD_HU, EXPECTED_SCATTER * design[used, 0])
        rows = np.vstack([design[used] * weight[:, None], SHRINKAGE_HU * np.eye(len(near))])
        expected = np.where(np.arange(len(near)) == 0, OWN_SHARE, 0.0)
        share, _ = nnls(rows, np.concatenate([(sides * target)[used] * weight, SHRINKAGE_HU * expected]))
        response[number, near] = np.where(share < LEAST_SHOWN, 0, share)
        foretold = design[used] @ response[number, near]
        strong = foretold > CLEAR_HU
        off.append(((sides * target)[used] - foretold)[strong] / foretold[strong])
    return response, 1.4826 * float(np.median(np.abs(np.concatenate(off))))


def _darkening(one: Outcome) -> Floats:
    """Plateau of each region, HU: positive on the left, negative on the right, shape (10,)."""
    affected = np.array(one.affected, dtype=float)
    return np.asarray(one.depth_hu * (affected[:10] - affected[10:]))


def remade(data: dict[str, Any], scans: Sequence[Outcome]) -> dict[str, Any]:
    """The file's content with the fitted constants in it."""
    response, scatter = fitted(scans)
    data["response"]["values"] = {
        i.value: {j.value: round(float(response[a, b]), 2) for b, j in enumerate(REGIONS)}
        for a, i in enumerate(REGIONS)
    }
    data["noise"]["response_scatter"] = round(scatter, 2)
    return data


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heads", type=int, default=3, help="simulated heads (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="infarcts a depth and head (default %(default)s)")
    parser.add_argument("--outcomes", type=Path, metavar="FILE", help="keep the readings here, or use those that are")
    options = parser.parse_args()
    if options.outcomes and options.outcomes.exists():
        lines = options.outcomes.read_text(encoding="utf-8").splitlines()
        scans = [Outcome(**json.loads(line)) for line in lines]
    else:
        scans = []
        for number in range(options.heads):
            scans += outcomes([simulated_host(FIRST_SEED + number)], FIRST_SEED // 1000 + number, options.rounds)
            print(f"head {number + 1} of {options.heads}", flush=True)
        if options.outcomes:
            options.outcomes.write_text("".join(json.dumps(one.to_json()) + "\n" for one in scans), encoding="utf-8")
    data = remade(json.loads(FILE.read_text(encoding="utf-8")), [one for one in scans if one.refusal is None])
    FILE.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
