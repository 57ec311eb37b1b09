"""The pictures of an agreement report: cross table and Bland-Altman plot, ROC curves, calibration."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from app.batch.agreement.curves import calibration_curve, roc_curve
from app.batch.agreement.readings import Pair
from app.batch.agreement.statistics import Tables, cross_table, differences
from app.batch.report.document import Picture, picture
from app.batch.tables.column_map import REGION_COLUMNS
from scoring.aspects import FULL_SCORE


def totals_picture(pair: Pair) -> Picture:
    """Cross table and Bland-Altman plot of two totals."""
    first, second = pair.first.name, pair.second.name
    table = cross_table(pair.totals().select("first", "second").to_numpy(), FULL_SCORE + 1)
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_cross_table(left, table)
    left.set(xlabel=f"ASPECTS, {first}", ylabel=f"ASPECTS, {second}", title="Number of cases")
    _draw_differences(right, table)
    right.set(xlabel="Mean of both", ylabel=f"{first} minus {second}", title="Differences; area: number of cases")
    title = f"{first} and {second}: cross table, and differences with mean and limits of agreement"
    return picture(figure, title, f"Cross table and Bland-Altman plot of {first} and {second}; figures in the tables.")


def probabilities_picture(pairs: Sequence[Pair]) -> Picture:
    """ROC curves and calibration over all regions, a line for each reader that gives probabilities."""
    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for one in pairs:
        cases = [one.probabilities(region) for region in REGION_COLUMNS]
        likely = np.concatenate([part["first"].to_numpy() for part in cases])
        truth = np.concatenate([part["second"].to_numpy() for part in cases])
        left.plot(*roc_curve(likely, truth), label=one.first.name)
        points = calibration_curve(likely, truth)
        predicted, observed = [point.predicted for point in points], [point.observed for point in points]
        bounds = np.array([[point.observed - point.ci_low, point.ci_high - point.observed] for point in points]).T
        right.errorbar(predicted, observed, np.maximum(bounds, 0), fmt="o-", capsize=3, label=one.first.name)
    for axes in (left, right):
        axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
        axes.set(xlim=(0, 1), ylim=(0, 1.01), aspect="equal")
        axes.legend(loc="lower right")
    left.set(xlabel="1 - specificity", ylabel="Sensitivity", title="ROC curve")
    right.set(xlabel="Mean predicted probability", ylabel="Share affected", title="Calibration, ten bins")
    title = "Probabilities of all regions together against the truth"
    return picture(figure, title, "ROC and calibration curves of all regions together; figures in the tables.")


def _draw_cross_table(axes: Axes, table: Tables) -> None:
    axes.imshow(table.T, origin="lower", cmap="Blues")
    for (i, j), count in np.ndenumerate(table):
        if count:
            colour = "white" if count > table.max() / 2 else "black"
            axes.text(i, j, f"{count:.0f}", ha="center", va="center", color=colour)
    axes.plot([-0.5, FULL_SCORE + 0.5], [-0.5, FULL_SCORE + 0.5], color="grey", linewidth=0.5)
    axes.set_xticks(range(len(table)))
    axes.set_yticks(range(len(table)))


def _draw_differences(axes: Axes, table: Tables) -> None:
    """Differences over means, with the mean difference and the limits of agreement."""
    first, second = np.nonzero(table)
    counts = table[first, second]
    axes.scatter((first + second) / 2, first - second, s=10 + 300 * counts / counts.max(), alpha=0.5)
    limits = differences(table)
    for name, style in (("bias", "-"), ("lower_limit", "--"), ("upper_limit", "--")):
        value = float(limits[name])
        if not np.isnan(value):
            axes.axhline(value, color="black", linestyle=style, linewidth=1)
            axes.annotate(f"{value:.2f}", (0.995, value), xycoords=("axes fraction", "data"), ha="right", va="bottom")
