"""One rule set over many rows at once: the grid's bit masks as columns of 64-bit words.

What the masks alone decide is decided here, for all rows together. A row in which an unknown fact matters is handed to
the evaluator of a single patient; rows that no condition tells apart are handed over once.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.batch.fact_states import FactStates, StateTable
from scoring.conditions import Flag
from scoring.derived import STATED_FACTS_BEHIND
from scoring.eligibility import judge
from scoring.errors import RuleFileError
from scoring.grid import Grid
from scoring.rulebook import RuleSet

_WORD = 64
_MOST_CODES = 2**62
"""Combinations of what a rule set can tell apart have to be numbered within a signed 64-bit integer."""


class Label(NamedTuple):
    """One answer as a table shows it. ``None``: no clause decided; no fact is missing."""

    outcome: str
    clause: str | None
    missing: str | None
    """Names of the missing facts, with semicolons between them."""


class RuleSetMasks:
    """A rule set compiled for tables; build it once, judge chunk after chunk."""

    def __init__(self, grid: Grid, ruleset: RuleSet, tables: Mapping[str, StateTable]) -> None:
        """Compile ``ruleset`` of ``grid``; ``tables`` hold the states of every column of the grid.

        Raises
        ------
        RuleFileError
            The rule set uses something that tables cannot judge.
        """
        self.ruleset = ruleset
        self._alone = Grid([ruleset])
        mine = grid.mask_of_ruleset[ruleset.id]
        first = (mine & -mine).bit_length() - 1
        bits = mine.bit_count()
        self._words = -(-bits // _WORD)
        self._masks: dict[str, NDArray[np.uint64]] = {}
        self._asking: dict[str, NDArray[np.uint64]] = {}
        self._partly: dict[str, NDArray[np.int64]] = {}
        for column in grid.columns:
            if mine & ~column.free:
                table = tables[column.fact]
                pairs = [((p & mine) >> first, (m & mine) >> first) for p, m in table.masks]
                words = [_words(possible, self._words) + _words(met, self._words) for possible, met in pairs]
                self._masks[column.fact] = np.array(words, dtype=np.uint64)
                self._asking[column.fact] = np.array(
                    _words((mine & ~column.free) >> first, self._words), dtype=np.uint64
                )
                self._partly[column.fact] = _partly_known(table)
        self._conflicts = _conflicts(ruleset, grid, first, bits, self._words)
        self._behind = [f for derived in self._masks for f in STATED_FACTS_BEHIND.get(derived, ()) if "." not in f]
        watched = (ruleset.unless.fact,) if ruleset.unless is not None else ()
        self._asked = tuple(dict.fromkeys([*self._masks, *self._behind, *watched]))
        self._check_codes()
        self.labels: list[Label] = [Label(ruleset.otherwise.value, None, None)]
        self._clause_label = [self._label_of(grid.clause_of_bit[first + bit].id) for bit in range(bits)]
        self._searched: dict[tuple[int, ...], int] = {}

    @property
    def facts(self) -> tuple[str, ...]:
        """Facts of the grid that the rule set asks for."""
        return tuple(self._masks)

    def judge(self, states: FactStates) -> NDArray[np.int32]:
        """Index into :attr:`labels` for each row."""
        rows = states.rows
        both = np.full((rows, 2 * self._words), np.iinfo(np.uint64).max, dtype=np.uint64)
        for fact, masks in self._masks.items():
            both &= masks[states.codes[fact]]
        possible, met = both[:, : self._words], both[:, self._words :]
        first = _first_bit(met)
        decided = first >= 0
        decided[decided] = ~(possible[decided] & self._conflicts[first[decided]]).any(axis=1)
        answers = np.zeros(rows, dtype=np.int32)  # label 0: no clause holds
        answers[decided] = np.array(self._clause_label, dtype=np.int32)[first[decided]]
        is_open = ~decided & possible.any(axis=1)
        unless = self.ruleset.unless
        if isinstance(unless, Flag):
            outside = states.is_flag(unless.fact, expected=unless.expected)
            answers[outside] = 0
            is_open &= ~outside
        at = np.flatnonzero(is_open)
        if at.size:
            answers[at] = self._search(states, at, possible[at])
        return answers

    def _search(self, states: FactStates, at: NDArray[np.intp], possible: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Ask the evaluator of a single patient about the rows ``at``, once for each combination that differs.

        While an answer is open it depends on the conjunctions that are still possible and on what is not known of the
        facts that these ask for; by which values the others failed does not matter any more.
        """
        unknowns = np.zeros(at.size, dtype=np.int64)
        for fact, partly in self._partly.items():
            matters = (possible & self._asking[fact]).any(axis=1)
            unknowns = unknowns * (int(partly.max()) + 1) + np.where(matters, partly[states.codes[fact][at]], 0)
        for fact in self._behind:
            unknowns = unknowns * 2 + states.is_known(fact)[at]
        keys = np.column_stack([possible, unknowns.view(np.uint64)])
        rows = keys.view([("", np.uint64)] * keys.shape[1]).reshape(-1)
        distinct, where, inverse = np.unique(rows, return_index=True, return_inverse=True)
        found = np.empty(distinct.size, dtype=np.int32)
        for i, (key, position) in enumerate(zip(distinct.tolist(), where.tolist(), strict=True)):
            if key not in self._searched:
                (answer,) = judge(self._alone, states.values_at(int(at[position]), self._asked))
                clause = answer.clause.clause if answer.clause is not None else None
                self._searched[key] = self._index(Label(answer.outcome.value, clause, ";".join(answer.missing) or None))
            found[i] = self._searched[key]
        return found[inverse]

    def _index(self, label: Label) -> int:
        if label not in self.labels:
            self.labels.append(label)
        return self.labels.index(label)

    def _label_of(self, clause_id: str) -> int:
        clause = next(clause for clause in self.ruleset.clauses if clause.id == clause_id)
        return self._index(Label(clause.outcome.value, clause.clause, None))

    def _check_codes(self) -> None:
        unless = self.ruleset.unless
        if unless is not None and not isinstance(unless, Flag):
            raise RuleFileError(f"{self.ruleset.id}: tables can leave patients out by a yes or no only")
        codes = 2 ** len(self._behind)
        for partly in self._partly.values():
            codes *= int(partly.max()) + 1
        if codes >= _MOST_CODES:
            raise RuleFileError(f"{self.ruleset.id}: asks for more than tables can tell apart")


def _words(mask: int, count: int) -> list[int]:
    return [(mask >> (_WORD * i)) & (2**_WORD - 1) for i in range(count)]


def _partly_known(table: StateTable) -> NDArray[np.int64]:
    """Number the states in which something about the fact is open; 0 stands for all that are fully known."""
    states = np.arange(len(table.masks), dtype=np.int64)
    return np.maximum(states - (table.fully_known - 1), 0)


def _conflicts(ruleset: RuleSet, grid: Grid, first: int, bits: int, words: int) -> NDArray[np.uint64]:
    """For each conjunction, those before it that would give another outcome: while one is possible, nothing is decided.

    Where the first clause that is met decides, none is in conflict with it.
    """
    outcomes = [grid.clause_of_bit[first + bit].outcome for bit in range(bits)]
    masks = [sum(1 << other for other in range(bit) if outcomes[other] != outcomes[bit]) for bit in range(bits)]
    if ruleset.first_met_decides:
        masks = [0] * bits
    return np.array([_words(mask, words) for mask in masks], dtype=np.uint64)


def _first_bit(met: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Position of the lowest bit set in each row of words; -1 where there is none."""
    first = np.full(len(met), -1, dtype=np.int64)
    for word in reversed(range(met.shape[1])):
        bits = met[:, word]
        some = bits != 0
        lowest = bits[some] & (~bits[some] + np.uint64(1))
        first[some] = _WORD * word + np.bitwise_count(lowest - np.uint64(1))
    return first
