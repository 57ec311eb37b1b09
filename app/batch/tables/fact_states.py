"""What is known of each fact in each row, as small numbers: the grid's cell, or one of the partly known states."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from app.batch.tables.fact_columns import FactColumn, FactColumns
from scoring.cells import Column
from scoring.derived import MISMATCH_FACTS
from scoring.facts import FACTS, Kind
from scoring.values import Known

INTERVAL_FACTS = frozenset({"aspects_total", *MISMATCH_FACTS})
"""Numeric facts that a table can leave within bounds: regions may be not assessable or not looked at, and one of two
perfusion volumes not known."""


class StateTable:
    """The states that one fact can be in, and the masks that each leaves possible and met.

    States are numbered: the cells of the column, then 'not known', then coarse choices, then runs of cells.
    """

    def __init__(self, column: Column, everything: int) -> None:
        """Number the states of ``column``; ``everything`` is the mask of all conjunctions of the grid."""
        self.column = column
        self.fully_known = len(column.cells)
        self.masks: list[tuple[int, int]] = [(cell.mask, cell.mask) for cell in column.cells]
        self.masks.append((everything, column.free))
        self.coarse: dict[str, int] = {}
        for name, finer in column.spec.coarse.items():
            self.coarse[name] = self._add([column.index(choice) for choice in sorted(finer)])
        self._by_value = self._looked_up()
        self._runs: NDArray[np.intp] | None = None
        if column.fact in INTERVAL_FACTS:
            self._runs = np.full((self.fully_known, self.fully_known), -1, dtype=np.intp)
            for low, high in combinations(range(self.fully_known), 2):
                self._runs[low, high] = self._add(list(range(low, high + 1)))
            np.fill_diagonal(self._runs, np.arange(self.fully_known))

    @property
    def not_known(self) -> int:
        """The state of a fact of which nothing is known."""
        return self.fully_known

    def codes(self, fact: FactColumn) -> NDArray[np.intp]:
        """State of every row."""
        if self._by_value is not None:
            return self._by_value.take(np.where(np.isnan(fact.numbers), -1, fact.numbers).astype(np.intp))
        if self.column.points:
            low = self._cells(fact.numbers)
            if self._runs is not None and fact.highs is not None:
                low = self._runs[low, self._cells(fact.highs)]
            return np.where(np.isnan(fact.numbers), self.not_known, low)
        by_choice = np.full(len(fact.choices) + 1, self.not_known, dtype=np.intp)
        for i, choice in enumerate(fact.choices):
            by_choice[i] = self.coarse.get(str(choice), self.column.choices.get(choice, self.not_known))
        return by_choice[fact.indices]

    def _looked_up(self) -> NDArray[np.intp] | None:
        """State of every value that a whole number can have, and last, where -1 finds it, of one that is not known."""
        spec = FACTS.get(self.column.fact)
        if spec is None or spec.kind is not Kind.INTEGER or spec.maximum is None or self.column.fact in INTERVAL_FACTS:
            return None
        return np.append(self._cells(np.arange(spec.maximum + 1)), self.not_known)

    def _cells(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        points = np.array(self.column.points)
        known = np.nan_to_num(values, nan=points[0], posinf=np.inf)
        position = np.searchsorted(points, known, side="left")
        on_point = points[np.minimum(position, len(points) - 1)] == known
        cells: NDArray[np.intp] = 2 * position + on_point
        return cells

    def _add(self, cells: list[int]) -> int:
        possible, met = 0, -1
        for cell in cells:
            possible |= self.column.cells[cell].mask
            met &= self.column.cells[cell].mask
        self.masks.append((possible, met))
        return len(self.masks) - 1


@dataclass(frozen=True, eq=False)
class FactStates:
    """All rows of a chunk in the terms of one grid."""

    codes: Mapping[str, NDArray[np.intp] | int]
    """State of each fact of the grid, by row; one number where the table does not have it."""
    facts: FactColumns

    def is_flag(self, fact: str, *, expected: bool) -> NDArray[np.intp] | int:
        """1 where a yes-or-no fact is known and as expected, else 0; one number where the table does not have it."""
        column = self.facts.get(fact)
        if column is None:
            return 0
        wanted = [choice is expected for choice in column.choices]
        return np.array([*wanted, False], dtype=np.intp)[column.indices]

    def is_known(self, fact: str) -> NDArray[np.intp] | int:
        """1 where something is known of the fact, else 0; one number where the table does not have it."""
        column = self.facts.get(fact)
        return 0 if column is None else column.is_known.astype(np.intp)

    def values_at(self, row: int, names: Iterable[str]) -> dict[str, Known]:
        """What is known of some facts in one row, as the evaluator of a single patient takes it."""
        columns = ((name, self.facts.get(name)) for name in names)
        values = ((name, column.value_at(row)) for name, column in columns if column is not None)
        return {name: value for name, value in values if value is not None}


def states_of(facts: FactColumns, tables: Mapping[str, StateTable]) -> FactStates:
    """Look up the state of every fact that the grid asks for; a fact without a column is not known anywhere."""
    codes: dict[str, NDArray[np.intp] | int] = {}
    for name, table in tables.items():
        column = facts.get(name)
        codes[name] = table.not_known if column is None else table.codes(column)
    return FactStates(codes, facts)
