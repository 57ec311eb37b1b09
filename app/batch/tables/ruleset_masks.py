"""One rule set over many rows at once: fact by fact, every row moves to the state that its masks lead to.

A state is all that still matters about a row after some facts were looked at: the conjunctions that are possible, those
that are met, and what is not known. Rows are many and states are few, so that a step is worked out once and then looked
up. A final state in which an unknown fact matters is handed to the evaluator of a single patient, once.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.batch.tables.fact_states import FactStates, StateTable
from app.batch.tables.mask_layers import Layer, State, chained, mask_layer, scope_layer, told_layer
from scoring.conditions import Flag
from scoring.derived import STATED_FACTS_BEHIND
from scoring.eligibility import judge
from scoring.errors import RuleFileError
from scoring.grid import Grid
from scoring.rulebook import RuleSet


class Label(NamedTuple):
    """One answer as a table shows it. ``None``: no clause decided; no fact is missing."""

    outcome: str
    clause: str | None
    missing: str | None
    """Names of the missing facts, with semicolons between them."""


class RuleSetMasks:
    """A rule set compiled for tables; build it once, judge chunk after chunk, in one thread at a time."""

    def __init__(
        self, grid: Grid, ruleset: RuleSet, tables: Mapping[str, StateTable], given: frozenset[str] = frozenset()
    ) -> None:
        """Compile ``ruleset`` of ``grid``.

        Parameters
        ----------
        grid, ruleset
            The rule book in force, and one rule set of it.
        tables
            The states of every column of the grid.
        given
            Facts that the table has; what it does not have is the same in all rows and goes first.

        Raises
        ------
        RuleFileError
            The rule set uses something that tables cannot judge.
        """
        self.ruleset = ruleset
        self._alone = Grid([ruleset])
        mine = grid.mask_of_ruleset[ruleset.id]
        first = (mine & -mine).bit_length() - 1
        asking = {c.fact: (mine & ~c.free) >> first for c in grid.columns if mine & ~c.free}
        behind: dict[str, int] = {}
        for fact, mask in asking.items():
            for stated in (f for f in STATED_FACTS_BEHIND.get(fact, ()) if "." not in f):
                behind[stated] = behind.get(stated, 0) | mask
        self.facts = tuple(asking)
        layers = [mask_layer(tables[fact], mask, mine, first) for fact, mask in asking.items()]
        layers += [told_layer(fact, mask) for fact, mask in behind.items()]
        layers.sort(key=lambda layer: layer.fact in given)
        self._layers = chained([*self._scope(), *layers])
        watched = (ruleset.unless.fact,) if ruleset.unless is not None else ()
        self._asked = tuple(dict.fromkeys([*asking, *behind, *watched]))
        clauses = [grid.clause_of_bit[first + bit] for bit in range(mine.bit_count())]
        self._before = [  # while one of these is possible, the conjunction that is met does not decide yet
            0 if ruleset.first_met_decides else sum(1 << i for i in range(bit) if clauses[i].outcome != clause.outcome)
            for bit, clause in enumerate(clauses)
        ]
        self._clauses = clauses
        self.labels: list[Label] = [Label(ruleset.otherwise.value, None, None)]
        self._label_of_state = np.empty(0, dtype=np.intp)

    def answers(self, states: FactStates, rows: int) -> list[pl.Series]:
        """Outcome, clause and missing facts of each row, as categories."""
        indices = self.judge(states, rows)
        parts = (
            pl.Series([label[i] for label in self.labels], dtype=pl.Categorical) for i in range(len(Label._fields))
        )
        return [part.gather(indices) for part in parts]

    def judge(self, states: FactStates, rows: int) -> NDArray[np.intp]:
        """Index into :attr:`labels` for each row."""
        at: NDArray[np.intp] | int = 0
        for layer in self._layers:
            at = layer.advance(at, layer.codes(states))
        at_all = np.full(rows, at, dtype=np.intp) if isinstance(at, int) else at
        self._label_new(states, at_all)
        return self._label_of_state[at_all]

    def _scope(self) -> list[Layer]:
        unless = self.ruleset.unless
        if unless is None:
            return []
        if not isinstance(unless, Flag):
            raise RuleFileError(f"{self.ruleset.id}: tables can leave patients out by a yes or no only")
        return [scope_layer(unless.fact, expected=unless.expected)]

    def _label_new(self, states: FactStates, at: NDArray[np.intp]) -> None:
        """Give a label to every final state that is met for the first time."""
        final = self._layers[-1].after
        before = len(self._label_of_state)
        if len(final) == before:
            return
        rows, where = np.unique(at, return_index=True)
        row_of = dict(zip(rows.tolist(), where.tolist(), strict=True))
        new = [self._index(self._label(final[i], states, row_of[i])) for i in range(before, len(final))]
        self._label_of_state = np.append(self._label_of_state, np.array(new, dtype=np.intp))

    def _label(self, state: State, states: FactStates, row: int) -> Label:
        """What the masks decide; where they leave it open, what the evaluator of a single patient says of the row."""
        if state.met:
            first = (state.met & -state.met).bit_length() - 1
            if not state.possible & self._before[first]:
                return Label(self._clauses[first].outcome.value, self._clauses[first].clause, None)
        if not state.possible:
            return self.labels[0]
        (answer,) = judge(self._alone, states.values_at(row, self._asked))
        clause = answer.clause.clause if answer.clause is not None else None
        return Label(answer.outcome.value, clause, ";".join(answer.missing) or None)

    def _index(self, label: Label) -> int:
        if label not in self.labels:
            self.labels.append(label)
        return self.labels.index(label)
