"""What the options of ``aspects batch`` mean: texts become values, progress and the outcome are told."""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from app.batch.faults import TableUnusable
from app.batch.tables.cell_reading import moment
from app.batch.tables.column_map import ColumnMap, read_column_map
from app.batch.tables.run import Options, run_table


def judge_table(  # noqa: PLR0913 -- the options of the command
    table: Path,
    out: Path,
    errors: Path | None,
    mapping: Path | None,
    rulesets: str | None,
    evaluated_at: str | None,
    rules_on: str | None,
    prefix: str,
    *,
    say: Callable[[str], None],
) -> int:
    """Run over a table and return how many rows failed. Raises TableUnusable."""
    options = Options(
        now=datetime.now(UTC) if evaluated_at is None else moment_of(evaluated_at),
        column_map=ColumnMap() if mapping is None else read_column_map(mapping),
        rulesets=names_of(rulesets),
        rules_on=None if rules_on is None else _day(rules_on),
        prefix=prefix,
    )
    errors = errors or out.with_name(f"{out.stem}.errors.csv")
    summary = run_table(table, out, errors, options, show_rows)
    if sys.stderr.isatty():
        say("")
    say(f"Read as facts: {', '.join(summary.facts)}.")
    say(f"{summary.rows - summary.failed} of {summary.rows} rows judged, {summary.failed} failed: {out}, {errors}.")
    return summary.failed


def names_of(text: str | None) -> list[str] | None:
    """Names with commas between; ``None``: nobody chose."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def show_rows(rows: int) -> None:
    """Say on a terminal how far a run is."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{rows:,} rows")
        sys.stderr.flush()


def moment_of(text: str) -> datetime:
    """The moment that ``--evaluated-at`` states. Raises TableUnusable."""
    found = moment(text)
    if found is None:
        raise TableUnusable("--evaluated-at is a time with an offset, such as 2026-03-01T09:30:00+00:00.")
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise TableUnusable("--rules-on is a day such as 2026-03-01.") from None
