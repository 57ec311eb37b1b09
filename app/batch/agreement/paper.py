"""What a paper takes from a run: tables in CSV and LaTeX, a paragraph on methods, items of reporting checklists."""

from collections.abc import Sequence

from app.batch.agreement.comparison import ALL_REGIONS, CUTS, Row
from app.batch.agreement.resampling import Resampling
from app.batch.report.versions import versions

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
    "agreement": "Agreement",
    "kappa": "Kappa",
    "gwet_ac1": "AC1",
    "mcc": "MCC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
}
_PROBABILITIES = {"auc": "AUC", "brier": "Brier score", "ece": "Calibration error"}
_GROUP_TOTALS = {name: _TOTALS[name] for name in ("weighted_kappa", "icc_a1", "bias", "within_one")}
_GROUP_BINARY = {name: _REGIONS[name] for name in ("kappa", "gwet_ac1", "sensitivity", "specificity")}
_WORDS = {"first": "First", "second": "Second", "what": "What", "by": "By", "group": "Group"}
_NONE = "–"

PaperTable = list[dict[str, str]]

_CHECKLIST = (
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
    ("STARD 2015", "23", "Cross tabulation against the reference", "regions.csv, report"),
    ("STARD 2015", "24", "Accuracy with its precision", "regions.csv, probabilities.csv"),
)
CHECKLIST_NOTE = (
    "Numbers are those of CLAIM 2020 (Mongan, Moy and Kahn 2020) and of STARD 2015, whose items STARD-AI (2025) keeps"
    " and adds to; the numbers of its added items and of later editions of CLAIM are not given here."
)


def checklist() -> PaperTable:
    """The items as a table."""
    return [dict(zip(("Checklist", "Item", "Subject", "Where"), item, strict=True)) for item in _CHECKLIST]


def totals_table(rows: Sequence[Row]) -> PaperTable:
    """A line for each pair of readers."""
    return _table(rows, ("first", "second"), _TOTALS)


def many_table(rows: Sequence[Row]) -> PaperTable:
    """One line for all readers."""
    return [{"Readers": line.pop("First"), **line} for line in _table(rows, ("first",), _TOTALS)]


def regions_table(rows: Sequence[Row]) -> PaperTable:
    """A line for each pair and region or cut; ``Affected``: how many cases are, by the truth."""
    table = _table(rows, ("first", "second", "what"), _REGIONS)
    affected = {
        (row["first"], row["second"], row["what"]): str(row["cases"])
        for row in rows
        if row["statistic"] == "sensitivity"
    }
    if not affected:
        return table
    return [_after(line, "Cases", "Affected", affected.get(_place(line), _NONE)) for line in table]


def probabilities_table(rows: Sequence[Row]) -> PaperTable:
    """A line for each reader and region."""
    return _table(rows, ("first", "what"), _PROBABILITIES, digits=3)


def groups_tables(rows: Sequence[Row]) -> tuple[PaperTable, PaperTable]:
    """Totals, and findings of all regions together, in each subgroup."""
    keys = ("by", "group", "first", "second")
    totals = _table([row for row in rows if row["what"] == "total"], keys, _GROUP_TOTALS)
    return totals, _table([row for row in rows if row["what"] == ALL_REGIONS], keys, _GROUP_BINARY)


def _table(rows: Sequence[Row], keys: tuple[str, ...], titles: dict[str, str], digits: int = 2) -> PaperTable:
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows:
        if row["statistic"] in titles:
            key = tuple(str(row[name]) for name in keys)
            named = {_WORDS[name]: text for name, text in zip(keys, key, strict=True)}
            line = lines.setdefault(key, named | {"Cases": str(row["cases"])})
            line[titles[str(row["statistic"])]] = _with_interval(row, digits)
    used = [title for title in titles.values() if any(title in line for line in lines.values())]
    return [{**line, **{title: line.get(title, _NONE) for title in used}} for line in lines.values()]


def _place(line: dict[str, str]) -> tuple[str, str, str]:
    return line["First"], line["Second"], line["What"]


def _after(line: dict[str, str], column: str, title: str, text: str) -> dict[str, str]:
    """The line with one more column after ``column``."""
    at = list(line).index(column) + 1
    entries = list(line.items())
    return dict([*entries[:at], (title, text), *entries[at:]])


def _with_interval(row: Row, digits: int) -> str:
    if row["value"] is None:
        return _NONE
    value = f"{row['value']:.{digits}f}"
    return value if row["ci_low"] is None else f"{value} ({row['ci_low']:.{digits}f} to {row['ci_high']:.{digits}f})"


def latex(table: PaperTable, caption: str) -> str:
    """The table for LaTeX with the package booktabs."""
    columns = list(table[0])
    lines = [" & ".join(_escaped(line[column]) for column in columns) + r" \\" for line in table]
    head = " & ".join(_escaped(column) for column in columns) + r" \\"
    begin = [r"\begin{table}", rf"\caption{{{_escaped(caption)}}}", rf"\begin{{tabular}}{{{'l' * len(columns)}}}"]
    return "\n".join(
        [*begin, r"\toprule", head, r"\midrule", *lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""]
    )


def _escaped(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--"}
    return "".join(special.get(sign, f"\\{sign}" if sign in "&%$#_{}" else sign) for sign in text)


def methods(how: Resampling, *, with_probabilities: bool) -> str:
    """The paragraph on methods, with the versions of what has computed."""
    likely = (
        " Probabilities: area under the ROC curve (interval by DeLong 1988), Brier score (Brier 1950), expected"
        " calibration error over ten bins of equal width."
        if with_probabilities
        else ""
    )
    return (
        "Totals: ICC by two-way analysis of variance, single measurement (Shrout and Fleiss 1979; McGraw and Wong"
        " 1996); quadratic weighted kappa (Cohen 1968); mean difference and limits of agreement (Bland and Altman"
        f" 1986). Findings of regions, and totals below {CUTS[0]} and below {CUTS[1]}, as yes or no: kappa (Cohen"
        " 1960), AC1 (Gwet 2008), Matthews correlation (1975), sensitivity and specificity (interval by Wilson 1927)."
        f"{likely} All other intervals, and those where a patient has several cases, are percentiles of"
        f" {how.resamples} bootstrap resamples of patients (seed {how.seed}). All intervals are of 95 %. Regions that"
        " either reader left open, and cases in which the readers name different sides, are left out of the regions'"
        f" statistics. Computed with {versions()}."
    )
