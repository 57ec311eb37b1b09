"""The report of an agreement run, as a reviewer reads it: who was compared, the figures, how they came about."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.batch.agreement import paper
from app.batch.agreement.comparison import TRUTH, Row
from app.batch.agreement.plots import probabilities_picture, totals_picture
from app.batch.agreement.readings import Pair, Readings
from app.batch.report.document import Block, DataTable, Document, Heading, Paragraph

_POSITIVE = (
    "Positive: the region is affected, or the total lies below the cut. Sensitivity and specificity are those of the"
    " first against the second. AC1 holds where a finding is rare, and kappa does not: read them together."
)


@dataclass(frozen=True, slots=True)
class Results:
    """All rows of a run."""

    totals: list[Row]
    many: list[Row]
    regions: list[Row]
    probabilities: list[Row] = field(default_factory=list)
    calibration: list[Row] = field(default_factory=list)
    groups: list[Row] = field(default_factory=list)


def report(results: Results, readers: dict[str, Readings], pairs: Sequence[Pair], methods: str) -> Document:
    """Compose the report."""
    blocks: list[Block] = [
        *_cases(readers, pairs),
        *_totals(results, pairs),
        *_regions(results),
        *_probabilities(results, pairs),
        *_groups(results),
        Heading("Methods"),
        Paragraph(methods),
        Heading("Reporting checklists"),
        Paragraph(paper.CHECKLIST_NOTE),
        DataTable("Items that this run answers at least in part", paper.checklist(), texts=4),
        Paragraph("Research use; not a medical device."),
    ]
    return Document("Agreement of ASPECTS readings", blocks)


def _cases(readers: dict[str, Readings], pairs: Sequence[Pair]) -> list[Block]:
    read = [
        {
            "Reader": name,
            "File": one.file,
            "Cases": str(one.frame.height),
            "With a total": str(one.frame["total"].count()),
            "Rows that failed": str(one.failed),
        }
        for name, one in readers.items()
    ]
    shared = [
        {
            "First": one.first.name,
            "Second": one.second.name,
            "Shared cases": str(one.frame.height),
            "Patients": str(one.frame["patient"].n_unique()),
            "With both totals": str(one.totals().height),
            "Only in the first": str(one.first.frame.height - one.frame.height),
            "Only in the second": str(one.second.frame.height - one.frame.height),
        }
        for one in pairs
    ]
    return [
        Heading("Cases"),
        DataTable("Tables that were read", read, texts=2),
        DataTable("Cases that two tables share", shared, texts=2),
    ]


def _totals(results: Results, pairs: Sequence[Pair]) -> list[Block]:
    if not results.totals:
        return [Heading("Totals"), Paragraph("No case has a total from two readers.")]
    blocks: list[Block] = [
        Heading("Totals"),
        Paragraph(" ".join(_in_words(line) for line in paper.totals_table(results.totals))),
        DataTable("Agreement of totals (95 % interval)", paper.totals_table(results.totals), texts=2),
    ]
    if results.many:
        blocks.append(DataTable("All readers at once (95 % interval)", paper.many_table(results.many)))
    return [*blocks, *(totals_picture(one) for one in pairs if one.totals().height)]


def _in_words(line: dict[str, str]) -> str:
    return (
        f"{line['First']} and {line['Second']}: ICC(A,1) {line['ICC(A,1)']}, within one point {line['Within one']},"
        f" in {line['Cases']} cases."
    )


def _regions(results: Results) -> list[Block]:
    if not results.regions:
        return []
    blocks: list[Block] = [Heading("Regions and cuts"), Paragraph(_POSITIVE)]
    for first, second in dict.fromkeys((row["first"], row["second"]) for row in results.regions):
        rows = [row for row in results.regions if (row["first"], row["second"]) == (first, second)]
        shown = [_without(line, "First", "Second") for line in paper.regions_table(rows)]
        blocks.append(DataTable(f"{first} and {second} (95 % interval)", shown))
    return blocks


def _without(line: dict[str, str], *columns: str) -> dict[str, str]:
    return {column: text for column, text in line.items() if column not in columns}


def _probabilities(results: Results, pairs: Sequence[Pair]) -> list[Block]:
    if not results.probabilities:
        return []
    table = paper.probabilities_table(results.probabilities)
    named = {row["first"] for row in results.probabilities}
    likely = [one for one in pairs if one.first.name in named and one.second.name == TRUTH]
    return [
        Heading("Probabilities"),
        DataTable("Probabilities against the truth (95 % interval)", table, texts=2),
        probabilities_picture(likely),
    ]


def _groups(results: Results) -> list[Block]:
    """A table of totals and one of findings for each grouping; against the truth, where there is one."""
    rows = [row for row in results.groups if row["second"] == TRUTH] or results.groups
    blocks: list[Block] = [Heading("Subgroups")] if rows else []
    for by in dict.fromkeys(row["by"] for row in rows):
        totals, findings = paper.groups_tables([row for row in rows if row["by"] == by])
        named = {"Totals": totals, "Findings of all regions": findings}
        blocks += [
            DataTable(f"{what} by {by} (95 % interval)", [_without(line, "By") for line in table], texts=3)
            for what, table in named.items()
            if table
        ]
    return blocks
