"""What a paper takes from a run: tables in CSV and LaTeX, a paragraph on methods, items of reporting checklists."""

import platform
from collections.abc import Sequence
from importlib.metadata import version

from app.batch.agreement.comparison import Row
from app.version import __version__

_TOTALS = {
    "weighted_kappa": "Weighted kappa",
    "icc_a1": "ICC(A,1)",
    "icc_c1": "ICC(C,1)",
    "bias": "Mean difference",
    "lower_limit": "Lower limit",
    "upper_limit": "Upper limit",
    "exact_agreement": "Exact",
    "within_one": "Within one",
}
_REGIONS = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "mcc": "MCC",
    "kappa": "Kappa",
    "gwet_ac1": "AC1",
    "auc": "AUC",
}

PaperTable = list[dict[str, str]]

CHECKLIST = (
    ("CLAIM 2020", "13", "Handling of missing data", "errors.csv; cases counted for each statistic"),
    ("CLAIM 2020", "18", "Variability between readers", "totals.csv, regions.csv"),
    ("CLAIM 2020", "23", "Software and versions", "methods.txt"),
    ("CLAIM 2020", "28", "Metrics of performance", "methods.txt"),
    ("CLAIM 2020", "29", "Measures of uncertainty", "intervals in every table; methods.txt"),
    ("CLAIM 2020", "30", "Robustness", "subgroups.csv, with --by"),
    ("CLAIM 2020", "35", "Performance metrics", "regions.csv, probabilities.csv"),
    ("CLAIM 2020", "36", "Accuracy with its precision", "regions.csv, probabilities.csv"),
    ("STARD 2015", "14", "Methods for measures of accuracy", "methods.txt"),
    ("STARD 2015", "15", "Indeterminate results", "open regions are left out; cases counted for each statistic"),
    ("STARD 2015", "16", "Missing data", "errors.csv; cases counted for each statistic"),
    ("STARD 2015", "17", "Variability of accuracy", "subgroups.csv, with --by"),
    ("STARD 2015", "23", "Cross tabulation against the reference", "regions.csv, report.html"),
    ("STARD 2015", "24", "Accuracy with its precision", "regions.csv, probabilities.csv"),
)
"""Items that the run answers at least in part: checklist, number, subject, file. STARD-AI keeps the items of STARD 2015
and adds to them; its numbers are not given here, nor are those of later editions of CLAIM."""


def totals_table(rows: Sequence[Row]) -> PaperTable:
    """A line for each pair of readers."""
    return _table(rows, ("first", "second"), _TOTALS)


def regions_table(rows: Sequence[Row]) -> PaperTable:
    """A line for each reader and region."""
    return _table(rows, ("first", "second", "what"), _REGIONS)


def _table(rows: Sequence[Row], keys: tuple[str, ...], titles: dict[str, str]) -> PaperTable:
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows:
        if row["statistic"] in titles:
            key = tuple(str(row[name]) for name in keys)
            line = lines.setdefault(key, dict(zip(keys, key, strict=True)) | {"Cases": str(row["cases"])})
            line[titles[str(row["statistic"])]] = _with_interval(row)
    used = [title for title in titles.values() if any(title in line for line in lines.values())]
    return [{**line, **{title: line.get(title, "–") for title in used}} for line in lines.values()]


def _with_interval(row: Row) -> str:
    if row["value"] is None:
        return "–"
    if row["ci_low"] is None:
        return f"{row['value']:.2f}"
    return f"{row['value']:.2f} ({row['ci_low']:.2f} to {row['ci_high']:.2f})"


def latex(table: PaperTable, caption: str) -> str:
    """The table for LaTeX with the package booktabs."""
    columns = list(table[0]) if table else ["Cases"]
    lines = [" & ".join(_escaped(line[column]) for column in columns) + r" \\" for line in table]
    head = " & ".join(_escaped(column.capitalize() if column.islower() else column) for column in columns) + r" \\"
    begin = [r"\begin{table}", rf"\caption{{{_escaped(caption)}}}", rf"\begin{{tabular}}{{{'l' * len(columns)}}}"]
    return "\n".join(
        [*begin, r"\toprule", head, r"\midrule", *lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""]
    )


def _escaped(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--"}
    return "".join(special.get(sign, f"\\{sign}" if sign in "&%$#_{}" else sign) for sign in text)


def methods(resamples: int, seed: int, *, with_probabilities: bool) -> str:
    """The paragraph on methods, with the versions of what has computed."""
    likely = (
        " Probabilities: area under the ROC curve with DeLong's interval (DeLong 1988) where each case is a patient of"
        " its own, Brier score (Brier 1950), expected calibration error over ten bins of equal width."
        if with_probabilities
        else ""
    )
    return (
        f"Intervals of 95 %: Wilson's for proportions, else percentiles of {resamples} bootstrap resamples of patients"
        f" (seed {seed}). ICC by two-way analysis of variance, single measurement (Shrout and Fleiss 1979; McGraw and"
        " Wong 1996); quadratic weighted kappa (Cohen 1968); AC1 (Gwet 2008); MCC (Matthews 1975); limits of agreement"
        f" (Bland and Altman 1986).{likely} Totals below 6 and below 3 were compared as yes-or-no findings."
        f" Computed with {versions()}."
    )


def versions() -> str:
    """What has computed."""
    parts = [f"{name} {version(name)}" for name in ("numpy", "scipy", "polars", "matplotlib")]
    return ", ".join([f"aspects {__version__}", f"Python {platform.python_version()}", *parts])
