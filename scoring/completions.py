"""What could still come out: a search over everything that the unknown facts may turn out to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoring.cells import Column
from scoring.grid import Grid
from scoring.outcomes import Said, said
from scoring.rulebook import RuleSet
from scoring.values import Interval, Known, OneOf


@dataclass(frozen=True, slots=True)
class _Open:
    """A fact that is not fully known, with the different ways in which it can bear on one rule set."""

    fact: str
    masks: tuple[int, ...]
    free: int


class Completions:
    """The completions of one case, as far as one rule set can tell them apart.

    Exact for facts that can vary freely of one another; a pair such as mismatch volume and ratio is treated as if it
    could.
    """

    def __init__(self, grid: Grid, ruleset: RuleSet, values: Mapping[str, Known], possible: int) -> None:
        """Prepare the search for what is known in ``values``; ``possible`` are the set's conjunctions left by that."""
        self._grid = grid
        self._otherwise = said(ruleset.otherwise)
        opened = []
        self._bits = possible
        for column in grid.columns:
            value = values.get(column.fact)
            if (value is None or isinstance(value, Interval | OneOf)) and possible & ~column.free:
                entry = _opened(column, value, possible)
                if len(entry.masks) > 1:
                    opened.append(entry)
                else:  # bounds so close, or so far off, that no rule tells apart what lies within
                    self._bits &= entry.masks[0]
        self._open = sorted(opened, key=lambda entry: len(entry.masks))

    def outcomes(self) -> set[Said]:
        """What the rule set could still say; the search stops when it has found two."""
        found: set[Said] = set()
        self._search(self._bits, self._open, found)
        return found

    def settling_facts(self) -> list[str]:
        """Facts of which some value would settle the outcome by itself; if no single one would, all that are open."""
        settling = [entry.fact for i, entry in enumerate(self._open) if self._settles(i)]
        return settling or [entry.fact for entry in self._open]

    def _settles(self, position: int) -> bool:
        rest = self._open[:position] + self._open[position + 1 :]
        for mask in self._open[position].masks:
            found: set[Said] = set()
            self._search(self._bits & mask, rest, found)
            if len(found) == 1:
                return True
        return False

    def _search(self, bits: int, rest: Sequence[_Open], found: set[Said]) -> None:
        """Walk the open facts; ``bits`` are the conjunctions that hold on all facts fixed so far."""
        while rest and not bits & ~rest[0].free:
            rest = rest[1:]
        if not bits:
            found.add(self._otherwise)
            return
        settled = bits
        for entry in rest:
            settled &= entry.free
        deciding = self._grid.deciding(bits, settled)
        if deciding is not None:
            found.add(deciding.said)
            return
        for mask in rest[0].masks:
            if len(found) > 1:
                return
            self._search(bits & mask, rest[1:], found)


def _opened(column: Column, value: Known | None, possible: int) -> _Open:
    """Cells that no possible conjunction tells apart count once."""
    masks = {column.cells[i].mask & possible: None for i in column.reachable(value)}
    return _Open(column.fact, tuple(masks), column.free)
