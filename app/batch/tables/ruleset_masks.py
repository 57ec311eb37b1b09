"""One rule set over many rows at once: every row moves to the state that its masks lead to.

A state is all that still matters about a row after some facts were looked at: the conjunctions that are possible, those
that are met, and what is not known. Rows are many and states are few, so that a step is worked out once and then looked
up: for each group of facts by the row's code of that group, then group by group. A final state in which an unknown fact
matters is handed to the evaluator of a single patient, once.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from app.batch.tables.answers import CodedColumn
from app.batch.tables.fact_groups import CodedRows, Codes, FactGroup
from app.batch.tables.fact_states import FactStates, StateTable
from app.batch.tables.mask_layers import Join, Layer, State, chained, mask_layer, scope_layer, told_layer
from scoring.conditions import Flag
from scoring.derived import STATED_FACTS_BEHIND
from scoring.eligibility import judge
from scoring.errors import RuleFileError
from scoring.grid import Grid
from scoring.rulebook import RuleSet


class Label(NamedTuple):
    """One answer as a table shows it."""

    outcome: str | None
    """``None``: the row was not judged, or the rule set was not there yet."""
    clause: str | None
    """``None``: no clause decided."""
    missing: str | None
    """Names of the missing facts, with semicolons between them; ``None``: no fact is missing."""


class _Part:
    """What one group of facts leaves of a rule set, by the code of the group."""

    def __init__(self, number: int, size: int, layers: Sequence[Layer]) -> None:
        self._number = number
        self._layers = layers
        self._state_of_code = np.full(size, -1, dtype=np.intp)
        self.states = layers[-1].after

    def states_of(self, coded: CodedRows) -> Codes:
        """Number of the state of each row; codes that no row had before take their way through the facts once."""
        new, answers = coded.new[self._number]
        if new.size:
            at = np.zeros(new.size, dtype=np.intp)
            for layer in self._layers:
                at = layer.advance(at, answers[layer.question])
            self._state_of_code[new] = at
        return self._state_of_code.take(coded.codes[self._number])


class RuleSetMasks:
    """A rule set compiled for tables; build it once, `arrange` it, judge chunk after chunk, in one thread at a time."""

    def __init__(self, grid: Grid, ruleset: RuleSet, tables: Mapping[str, StateTable]) -> None:
        """Compile ``ruleset`` of ``grid``.

        Parameters
        ----------
        grid, ruleset
            The rule book in force, and one rule set of it.
        tables
            The states of every column of the grid.

        Raises
        ------
        RuleFileError
            The rule set uses something that tables cannot judge.
        """
        self.ruleset = ruleset
        self._alone = _alone(ruleset)
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
        self.layers = [*self._scope(), *layers]
        watched = (ruleset.unless.fact,) if ruleset.unless is not None else ()
        self._asked = tuple(dict.fromkeys([*asking, *behind, *watched]))
        clauses = [grid.clause_of_bit[first + bit] for bit in range(mine.bit_count())]
        self._before = [  # while one of these is possible, the conjunction that is met does not decide yet
            0 if ruleset.first_met_decides else sum(1 << i for i in range(bit) if clauses[i].said != clause.said)
            for bit, clause in enumerate(clauses)
        ]
        self._clauses = clauses
        self.labels: list[Label] = [Label(ruleset.otherwise.value, None, None)]
        self._label_of_state = np.empty(0, dtype=np.intp)

    def arrange(self, groups: Sequence[FactGroup]) -> None:
        """Look facts up by these groups, which cover all questions of :attr:`layers`."""
        parts = [
            _Part(number, group.size, chained([layer for layer in self.layers if layer.question in group.widths]))
            for number, group in enumerate(groups)
            if any(layer.question in group.widths for layer in self.layers)
        ]
        self._parts = parts
        self._joins: list[Join] = []
        states = parts[0].states
        for part in parts[1:]:
            self._joins.append(Join(states, part.states))
            states = self._joins[-1].after
        self._final = states

    def judge(self, coded: CodedRows) -> Codes:
        """Index into :attr:`labels` for each row."""
        first, *others = (part.states_of(coded) for part in self._parts)
        at = first
        for join, codes in zip(self._joins, others, strict=True):
            at = join.advance(at, codes)
        at = np.broadcast_to(at, coded.rows)
        self._label_new(coded.states, at)
        return self._label_of_state.take(at)

    def _scope(self) -> list[Layer]:
        unless = self.ruleset.unless
        if unless is None:
            return []
        if not isinstance(unless, Flag):
            raise RuleFileError(f"{self.ruleset.id}: tables can leave patients out by a yes or no only")
        return [scope_layer(unless.fact, expected=unless.expected)]

    def _label_new(self, states: FactStates, at: Codes) -> None:
        """Give a label to every final state that is met for the first time."""
        before = len(self._label_of_state)
        if len(self._final) == before:
            return
        rows = np.flatnonzero(at >= before)
        new, where = np.unique(at[rows], return_index=True)
        row_of = dict(zip(new.tolist(), rows[where].tolist(), strict=True))
        labels = [self._index(self._label(self._final[i], states, row_of[i])) for i in range(before, len(self._final))]
        self._label_of_state = np.append(self._label_of_state, np.array(labels, dtype=np.intp))

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


@lru_cache(maxsize=256)
def _alone(ruleset: RuleSet) -> Grid:
    """A rule set compiled by itself, once for all tables."""
    return Grid([ruleset])


class RowLabels:
    """The answers of one rule set to all rows of a chunk, whichever of its editions gave them."""

    def __init__(self, rows: int) -> None:
        self.labels = [Label(None, None, None)]
        self.of_row: Codes = np.zeros(rows, dtype=np.intp)
        """Index into :attr:`labels` for each row."""

    def put(self, rows: Codes, masks: RuleSetMasks, coded: CodedRows) -> None:
        """Judge some rows and keep the answers where those rows are."""
        found = masks.judge(coded) + len(self.labels)
        if rows.size == self.of_row.size:
            self.of_row = found
        else:
            self.of_row[rows] = found
        self.labels += masks.labels

    def columns(self) -> list[CodedColumn]:
        """Outcome, clause and missing facts."""
        return [CodedColumn.of([label[part] for label in self.labels], self.of_row) for part in range(3)]
