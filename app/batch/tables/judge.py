"""Judges the rows of a table: the same rule files and the same answers as for one patient, many rows at a time."""

import os
from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.batch.faults import Fault, TableUnusable
from app.batch.tables.cell_reading import ReadColumn, constant_column, read_column
from app.batch.tables.column_map import ColumnMap, ColumnSource
from app.batch.tables.fact_columns import FactColumn, FactColumns
from app.batch.tables.fact_states import StateTable, states_of
from app.batch.tables.row_cases import RowCases, cases_of
from app.batch.tables.ruleset_masks import RuleSetMasks
from scoring.conditions import Bounds
from scoring.eligibility import grid_in_force
from scoring.errors import RuleFileError
from scoring.facts import FACTS
from scoring.grid import Grid
from scoring.rulebook import RuleBook

JUDGED, FAILED = "judged", "failed"
_KINDS = {"guideline", "trial"}
_DERIVED = {"mismatch_volume_ml", "mismatch_ratio"}
_PARTS = ("outcome", "clause", "missing")
_TOTAL = "aspects_total"
_THREADS = 8
"""Threads at most that judge the rule sets of a chunk side by side; each holds a few columns of numbers."""


class _Edition:
    """The rule sets in force in one period, compiled."""

    def __init__(self, grid: Grid, wanted: Sequence[str], given: frozenset[str]) -> None:
        for column in grid.columns:
            if column.fact not in FACTS and column.fact not in _DERIVED:
                raise RuleFileError(f"tables cannot derive '{column.fact}', which a rule asks for")
        tables = {column.fact: StateTable(column, grid.everything) for column in grid.columns}
        self.rulesets = [RuleSetMasks(grid, r, tables, given) for r in grid.rulesets if r.id in wanted]
        asked = {fact for ruleset in self.rulesets for fact in ruleset.facts}
        self.tables = {fact: table for fact, table in tables.items() if fact in asked}


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
    ) -> tuple[pl.DataFrame, list[Fault]]:
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
        return self._answers(cases, failed, _reasons(found, first_row, rows)), found

    def checked(self, frame: pl.DataFrame) -> dict[str, pl.Series]:
        """The cells of each column as they were read; null: not known, or refused."""
        return {source.target: self._read(frame, source).values for source in self.sources}

    def _read(self, frame: pl.DataFrame, source: ColumnSource) -> ReadColumn:
        if source.column is None:
            return constant_column(source, frame.height)
        return read_column(frame[source.column], source, self.not_known)

    def _answers(self, cases: RowCases, failed: NDArray[np.bool_], reasons: pl.Series) -> pl.DataFrame:
        mask = pl.Series(failed)
        columns: list[pl.Series] = [
            pl.Series([JUDGED, FAILED], dtype=pl.Categorical).gather(mask.cast(pl.UInt32)),
            reasons,
        ]
        for part in ("total", "low", "high"):
            numbers = np.where(failed, np.nan, cases.aspects[part])
            columns.append(pl.Series(numbers).fill_nan(None).cast(pl.Int64))
        columns.append(_where_not(mask, cases.window))
        columns += self._outcomes(cases, failed)
        names = self.answer_columns
        return pl.DataFrame([column.alias(name) for column, name in zip(columns, names, strict=True)])

    def _outcomes(self, cases: RowCases, failed: NDArray[np.bool_]) -> list[pl.Series]:
        """The answers of each rule set, edition by edition."""
        periods = np.array([self._period(moment) for moment in cases.moments], dtype=np.int64)[cases.moment_of_row]
        parts: dict[str, list[list[pl.Series]]] = {ruleset: [[] for _ in _PARTS] for ruleset in self.rulesets}
        order: list[NDArray[np.intp]] = []
        for period in np.unique(periods[~failed]).tolist():
            rows = np.flatnonzero(~failed & (periods == period))
            order.append(rows)
            edition = self._edition(period)
            states = states_of(_rows_of(cases.facts, rows, cases.rows), edition.tables)
            with ThreadPoolExecutor(min(os.cpu_count() or 1, _THREADS)) as pool:
                found = list(pool.map(lambda masks: masks.answers(states, rows.size), edition.rulesets))  # noqa: B023 -- used up before the next round
            by_id = dict(zip((masks.ruleset.id for masks in edition.rulesets), found, strict=True))
            nothing = [pl.Series([None], dtype=pl.Categorical).new_from_index(0, rows.size)] * len(_PARTS)
            for ruleset, lists in parts.items():
                for part, answers in zip(lists, by_id.get(ruleset, nothing), strict=True):
                    part.append(answers)
        return [_in_place(part, order, cases.rows) for lists in parts.values() for part in lists]

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
        clauses = [clause for ruleset in self.book.rulesets if ruleset.kind in _KINDS for clause in ruleset.clauses]
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


def rulesets_asked(book: RuleBook, names: Sequence[str] | None = None) -> list[str]:
    """The guidelines and trials on thrombectomy of the book; those of ``names`` where given.

    Raises
    ------
    TableUnusable
        A name is not that of a guideline or trial on thrombectomy.
    """
    known = [ruleset.id for ruleset in book.rulesets if ruleset.kind in _KINDS]
    if names is None:
        return known
    if not names or not set(names) <= set(known):
        raise TableUnusable(f"Rule sets to choose from: {', '.join(known)}.")
    return [ruleset for ruleset in known if ruleset in names]


def triage_frame(
    frame: pl.DataFrame, *, now: datetime, column_map: ColumnMap | None = None, rulesets: Sequence[str] | None = None
) -> pl.DataFrame:
    """Judge a data frame and return it with the columns of answers.

    Parameters
    ----------
    frame
        One row a patient, one column a fact; null means not known.
    now
        Moment of evaluation, with a zone, for rows that state none in ``evaluated_at``.
    column_map
        For foreign names, codes and units.
    rulesets
        Identifiers of rule sets; ``None``: all guidelines and trials on thrombectomy.

    Raises
    ------
    TableUnusable
        No column is a fact, or a column of answers would hide one of the frame.
    """
    from app.triage import rulebook  # noqa: PLC0415 -- the answer to one case is not needed to judge frames

    column_map = column_map or ColumnMap()
    judge = TableJudge(
        rulebook(),
        column_map.resolve(frame.columns),
        rulesets_asked(rulebook(), rulesets),
        now,
        column_map.not_known,
    )
    check_names(frame.columns, judge)
    answers, _faults = judge.judge(frame)
    return with_answers(frame, answers)


def check_names(columns: Sequence[str], judge: TableJudge) -> None:
    """Refuse a table that has a column of the same name as one of the answers. Raises TableUnusable."""
    if taken := sorted((set(columns) - {_TOTAL}) & judge.answer_columns.keys()):
        raise TableUnusable(f"The table already has a column {taken[0]}; choose a --prefix for the answers.")


def with_answers(originals: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """The table's columns and those of the answers beside them.

    ``aspects_total`` may be in both: the stated total stays, and is filled in where regions give it.
    """
    if _TOTAL in originals.columns and _TOTAL in answers.columns:
        stated, total = originals[_TOTAL], answers[_TOTAL]
        if stated.dtype == pl.String:
            stated = pl.select(pl.when(stated.str.strip_chars() != "").then(stated)).to_series()
        answers = answers.drop(_TOTAL)
        if stated.dtype == pl.String or stated.dtype.is_numeric():
            filled = stated.zip_with(stated.is_not_null(), total.cast(stated.dtype))
            originals = originals.with_columns(filled.alias(_TOTAL))
    return originals.hstack(answers)


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


def _in_place(parts: Sequence[pl.Series], rows: Sequence[NDArray[np.intp]], of: int) -> pl.Series:
    """Put answers of some rows where those rows are; null elsewhere."""
    if len(parts) == 1 and rows[0].size == of:
        return parts[0]
    if not parts:
        return pl.Series([None], dtype=pl.Categorical).new_from_index(0, of)
    position = np.full(of, -1, dtype=np.int64)
    position[np.concatenate(rows)] = np.arange(sum(one.size for one in rows))
    taken = pl.Series(position)
    return pl.concat(parts).gather(taken.set(taken < 0, None))


def _where_not(failed: pl.Series, values: pl.Series) -> pl.Series:
    return pl.select(pl.when(~failed).then(values)).to_series()


def _reasons(faults: Sequence[Fault], first_row: int, rows: int) -> pl.Series:
    reasons: list[str | None] = [None] * rows
    for fault in faults:
        said = f"{fault.column}: {fault.reason}" if fault.column else fault.reason
        before = reasons[fault.row - first_row]
        reasons[fault.row - first_row] = said if before is None else f"{before}; {said}"
    return pl.Series(reasons, dtype=pl.String)
