"""What is wrong with a row: said by row and column, without the value, which may be about a patient."""

from typing import NamedTuple


class Fault(NamedTuple):
    """One reason why a row gets no answer."""

    row: int
    """Number of the row in the table; the first below the header is 1."""
    column: str
    """Column as the table names it; empty: the row as a whole."""
    reason: str


class TableUnusable(ValueError):
    """The table, its map or the options cannot be used at all; the message says why and what to do."""
