"""The steps of a rule set over many rows: one fact each, from the state before it to the state after it."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.batch.tables.fact_states import FactStates, StateTable

Codes = NDArray[np.intp] | int
"""State of one fact by row; one number: the same in all rows."""


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


class Layer:
    """One fact: its steps are worked out when a row first takes them."""

    def __init__(self, fact: str, steps: Sequence[tuple[int, int, int]], asking: int, codes: "CodesOf") -> None:
        """Set up.

        Parameters
        ----------
        fact
            Name of the fact.
        steps
            For each state of the fact the masks it leaves possible and met, and a number other than 0 if it is open.
        asking
            Mask of the conjunctions that ask for the fact.
        codes
            Looks up the state of the fact in every row.
        """
        self.fact = fact
        self.codes = codes
        self.after: list[State] = []
        """States after the fact, by number."""
        self._asking = asking
        self._alike: dict[tuple[int, int, int], list[int]] = {}
        for code, step in enumerate(steps):
            self._alike.setdefault(step, []).append(code)
        self._steps = steps
        self._numbers: dict[State, int] = {}
        self._next = np.empty((0, len(steps)), dtype=np.intp)
        self.before: list[State] = [START]

    def advance(self, at: Codes, codes: Codes) -> Codes:
        """Number of the state after the fact for each row, from that before it."""
        width = len(self._steps)
        if len(self.before) > len(self._next):
            more = np.full((len(self.before) - len(self._next), width), -1, dtype=np.intp)
            self._next = np.vstack([self._next, more])
        flat = self._next.reshape(-1)
        index = at * width + codes
        if isinstance(index, int):
            return self._step(index) if flat[index] < 0 else int(flat[index])
        found = flat.take(index)
        if found.min(initial=0) < 0:
            for taken in np.unique(index[found < 0]).tolist():
                self._step(taken)
            found = flat.take(index)
        return found

    def _step(self, index: int) -> int:
        """Work out one step, and with it those that do the same."""
        row, code = divmod(index, len(self._steps))
        if self._next[row, code] < 0:
            step = self._steps[code]
            state = _narrowed(self.before[row], step, self.fact, self._asking)
            if state not in self._numbers:
                self._numbers[state] = len(self.after)
                self.after.append(state)
            self._next[row, self._alike[step]] = self._numbers[state]
        return int(self._next[row, code])


CodesOf = Callable[[FactStates], Codes]


def _narrowed(before: State, step: tuple[int, int, int], fact: str, asking: int) -> State:
    possible, met, how = step
    possible &= before.possible
    if not possible:
        return NOTHING
    unknown = before.open if not how else (*before.open, (fact, asking, how))
    # By which values other conjunctions failed, and what only those ask for, does not matter any more.
    return State(possible, met & before.met, tuple(entry for entry in unknown if entry[1] & possible))


def mask_layer(table: StateTable, asking: int, mine: int, first: int) -> Layer:
    """The step of a fact; ``mine``: the conjunctions of the rule set in the grid, ``first``: where they begin."""
    steps = [
        ((possible & mine) >> first, (met & mine) >> first, max(code - table.fully_known + 1, 0))
        for code, (possible, met) in enumerate(table.masks)
    ]
    fact = table.column.fact
    return Layer(fact, steps, asking, lambda states: states.codes[fact])


def told_layer(fact: str, asking: int) -> Layer:
    """Whether a fact is known from which another follows: so much is told of it where that other is missing."""
    return Layer(fact, [(-1, -1, 0), (-1, -1, 1)], asking, lambda states: states.is_known(fact))


def scope_layer(fact: str, *, expected: bool) -> Layer:
    """A rule set does not speak of patients in whom a yes-or-no fact is known and as ``expected``."""
    return Layer(fact, [(-1, -1, 0), (0, 0, 0)], 0, lambda states: states.is_flag(fact, expected=expected))


def chained(layers: Sequence[Layer]) -> list[Layer]:
    """Let each layer begin where the one before it ends."""
    for earlier, later in pairwise(layers):
        later.before = earlier.after
    return list(layers)
