"""The page docs/conflicts.md: what every guideline says of the same typical patients, side by side."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time

from app.rule_pages.lines import HOW_CHECKED, value_in_words
from app.rule_pages.typical_patients import DECOMPRESSION_TABLES, THROMBECTOMY_TABLES, PatientTable, Stated
from app.web.answer.wording import title_of
from app.web.times.words import say_date
from scoring.case import Case
from scoring.decompression import decompression_advice
from scoring.derived import assess
from scoring.eligibility import Answer, grid_in_force, judge
from scoring.facts import Facts
from scoring.outcomes import Outcome, Stance
from scoring.rule_yaml import load_table
from scoring.rulebook import RuleBook
from scoring.values import Known

Judge = Callable[[Mapping[str, Known]], Sequence[Answer]]

CODES = {Outcome.NOT_ADDRESSED: "–", Outcome.NEED_DATA: "needs: …"}
"""What stands in a cell instead of the outcome's code."""

FOR = frozenset({Stance.RECOMMENDED, Stance.REASONABLE, Stance.MAY_BE_CONSIDERED})
AGAINST = frozenset({Stance.NOT_RECOMMENDED, Stance.HARMFUL})
WITHHELD = AGAINST | {Stance.INSUFFICIENT_DATA, Stance.OUTSIDE_CRITERIA}

IN_DIRECTION = "**in direction**"
IN_STRENGTH = "*in strength*"

INTRODUCTION = """\
# Where guidelines differ

Computed from the rule files by `python -m app.rule_pages`; a test fails when this page lags behind them. Each row is a
typical patient, each column a guideline; the answers are never averaged. How every clause was checked, and its source,
stands in [what the rules say](rules.md), to which each answer leads.

The last column tells how guidelines in force differ on the patient:

- **in direction**: one speaks for treatment, and another speaks against it, calls the data insufficient, or puts the
  patient outside its criteria;
- *in strength*: all that speak are for treatment, some more strongly than others.

A source that has no recommendation for the patient, or waits for data, does not count; nor do superseded editions,
which are shown for comparison."""


def conflicts_page(book: RuleBook) -> str:
    """The whole page in Markdown, as the rules stood on the day of their latest change."""
    day = latest_change(book)
    thrombectomy = grid_in_force(book, day)
    sections = [
        ("Thrombectomy", THROMBECTOMY_TABLES, lambda values: _guidelines(judge(thrombectomy, values))),
        ("Surgery for a swelling infarct", DECOMPRESSION_TABLES, lambda values: _decompression(book, day, values)),
    ]
    tables = [
        (heading, table, _Judged(table, day, judged_by)) for heading, each, judged_by in sections for table in each
    ]
    parts = [INTRODUCTION, "", f"As the rules stood on {say_date(day)}.", "", *_legend([j for _, _, j in tables]), ""]
    parts += _summary(tables)
    shown = ""
    for heading, table, judged in tables:
        if heading != shown:
            parts += ["", f"## {heading}"]
            shown = heading
        parts += _section(table, judged)
    parts += _disputes()
    return "\n".join(parts) + "\n"


def _disputes() -> Iterator[str]:
    """Differences that lie outside the tables of patients."""
    yield ""
    yield "## Differences outside these tables"
    for dispute in load_table("disputes"):
        yield ""
        yield f"**{dispute['question']}**"
        yield ""
        yield from (f"- {one['who']}: {one['says']} *({HOW_CHECKED[one['checked']]})*" for one in dispute["positions"])
        yield f"- Here: {dispute['here']}"


def latest_change(book: RuleBook) -> date:
    """The last day on which a clause came into force."""
    return max(clause.in_force_from for ruleset in book.rulesets for clause in ruleset.clauses)


class _Judged:
    """The answers for one table of patients."""

    def __init__(self, table: PatientTable, day: date, judged_by: Judge) -> None:
        moment = datetime.combine(day, time(12), tzinfo=UTC)
        self.rows = [list(judged_by(_values({**table.shared, **row}, moment))) for row in table.rows]

    def speaking(self) -> list[int]:
        """Columns in which a source answers at least one patient."""
        columns = range(len(self.rows[0]))
        return [i for i in columns if any(row[i].stance is not Stance.NOT_ADDRESSED for row in self.rows)]

    def difference(self, row: int) -> str:
        """How the sources in force differ on a patient: in direction, in strength, or not at all (empty)."""
        in_force = [answer for answer in self.rows[row] if not answer.ruleset.superseded]
        stances = {answer.stance for answer in in_force}
        if stances & FOR and stances & WITHHELD:
            return IN_DIRECTION
        return IN_STRENGTH if len(stances & FOR) > 1 else ""

    def outcomes(self) -> set[Outcome]:
        return {answer.outcome for row in self.rows for answer in row}


def _values(stated: Stated, moment: datetime) -> Mapping[str, Known]:
    return assess(Case(evaluated_at=moment, facts=Facts(**stated))).values  # type: ignore[arg-type]  # names are facts


def _guidelines(answers: Sequence[Answer]) -> list[Answer]:
    return [answer for answer in answers if answer.ruleset.kind == "guideline"]


def _decompression(book: RuleBook, day: date, values: Mapping[str, Known]) -> list[Answer]:
    return [advice.answer for advice in decompression_advice(book, day, values)]


def _legend(judged: Sequence[_Judged]) -> Iterator[str]:
    used = set().union(*(table.outcomes() for table in judged))
    yield "| code | means |"
    yield "|---|---|"
    yield from (f"| {CODES.get(outcome, f'`{outcome}`')} | {outcome.label} |" for outcome in Outcome if outcome in used)


def _summary(tables: Sequence[tuple[str, PatientTable, _Judged]]) -> Iterator[str]:
    yield "| typical patients | rows | differ in direction | differ in strength |"
    yield "|---|---|---|---|"
    for _, table, judged in tables:
        found = [judged.difference(i) for i in range(len(judged.rows))]
        counts = f"{found.count(IN_DIRECTION)} | {found.count(IN_STRENGTH)}"
        yield f"| [{table.title}](#{_anchor(table)}) | {len(judged.rows)} | {counts} |"


def _section(table: PatientTable, judged: _Judged) -> Iterator[str]:
    varied = set(table.rows[0])
    columns = judged.speaking()
    rulesets = [answer.ruleset for answer in judged.rows[0]]
    titles = [f"{rulesets[i].title}{' (superseded)' if rulesets[i].superseded else ''}" for i in columns]
    silent = [ruleset.title for i, ruleset in enumerate(rulesets) if i not in columns]
    yield ""
    yield f'<a id="{_anchor(table)}"></a>'
    yield ""
    yield f"### {table.title}"
    yield ""
    if table.remark:
        yield table.remark
        yield ""
    yield f"All rows: {'; '.join(_stated(f, v) for f, v in table.shared.items() if f not in varied)}."
    yield ""
    yield f"| {' | '.join([*map(title_of, table.columns), *titles, 'guidelines differ'])} |"
    yield "|---" * (len(table.columns) + len(titles) + 1) + "|"
    for number, (patient, answers) in enumerate(zip(table.rows, judged.rows, strict=True)):
        cells = [value_in_words(fact, patient[fact]) for fact in table.columns] + [_cell(answers[i]) for i in columns]
        yield f"| {' | '.join([*cells, judged.difference(number)])} |"
    if silent:
        yield ""
        yield f"Silent on all of these patients: {', '.join(silent)}."


def _cell(answer: Answer) -> str:
    if answer.outcome is Outcome.NOT_ADDRESSED:
        return CODES[Outcome.NOT_ADDRESSED]
    if answer.outcome is Outcome.NEED_DATA:
        return f"needs: {' or '.join(title_of(fact) for fact in answer.missing)}"
    against = " *against*" if answer.stance in AGAINST and answer.outcome.stance in FOR else ""
    where = f"rules.md#{answer.clause.id if answer.clause is not None else answer.ruleset.id}"
    return f"[`{answer.outcome}`]({where}){against}"


def _stated(fact: str, value: object) -> str:
    return f"{title_of(fact)} {value_in_words(fact, value)}"


def _anchor(table: PatientTable) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in table.title.lower()).split())
