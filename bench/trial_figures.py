"""Turns outcomes of the trial into figures: detection by depth, side, total, calibration, interval; as a table too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from implants import DEPTHS_HU
from numpy.typing import NDArray
from trial_cases import Outcome
from trial_rates import at_fixed_rates, calibration, called_acute, shifted_calibration

Figures = dict[str, Any]
Called = Callable[[Outcome], list[bool]]

TREATABLE_TOTAL = 6
REGIONS_A_SIDE = 10
FEW_REGIONS = 2


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Figures of the reader and of the naive rule over the scans that were scored."""
    scored = [one for one in outcomes if one.refusal is None]
    return {
        "scans": len(outcomes),
        "refused": {
            code: sum(one.refusal == code for one in outcomes) for code in {o.refusal for o in outcomes} - {None}
        },
        "reader": {
            **detection(scored, lambda one: one.called),
            **totals(scored, lambda one: one.total),
            **_side(scored, lambda one: one.called_side),
            **calibration(scored),
            **shifted_calibration(scored),
            **_interval(scored),
            **called_acute(scored, lambda one: one.called),
            "fixed_rate": at_fixed_rates(scored, lambda one: one.probability),
        },
        "naive": {
            **detection(scored, lambda one: one.naive_called),
            **totals(scored, naive_total),
            **_side(scored, naive_side),
            **called_acute(scored, lambda one: one.naive_called),
            "fixed_rate": at_fixed_rates(scored, lambda one: one.naive_darker_hu),
        },
        "seconds": {
            "median": float(np.median([one.seconds for one in outcomes])),
            "max": max(one.seconds for one in outcomes),
        },
    }


def detection(scored: Sequence[Outcome], called: Called) -> Figures:
    """Sensitivity by plateau, false regions a scan by kind of scan."""

    def false_regions(scans: Sequence[Outcome]) -> float | None:
        wrong = [sum(c and not a for c, a in zip(called(one), one.affected, strict=True)) for one in scans]
        return float(np.mean(wrong)) if scans else None

    infarcts = [one for one in scored if one.kind == "infarct"]
    by_depth = {}
    for depth in (*DEPTHS_HU, None):
        hits = [
            c
            for one in infarcts
            if depth in (None, one.depth_hu)
            for c, a in zip(called(one), one.affected, strict=True)
            if a
        ]
        by_depth["all" if depth is None else f"{depth:g}"] = float(np.mean(hits)) if hits else None
    return {
        "sensitivity": by_depth,
        "false_regions": {
            kind: false_regions([one for one in scored if one.kind == kind])
            for kind in ("none", "infarct", "old infarct", "white matter")
        },
    }


def true_total(one: Outcome) -> int:
    return REGIONS_A_SIDE - sum(one.affected)


def _lost(called: list[bool]) -> tuple[int, int]:
    """Regions called on the left and on the right."""
    return sum(called[:REGIONS_A_SIDE]), sum(called[REGIONS_A_SIDE:])


def naive_total(one: Outcome) -> int:
    return REGIONS_A_SIDE - max(_lost(one.naive_called))


def naive_side(one: Outcome) -> str | None:
    left, right = _lost(one.naive_called)
    return None if left == right else "left" if left > right else "right"


def totals(scored: Sequence[Outcome], total: Callable[[Outcome], int | None]) -> Figures:
    """Agreement of the total with the truth."""
    pairs = np.array([(true_total(one), total(one)) for one in scored], dtype=float)
    error = pairs[:, 1] - pairs[:, 0]
    return {
        "total": {
            "mean_absolute_error": float(np.abs(error).mean()),
            "bias": float(error.mean()),
            "icc_a_1": icc_a_1(pairs),
            "kappa_6_or_more": kappa(pairs[:, 0] >= TREATABLE_TOTAL, pairs[:, 1] >= TREATABLE_TOTAL),
        }
    }


def icc_a_1(ratings: NDArray[np.float64]) -> float | None:
    """Intraclass correlation of absolute agreement of single ratings, shape (scans, 2); ``None``: all are the same.

    McGraw and Wong, Psychol Methods 1996; 1: 30.
    """
    n, k = ratings.shape
    if np.ptp(ratings) == 0 or n < k:
        return None
    grand = ratings.mean()
    rows = k * ((ratings.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    columns = n * ((ratings.mean(axis=0) - grand) ** 2).sum() / (k - 1)
    rest = ((ratings - ratings.mean(axis=1, keepdims=True) - ratings.mean(axis=0) + grand) ** 2).sum()
    error = rest / ((n - 1) * (k - 1))
    return float((rows - error) / (rows + (k - 1) * error + k / n * (columns - error)))


def kappa(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float | None:
    """Cohen's kappa of two yes-no judgements; ``None`` if chance explains everything."""
    agreed = float((first == second).mean())
    chance = float(first.mean() * second.mean() + (1 - first.mean()) * (1 - second.mean()))
    return None if chance == 1 else (agreed - chance) / (1 - chance)


def _side(scored: Sequence[Outcome], side: Callable[[Outcome], str | None]) -> Figures:
    def right(scans: list[Outcome]) -> float | None:
        return float(np.mean([side(one) == one.side for one in scans])) if scans else None

    infarcts = [one for one in scored if one.kind == "infarct"]
    return {
        "side_right": {
            "one or two regions": right([one for one in infarcts if sum(one.affected) <= FEW_REGIONS]),
            "three or more": right([one for one in infarcts if sum(one.affected) > FEW_REGIONS]),
        }
    }


def _interval(scored: Sequence[Outcome]) -> Figures:
    bounds = [(one.total_low, true_total(one), one.total_high) for one in scored]
    held = [low is not None and high is not None and low <= true <= high for low, true, high in bounds]
    widths = [high - low for low, _, high in bounds if low is not None and high is not None]
    return {"interval": {"covers": float(np.mean(held)), "mean_width": float(np.mean(widths))}}


def table(title: str, found: Figures) -> str:
    """Reader and naive rule side by side."""
    reader, naive = _flat(found["reader"]), _flat(found["naive"])
    lines = [
        f"{title}: {found['scans']} scans, refused {found['refused'] or 'none'}",
        f"  {'':<44}{'reader':>8}{'naive':>8}",
    ]
    lines += [f"  {name:<44}{_number(value):>8}{_number(naive.get(name)):>8}" for name, value in reader.items()]
    return "\n".join(
        [*lines, f"  seconds: median {found['seconds']['median']:.1f}, most {found['seconds']['max']:.1f}", ""]
    )


def _flat(part: Figures, before: str = "") -> dict[str, float | None]:
    flat: dict[str, float | None] = {}
    for name, value in part.items():
        words = f"{before}{name.replace('_', ' ')}"
        flat.update(_flat(value, f"{words}, ") if isinstance(value, dict) else {words: value})
    return flat


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
