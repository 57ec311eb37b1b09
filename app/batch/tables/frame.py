"""A data frame judged in memory, and what a caller may ask for."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from app.batch.faults import TableUnusable
from app.batch.tables.answers import TOTAL
from app.batch.tables.column_map import ColumnMap
from app.batch.tables.judge import KINDS, TableJudge
from scoring.rulebook import RuleBook


def rulesets_asked(book: RuleBook, names: Sequence[str] | None = None) -> list[str]:
    """The guidelines and trials on thrombectomy of the book; those of ``names`` where given.

    Raises
    ------
    TableUnusable
        A name is not that of a guideline or trial on thrombectomy.
    """
    known = [ruleset.id for ruleset in book.rulesets if ruleset.kind in KINDS]
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
    return answers.beside(frame)


def check_names(columns: Sequence[str], judge: TableJudge) -> None:
    """Refuse a table that has a column of the same name as one of the answers. Raises TableUnusable."""
    if taken := sorted((set(columns) - {TOTAL}) & judge.answer_columns.keys()):
        raise TableUnusable(f"The table already has a column {taken[0]}; choose a --prefix for the answers.")
