"""Figures of the trial that hold at a fixed rate of false regions, or in parts of the scans: for fair comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from trial_cases import Outcome

Figures = dict[str, Any]
Score = Callable[[Outcome], Sequence[float | None]]

FALSE_REGIONS_A_SCAN = (0.05, 0.15)
BANDS_HU = ((2.0, 2.99), (3.0, 3.99), (4.0, 8.0), (2.0, 6.0))
"""Depths of the plateau, both ends in."""
BINS = 10
FEW_REGIONS, MANY_REGIONS = 2, 5


def at_fixed_rates(scored: Sequence[Outcome], score: Score) -> Figures:
    """Sensitivity by depth where unaffected regions pass as often as stated; the cut is read off the same scans."""
    counted = [one for one in scored if one.kind != "old infarct"]
    if not counted:
        return {}
    passed = np.sort(np.concatenate([_of(one, score, affected=False) for one in counted]))[::-1]
    found: Figures = {}
    for rate in FALSE_REGIONS_A_SCAN:
        cut = float(passed[min(int(rate * len(counted)), len(passed) - 1)])
        for low, high in BANDS_HU:
            deep = [one for one in counted if one.kind == "infarct" and low <= one.depth_hu <= high]
            values = np.concatenate([_of(one, score, affected=True) for one in deep]) if deep else np.zeros(0)
            name = f"{low:g} to {high:g} HU" if high - low > 1 else f"{low:g} HU"
            found[f"at {rate:g} false regions, {name}"] = float((values > cut).mean()) if values.size else None
    return {"sensitivity": found}


def _of(one: Outcome, score: Score, *, affected: bool) -> NDArray[np.float64]:
    """Scores of a scan's affected or unaffected regions; what was not assessed scores nothing."""
    pairs = zip(score(one), one.affected, strict=True)
    return np.array([-np.inf if value is None else value for value, truth in pairs if truth is affected])


def calibration(scored: Sequence[Outcome]) -> Figures:
    """Brier score and expected calibration error of the region probabilities, over ten equal bins."""
    pairs = np.array(
        [(p, a) for one in scored for p, a in zip(one.probability, one.affected, strict=True) if p is not None]
    )
    if not pairs.size:
        return {"brier": None, "calibration_error": None}
    probability, affected = pairs.T
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    gaps = [abs(float((probability - affected)[bins == b].sum())) for b in range(BINS)]
    return {
        "brier": float(((probability - affected) ** 2).mean()),
        "calibration_error": sum(gaps) / len(pairs),
    }


def shifted_calibration(scored: Sequence[Outcome]) -> Figures:
    """The same where infarcts are small throughout, and where they are large: other priors than the reader assumes."""
    calm = [one for one in scored if one.kind in {"none", "white matter"}]
    infarcts = [one for one in scored if one.kind == "infarct"]
    small = [one for one in infarcts if sum(one.affected) <= FEW_REGIONS]
    large = [one for one in infarcts if sum(one.affected) >= MANY_REGIONS]
    return {
        "calibration_error_where_infarcts_are": {
            "small": calibration([*calm, *small])["calibration_error"],
            "large": calibration([*calm, *large])["calibration_error"],
        }
    }


def called_acute(scored: Sequence[Outcome], called: Callable[[Outcome], Sequence[bool]]) -> Figures:
    """Share of scans with an old infarct or white-matter disease on which any region was called affected."""
    kinds = ("old infarct", "white matter")
    shares = {kind: [any(called(one)) for one in scored if one.kind == kind] for kind in kinds}
    return {"scans_called_acute": {kind: float(np.mean(any_)) if any_ else None for kind, any_ in shares.items()}}
