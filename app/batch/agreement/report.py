"""The report of an agreement run: one HTML page with its pictures inside, for reading without a network."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, select_autoescape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from app.batch.agreement.comparison import Row
from app.batch.agreement.readings import Pair
from app.batch.agreement.statistics import Tables, cross_table, differences
from scoring.aspects import FULL_SCORE

_TITLES = {
    "weighted_kappa": "Quadratic weighted kappa",
    "icc_a1": "ICC(A,1), absolute agreement",
    "icc_c1": "ICC(C,1), consistency",
    "bias": "Mean difference",
    "sd": "Standard deviation of differences",
    "lower_limit": "Lower 95 % limit of agreement",
    "upper_limit": "Upper 95 % limit of agreement",
    "exact_agreement": "Exact agreement",
    "within_one": "Agreement within one point",
    "agreement": "Agreement",
    "kappa": "Kappa",
    "gwet_ac1": "Gwet AC1",
    "mcc": "Matthews correlation",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
}


def report(totals: Sequence[Row], regions: Sequence[Row], pairs: Sequence[Pair], facts: dict[str, Any]) -> str:
    """The page as text."""
    pictures = [
        {"title": f"{pair.first.name} and {pair.second.name}", "png": _picture(pair)}
        for pair in pairs
        if pair.totals().height
    ]
    templates = Environment(loader=PackageLoader(__package__, "templates"), autoescape=select_autoescape())
    page = templates.get_template("agreement.html")
    return page.render(totals=totals, regions=regions, pictures=pictures, titles=_TITLES, **facts)


def _picture(pair: Pair) -> str:
    """Cross table and Bland-Altman plot of two totals as a PNG in base64."""
    table = cross_table(pair.totals().select("first", "second").to_numpy(), FULL_SCORE + 1)
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_cross_table(left, table)
    left.set(xlabel=f"ASPECTS, {pair.first.name}", ylabel=f"ASPECTS, {pair.second.name}", title="Cases")
    _draw_differences(right, table)
    gap = f"{pair.first.name} minus {pair.second.name}"
    right.set(xlabel="Mean of both", ylabel=gap, title="Differences; area: number of cases")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return base64.b64encode(buffer.getvalue()).decode()


def _draw_cross_table(axes: Axes, table: Tables) -> None:
    axes.imshow(table.T, origin="lower", cmap="Blues")
    for (i, j), count in np.ndenumerate(table):
        if count:
            colour = "white" if count > table.max() / 2 else "black"
            axes.text(i, j, f"{count:.0f}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(table)))
    axes.set_yticks(range(len(table)))


def _draw_differences(axes: Axes, table: Tables) -> None:
    """Bland-Altman: differences over means, with the mean difference and the limits of agreement."""
    first, second = np.nonzero(table)
    counts = table[first, second]
    axes.scatter((first + second) / 2, first - second, s=10 + 300 * counts / counts.max(), alpha=0.5)
    limits = differences(table)
    for name, style in (("bias", "-"), ("lower_limit", "--"), ("upper_limit", "--")):
        value = float(limits[name])
        if not np.isnan(value):
            axes.axhline(value, color="black", linestyle=style, linewidth=1)
            axes.annotate(f"{value:.2f}", (0.995, value), xycoords=("axes fraction", "data"), ha="right", va="bottom")
