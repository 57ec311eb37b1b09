"""The pictures of a cohort: answers by rule set as bars, and how cases flow from one edition to the next."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from app.batch.report.document import Picture, picture
from scoring.outcomes import Stance

TITLES = {
    Stance.RECOMMENDED: "recommended",
    Stance.REASONABLE: "reasonable",
    Stance.MAY_BE_CONSIDERED: "may be considered",
    Stance.NOT_RECOMMENDED: "not recommended",
    Stance.HARMFUL: "harmful",
    Stance.INSUFFICIENT_DATA: "evidence insufficient",
    Stance.OUTSIDE_CRITERIA: "outside the criteria",
    Stance.NOT_ADDRESSED: "not addressed, or not of the trial",
    Stance.NEED_DATA: "facts missing",
}
"""Stances from most to least for treatment, in words that fit into a legend."""
_COLOURS = dict(
    zip(
        TITLES,
        ("#08519c", "#4292c6", "#9ecae1", "#fdae6b", "#a63603", "#969696", "#bdbdbd", "#e5e5e5", "#ffffff"),
        strict=True,
    )
)
_HATCHES = {Stance.NEED_DATA: "////"}
_SMALLEST_SHARE_WITH_WORDS = 0.03
_GAP = 0.02
_NODE_WIDTH = 0.06


def answers_picture(shares: Mapping[str, Mapping[Stance, float]]) -> Picture:
    """A bar for each rule set, from most to least for treatment; ``shares`` of the cases that it was asked of."""
    figure = Figure(figsize=(11, 1.6 + 0.36 * len(shares)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(shares))[::-1]
    ends = np.zeros(len(shares))
    for stance, title in TITLES.items():
        widths = np.array([one.get(stance, 0.0) for one in shares.values()])
        style: dict[str, Any] = {"color": _COLOURS[stance], "edgecolor": "#555555", "hatch": _HATCHES.get(stance)}
        axes.barh(places, 100 * widths, left=100 * ends, height=0.8, linewidth=0.5, label=title, **style)
        for place, width, end in zip(places, widths, ends, strict=True):
            if width >= _SMALLEST_SHARE_WITH_WORDS:
                dark = stance in {Stance.RECOMMENDED, Stance.HARMFUL}
                axes.text(
                    100 * (end + width / 2),
                    place,
                    f"{100 * width:.0f}",
                    ha="center",
                    va="center",
                    color="white" if dark else "black",
                    fontsize=8,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1} if stance in _HATCHES else None,
                )
        ends += widths
    axes.set_yticks(places, list(shares))
    axes.set(xlim=(0, 100), xlabel="% of judged cases")
    figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    return picture(figure, "What each rule set says of the cohort", "Bars of the shares in the table of answers.")


def flows_picture(
    flows: Mapping[tuple[str, str], int], stances: Mapping[str, Stance], titles: tuple[str, str]
) -> Picture:
    """An alluvial plot from outcomes of one edition to those of the next.

    Parameters
    ----------
    flows
        Cases by outcome before and after.
    stances
        Stance of each outcome, for colours and for the order from top to bottom.
    titles
        Names of the two editions.
    """
    figure = Figure(figsize=(11, 6), layout="constrained")
    axes = figure.subplots()
    order = list(TITLES)
    sides = [sorted({pair[side] for pair in flows}, key=lambda name: order.index(stances[name])) for side in (0, 1)]
    total = sum(flows.values())
    tops = [_nodes(axes, side, names, flows, total, stances) for side, names in enumerate(sides)]
    for before in sides[0]:
        for after in sides[1]:
            height = flows.get((before, after), 0) / total
            if height:
                _ribbon(axes, tops[0][before], tops[1][after], height, _COLOURS[stances[before]])
                tops[0][before] -= height
                tops[1][after] -= height
    lowest = -_GAP * (max(len(side) for side in sides) - 1)
    axes.set(xlim=(-0.62, 1.62), ylim=(lowest - 0.02, 1.1))
    for side, title in enumerate(titles):
        axes.text(side, 1.05, title, ha="center", fontsize=11, fontweight="bold")
    axes.set_axis_off()
    title = f"From {titles[0]} to {titles[1]}"
    return picture(figure, title, f"Flows of cases from {titles[0]} to {titles[1]}; figures in the table of changes.")


def _nodes(
    axes: Axes,
    side: int,
    names: Sequence[str],
    flows: Mapping[tuple[str, str], int],
    total: int,
    stances: Mapping[str, Stance],
) -> dict[str, float]:
    """Draw the outcomes of one edition and return where each begins at its top."""
    top, tops = 1.0, {}
    for name in names:
        count = sum(number for pair, number in flows.items() if pair[side] == name)
        height = count / total
        style: dict[str, Any] = {
            "color": _COLOURS[stances[name]],
            "hatch": _HATCHES.get(stances[name]),
            "edgecolor": "#555555",
        }
        axes.bar(side, height, bottom=top - height, width=_NODE_WIDTH, linewidth=0.5, zorder=2, **style)
        place, align = (side - 0.05, "right") if side == 0 else (side + 0.05, "left")
        words = f"{name}: {count:,} ({100 * height:.0f} %)"
        axes.text(place, top - height / 2, words, ha=align, va="center", fontsize=9)
        tops[name] = top
        top -= height + _GAP
    return tops


def _ribbon(axes: Axes, left: float, right: float, height: float, colour: str) -> None:
    along = np.linspace(0, 1, 60)
    bend = along**2 * (3 - 2 * along)
    upper = left + (right - left) * bend
    across = _NODE_WIDTH / 2 + along * (1 - _NODE_WIDTH)
    axes.fill_between(across, upper - height, upper, facecolor=colour, edgecolor="#777777", linewidth=0.3, alpha=0.55)
