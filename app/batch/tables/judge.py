"""Judges the rows of a table: the same rule files and the same answers as for one patient, many rows at a time."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.batch.faults import Fault, TableUnusable
from app.batch.tables.answers import Answers, CodedColumn
from app.batch.tables.cell_reading import ReadColumn, constant_column, read_column
from app.batch.tables.column_map import ColumnSource
from app.batch.tables.fact_columns import FactColumn, FactColumns
from app.batch.tables.fact_groups import coded, grouped
from app.batch.tables.fact_states import StateTable, states_of
from app.batch.tables.row_cases import RowCases, cases_of
from app.batch.tables.ruleset_masks import RowLabels, RuleSetMasks
from scoring.conditions import Bounds
from scoring.derived import MISMATCH_FACTS
from scoring.eligibility import grid_in_force
from scoring.errors import RuleFileError
from scoring.facts import FACTS
from scoring.grid import Grid
from scoring.rulebook import RuleBook

JUDGED, FAILED = "judged", "failed"
KINDS = {"guideline", "trial"}
_DERIVED = set(MISMATCH_FACTS)
_PARTS = ("outcome", "clause", "missing")


@dataclass(frozen=True, eq=False)
class ReadRows:
    """A chunk after its cells were checked."""

    columns: Mapping[str, pl.Series]
    """The cells of each column by what they hold; null: not known, or refused."""
    cases: RowCases
    failed: NDArray[np.bool_]
    """Rows that have a fault."""
    faults: list[Fault]


class _Edition:
    """The rule sets in force in one period, compiled."""

    def __init__(self, grid: Grid, wanted: Sequence[str], given: frozenset[str]) -> None:
        for column in grid.columns:
            if column.fact not in FACTS and column.fact not in _DERIVED:
                raise RuleFileError(f"tables cannot derive '{column.fact}', which a rule asks for")
        tables = _state_tables(grid)
        self.rulesets = [RuleSetMasks(grid, r, tables) for r in grid.rulesets if r.id in wanted]
        asked_often = [(layer.question, layer.width) for masks in self.rulesets for layer in masks.layers]
        self.groups = grouped(asked_often, given)
        for masks in self.rulesets:
            masks.arrange(self.groups)
        asked = {fact for ruleset in self.rulesets for fact in ruleset.facts}
        self.tables = {fact: table for fact, table in tables.items() if fact in asked}


@lru_cache(maxsize=16)
def _state_tables(grid: Grid) -> Mapping[str, StateTable]:
    return {column.fact: StateTable(column, grid.everything) for column in grid.columns}


@dataclass(eq=False)
class TableJudge:
    """Everything that is needed to judge chunk after chunk of one table."""

    book: RuleBook
    sources: Sequence[ColumnSource]
    """What the columns of the table hold."""
    rulesets: Sequence[str]
    """Identifiers of the rule sets to ask, in the order of the book."""
    now: datetime
    """Moment of evaluation of rows that state none."""
    not_known: frozenset[str] = frozenset()
    rules_on: date | None = None
    """Day of which the rules are taken; ``None``: of each row the day of its evaluation."""
    prefix: str = ""
    """Put before the name of every column of answers."""

    def __post_init__(self) -> None:
        self._editions: dict[int, _Edition] = {}
        for source in self.sources:
            if source.column is None and (reason := constant_column(source, 1).reasons[0]) is not None:
                raise TableUnusable(f"The map's constant for {source.target} is {reason}.")

    @property
    def answer_columns(self) -> dict[str, type[pl.DataType]]:
        """Names and types of the columns of answers."""
        columns: dict[str, type[pl.DataType]] = {"status": pl.Categorical, "status_reason": pl.String}
        columns |= {f"aspects_{part}": pl.Int64 for part in ("total", "low", "high")}
        columns["window"] = pl.Categorical
        columns |= {f"{ruleset}_{part}": pl.Categorical for ruleset in self.rulesets for part in _PARTS}
        return {f"{self.prefix}{name}": dtype for name, dtype in columns.items()}

    def judge(
        self, frame: pl.DataFrame, first_row: int = 1, faults: Sequence[Fault] = ()
    ) -> tuple[Answers, list[Fault]]:
        """Judge a chunk.

        Parameters
        ----------
        frame
            The table's own columns.
        first_row
            Number of the chunk's first row in the table.
        faults
            What was wrong with rows before their cells could be looked at.

        Returns
        -------
        The columns of answers, and every fault of the chunk in the order of rows. A row with a fault has status
        ``failed`` and no answers.
        """
        read = self.read(frame, first_row, faults)
        return self._answers(read, _reasons(read.faults, first_row, frame.height)), read.faults

    def read(self, frame: pl.DataFrame, first_row: int = 1, faults: Sequence[Fault] = ()) -> ReadRows:
        """Check the cells of a chunk and derive what follows from them; parameters as of `judge`."""
        rows = frame.height
        columns = {source.target: self._read(frame, source) for source in self.sources}
        found = list(faults)
        for column in columns.values():
            at = column.reasons.is_not_null()
            if at.any():
                name = column.source.column or column.source.target
                numbers = np.flatnonzero(at.to_numpy()).tolist()
                found += [Fault(first_row + i, name, column.reasons[i]) for i in numbers]
        cases = cases_of(columns, rows, self.now, self._edges)
        named = {source.target: source.column or source.target for source in self.sources}
        found += [Fault(first_row + i, named.get(target, target), reason) for i, target, reason in cases.faults]
        found.sort(key=lambda fault: fault.row)
        failed = np.zeros(rows, dtype=np.bool_)
        failed[[fault.row - first_row for fault in found]] = True
        return ReadRows({name: column.values for name, column in columns.items()}, cases, failed, found)

    def labels(self, cases: RowCases, failed: NDArray[np.bool_]) -> dict[str, RowLabels]:
        """What each rule set says of each row, edition by edition; nothing of rows that failed."""
        periods = np.array([self._period(moment) for moment in cases.moments], dtype=np.int64)[cases.moment_of_row]
        answers = {ruleset: RowLabels(cases.rows) for ruleset in self.rulesets}
        for period in np.unique(periods[~failed]).tolist():
            rows = np.flatnonzero(~failed & (periods == period))
            edition = self._edition(period)
            codes = coded(edition.groups, states_of(_rows_of(cases.facts, rows, cases.rows), edition.tables), rows.size)
            for masks in edition.rulesets:
                answers[masks.ruleset.id].put(rows, masks, codes)
        return answers

    def _read(self, frame: pl.DataFrame, source: ColumnSource) -> ReadColumn:
        if source.column is None:
            return constant_column(source, frame.height)
        return read_column(frame[source.column], source, self.not_known)

    def _answers(self, read: ReadRows, reasons: pl.Series) -> Answers:
        cases, failed = read.cases, read.failed
        columns: list[pl.Series | CodedColumn] = [
            CodedColumn([JUDGED, FAILED], failed.astype(np.uint16)),
            reasons,
        ]
        for part in ("total", "low", "high"):
            numbers = np.where(failed, np.nan, cases.aspects[part])
            columns.append(pl.Series(numbers).fill_nan(None).cast(pl.Int64))
        columns.append(CodedColumn.of([None, *cases.windows], np.where(failed, 0, cases.window_of_row + 1)))
        columns += [column for labels in self.labels(cases, failed).values() for column in labels.columns()]
        return Answers(dict(zip(self.answer_columns, columns, strict=True)))

    @cached_property
    def _edges(self) -> dict[str, list[float]]:
        """Bounds that the rules set on derived facts."""
        edges: dict[str, list[float]] = {name: [] for name in _DERIVED}
        for ruleset in self.book.rulesets:
            for condition in (condition for clause in ruleset.clauses for condition in clause.conditions()):
                if isinstance(condition, Bounds) and condition.fact in edges:
                    edges[condition.fact] += [b for b in (condition.low, condition.high) if b is not None]
        return edges

    @cached_property
    def _turns(self) -> list[date]:
        """Days on which the rule book changes."""
        clauses = [clause for ruleset in self.book.rulesets if ruleset.kind in KINDS for clause in ruleset.clauses]
        days = {day for clause in clauses for day in (clause.in_force_from, clause.in_force_until) if day is not None}
        return sorted(days)

    def _period(self, moment: datetime) -> int:
        return bisect_right(self._turns, self.rules_on or moment.date())

    def _edition(self, period: int) -> _Edition:
        if period not in self._editions:
            on = self._turns[period - 1] if period else date.min
            given = frozenset({source.target for source in self.sources if source.column is not None} | _DERIVED)
            self._editions[period] = _Edition(grid_in_force(self.book, on), self.rulesets, given)
        return self._editions[period]


def _rows_of(facts: FactColumns, rows: NDArray[np.intp], of: int) -> FactColumns:
    if rows.size == of:
        return facts
    return {
        name: FactColumn(
            name,
            column.numbers if column.choices else column.numbers[rows],
            None if column.highs is None else column.highs[rows],
            column.choices,
            column.indices[rows] if column.choices else column.indices,
        )
        for name, column in facts.items()
    }


def _reasons(faults: Sequence[Fault], first_row: int, rows: int) -> pl.Series:
    reasons: list[str | None] = [None] * rows
    for fault in faults:
        said = f"{fault.column}: {fault.reason}" if fault.column else fault.reason
        before = reasons[fault.row - first_row]
        reasons[fault.row - first_row] = said if before is None else f"{before}; {said}"
    return pl.Series(reasons, dtype=pl.String)
