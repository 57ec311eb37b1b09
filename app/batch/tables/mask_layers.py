"""How a row moves from state to state of a rule set: fact by fact, then by joining what groups of facts have left."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from app.batch.tables.fact_groups import Codes, Question
from app.batch.tables.fact_states import StateTable


class State(NamedTuple):
    """What still matters about a row after some facts were looked at."""

    possible: int
    """Mask of the conjunctions of the rule set that may still hold."""
    met: int
    """Those that hold as far as was looked."""
    open: tuple[tuple[str, int, int], ...] = ()
    """What is not fully known: fact, mask of the conjunctions that ask for it, and how it is known."""


NOTHING = State(0, 0)
"""No conjunction can hold any more."""
START = State(-1, -1)
"""Nothing was looked at yet; every bit is set."""


class _Steps:
    """A table of steps, from a state and a code to the next state; a step is worked out when a row first takes it."""

    def __init__(self, before: list[State]) -> None:
        self.before = before
        """States that rows come with; the list grows as new ones are met."""
        self.after: list[State] = []
        """States that rows leave with."""
        self._numbers: dict[State, int] = {}
        self._next = np.empty((0, 0), dtype=np.intp)

    def advance(self, at: Codes, codes: Codes) -> Codes:
        """Number of the state after the step for each row, from that before it and the code."""
        self._make_room()
        index = at * self._next.shape[1] + codes
        flat = self._next.reshape(-1)
        found = flat.take(index)
        if found.min(initial=0) < 0:
            for taken in np.unique(index[found < 0]).tolist():
                self._work_out(*divmod(taken, self._next.shape[1]))
            found = flat.take(index)
        return found

    @property
    def width(self) -> int:
        """Number of codes so far."""
        raise NotImplementedError

    def _work_out(self, row: int, code: int) -> None:
        """Fill in one step."""
        raise NotImplementedError

    def _number(self, state: State) -> int:
        if state not in self._numbers:
            self._numbers[state] = len(self.after)
            self.after.append(state)
        return self._numbers[state]

    def _make_room(self) -> None:
        rows, width = self._next.shape
        if len(self.before) > rows or self.width > width:
            grown = np.full((_room(len(self.before), rows), _room(self.width, width)), -1, dtype=np.intp)
            grown[:rows, :width] = self._next
            self._next = grown


def _room(needed: int, had: int) -> int:
    return had if needed <= had else max(needed, 2 * had)


class Layer(_Steps):
    """One fact."""

    def __init__(self, question: Question, steps: Sequence[tuple[int, int, int]], asking: int) -> None:
        """Set up.

        Parameters
        ----------
        question
            What is asked of every row; its codes number ``steps``.
        steps
            For each code the masks it leaves possible and met, and a number other than 0 if the fact is open.
        asking
            Mask of the conjunctions that ask for the fact.
        """
        super().__init__([START])
        self.question = question
        self._asking = asking
        self._steps = steps
        self._alike: dict[tuple[int, int, int], list[int]] = {}
        for code, step in enumerate(steps):
            self._alike.setdefault(step, []).append(code)

    @property
    def width(self) -> int:
        return len(self._steps)

    def _work_out(self, row: int, code: int) -> None:
        """One step, and with it those that do the same."""
        if self._next[row, code] < 0:
            possible, met, how = step = self._steps[code]
            unknown = ((self.question.fact, self._asking, how),) if how else ()
            state = joined(self.before[row], State(possible, met, unknown))
            self._next[row, self._alike[step]] = self._number(state)


class Join(_Steps):
    """Two groups of facts: what the one has left and what the other has left, together."""

    def __init__(self, before: list[State], coming: list[State]) -> None:
        super().__init__(before)
        self._coming = coming

    @property
    def width(self) -> int:
        return len(self._coming)

    def _work_out(self, row: int, code: int) -> None:
        self._next[row, code] = self._number(joined(self.before[row], self._coming[code]))


def joined(one: State, other: State) -> State:
    """What two sets of facts leave possible, met and open."""
    possible = one.possible & other.possible
    if not possible:
        return NOTHING
    # By which values other conjunctions failed, and what only those ask for, does not matter any more.
    unknown = tuple(entry for entry in (*one.open, *other.open) if entry[1] & possible)
    return State(possible, one.met & other.met, unknown)


def mask_layer(table: StateTable, asking: int, mine: int, first: int) -> Layer:
    """The step of a fact; ``mine``: the conjunctions of the rule set in the grid, ``first``: where they begin."""
    steps = [
        ((possible & mine) >> first, (met & mine) >> first, max(code - table.fully_known + 1, 0))
        for code, (possible, met) in enumerate(table.masks)
    ]
    return Layer(Question(table.column.fact), steps, asking)


def told_layer(fact: str, asking: int) -> Layer:
    """Whether a fact is known from which another follows: so much is told of it where that other is missing."""
    return Layer(Question(fact, only_if_known=True), [(-1, -1, 0), (-1, -1, 1)], asking)


def scope_layer(fact: str, *, expected: bool) -> Layer:
    """A rule set does not speak of patients in whom a yes-or-no fact is known and as ``expected``."""
    return Layer(Question(fact, is_flag=expected), [(-1, -1, 0), (0, 0, 0)], 0)


def chained(layers: Sequence[Layer]) -> list[Layer]:
    """Let each layer begin where the one before it ends."""
    for earlier, later in pairwise(layers):
        later.before = earlier.after
    return list(layers)
