"""The report on a cohort: who would have been treated, what changed, what hangs on one point, what is not known."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.batch.cohort.plots import TITLES, answers_picture, flows_picture
from app.batch.cohort.tables import (
    Counted,
    flow_rows,
    known_rows,
    missing_rows,
    one_point_rows,
    treatment_rows,
)
from app.batch.report.document import Block, DataTable, Document, Heading, Paragraph
from app.batch.report.versions import versions
from scoring.facts import FACTS
from scoring.outcomes import Outcome

_MOST_MOVES = 15
_MOST_FACTS = 10
_NONE = "–"


@dataclass(frozen=True, slots=True)
class Told:
    """What the report says of the run itself."""

    file: str
    rules_on: str
    constants: Sequence[str]
    """What the map states of the whole cohort."""


def report(counted: Counted, told: Told) -> Document:
    """Compose the report."""
    blocks: list[Block] = [*_cohort(counted, told)]
    if counted.judged:
        blocks += [*_treated(counted), *_changes(counted), *_one_point(counted), *_missing(counted)]
    blocks += [Heading("Methods"), Paragraph(methods(counted, told))]
    blocks.append(Paragraph("Research use; not a medical device. No answer here is a clinical decision."))
    return Document("A cohort under different rules", blocks)


def methods(counted: Counted, told: Told) -> str:
    """The paragraph on methods, with the versions of what has computed."""
    return (
        f"Every row of {told.file} was judged by {len(counted.rulesets)} rule sets as of {told.rules_on}, superseded"
        " editions with their last clauses. What is not known stays unknown: a rule that could still be met or failed"
        " by a missing fact gives the answer 'facts missing', and never one that a typical value would give. Would have"
        " been treated, at least: the rule set recommends treatment or calls it reasonable (a trial: the patient fits"
        " its criteria). At most: with those of whom it may be considered and those of whom facts are missing. One"
        " point: each case with a definite total was judged again with a total lower and higher by one. A fact could"
        " settle an answer if, the others being as they are, some value of it decides. Clauses were transcribed from"
        " guidelines and trials, some of them second-hand; the rule book says which."
        f" Rules {counted.book.version}. Computed with {versions()}."
    )


def _cohort(counted: Counted, told: Told) -> list[Block]:
    tally = counted.tally
    text = f"{tally.rows:,} rows, {counted.judged:,} judged, {tally.failed:,} failed (errors.csv)."
    if told.constants:
        text += f" The map states of all rows: {'; '.join(told.constants)}."
    known = [
        {"Fact": _title(str(row["fact"])), "Known in": f"{row['known']:,}", "%": _percent(row["share"])}
        for row in known_rows(counted)
    ]
    return [Heading("The cohort"), Paragraph(text), *([DataTable("What is known", known)] if known else [])]


def _treated(counted: Counted) -> list[Block]:
    rows = treatment_rows(counted)
    used = {stance: title for stance, title in TITLES.items() if any(row[stance.value] for row in rows)}
    shown = [
        {
            "Rule set": counted.ruleset(str(row["ruleset"])).title,
            "Cases": f"{row['cases']:,}",
            **{title.capitalize(): f"{row[stance.value]:,}" for stance, title in used.items()},
            "Treated, at least": _of(row["treated_at_least"], row["cases"]),
            "At most": _of(row["treated_at_most"], row["cases"]),
        }
        for row in rows
    ]
    shares = {
        counted.ruleset(name).title: {stance: count / counted.judged for stance, count in counted.stances(name).items()}
        for name in counted.rulesets
    }
    return [
        Heading("Who would have been treated"),
        answers_picture(shares),
        DataTable("Cases by what each rule set says", shown),
    ]


def _changes(counted: Counted) -> list[Block]:
    before, after = (counted.ruleset(name).title for name in counted.pair)
    flows: Counter[tuple[str, str]] = Counter()
    rows = flow_rows(counted)
    for row in rows:
        flows[str(row["from_outcome"]), str(row["to_outcome"])] += _number(row["cases"])
    if not flows:
        return [Heading(f"What changed from {before} to {after}"), Paragraph("No case has an answer from both.")]
    changed = sum(count for (one, other), count in flows.items() if one != other)
    total = sum(flows.values())
    moves = [row for row in rows if row["from_outcome"] != row["to_outcome"]]
    shown = [
        {
            before: _words(row["from_outcome"], row["from_clause"]),
            after: _words(row["to_outcome"], row["to_clause"]),
            "Cases": f"{row['cases']:,}",
            "%": _percent(row["share"]),
        }
        for row in moves[:_MOST_MOVES]
    ]
    stances = {outcome.label: outcome.stance for outcome in Outcome}
    labelled = {(Outcome(one).label, Outcome(other).label): count for (one, other), count in flows.items()}
    blocks: list[Block] = [
        Heading(f"What changed from {before} to {after}"),
        Paragraph(
            f"The answer changed in {_of(changed, total)} of {total:,} cases; each of them is listed in changes.csv."
            " Outcomes stand with the clause that decided."
        ),
        flows_picture(labelled, stances, (before, after)),
    ]
    if shown:
        more = f"; {len(moves) - _MOST_MOVES} rarer ones in flows.csv" if len(moves) > _MOST_MOVES else ""
        blocks.append(DataTable(f"Changes, most frequent first{more}", shown, texts=2))
    return blocks


def _one_point(counted: Counted) -> list[Block]:
    shown = [
        {
            "Rule set": counted.ruleset(str(row["ruleset"])).title,
            "Cases with a total": f"{row['cases_with_definite_total']:,}",
            "One less changes": _of(row["changed_by_one_less"], row["cases_with_definite_total"]),
            "One more changes": _of(row["changed_by_one_more"], row["cases_with_definite_total"]),
            "Either": _of(row["changed_by_either"], row["cases_with_definite_total"]),
            "Treated or not": _of(row["treatment_changed"], row["cases_with_definite_total"]),
        }
        for row in one_point_rows(counted)
    ]
    return [
        Heading("Decided by one ASPECTS point"),
        Paragraph(
            "Readers often differ by a point. In so many cases another total, lower or higher by one, would get another"
            " outcome; the last column counts those that it moves into or out of 'recommended or reasonable'."
        ),
        DataTable("Cases whose answer hangs on one point", shown),
    ]


def _missing(counted: Counted) -> list[Block]:
    rows = missing_rows(counted)
    waiting = counted.tally.waiting
    if not waiting:
        return [Heading("Facts that would settle most"), Paragraph("No rule set waits for a fact.")]
    blocks: list[Block] = [
        Heading("Facts that would settle most"),
        Paragraph(f"In {_of(waiting, counted.judged)} of {counted.judged:,} cases some rule set waits for a fact."),
    ]
    asked = {"any": "any rule set"} | {counted.pair[1]: counted.ruleset(counted.pair[1]).title}
    for ruleset, title in asked.items():
        shown = [
            {
                "Fact": _title(str(row["fact"])),
                "Could settle": f"{row['cases']:,}",
                "% of waiting": _percent(row["share_of_waiting"]),
            }
            for row in rows
            if row["ruleset"] == ruleset
        ]
        if shown:
            blocks.append(DataTable(f"Cases that a fact could settle: {title}", shown[:_MOST_FACTS]))
    return blocks


def _title(name: str) -> str:
    return f"{FACTS[name].title} ({name})" if name in FACTS else name


def _words(outcome: object, clause: object) -> str:
    text = Outcome(str(outcome)).label
    return f"{text} ({clause})" if clause is not None else text


def _of(part: object, of: object) -> str:
    count, total = _number(part), _number(of)
    return f"{count:,} ({100 * count / total:.1f} %)" if total else _NONE


def _percent(share: object) -> str:
    return _NONE if share is None else f"{100 * float(str(share)):.1f}"


def _number(value: object) -> int:
    return int(str(value))
