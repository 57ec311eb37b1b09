"""A fact's range cut at every bound that a rule states, and which conditions hold in each piece."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from scoring.conditions import Bounds, Condition
from scoring.derived import fact_spec
from scoring.facts import FactSpec, Kind
from scoring.values import PARTLY_KNOWN, Interval, Known, OneOf


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of a fact's range in which every condition answers alike."""

    mask: int
    low: float | None = None
    """Lower end of a numeric cell; ``None``: open or not numeric. ``low == high`` is a single point."""
    high: float | None = None
    choice: str | bool | None = None


@dataclass(frozen=True, eq=False)
class Column:
    """One fact: its cells, and the mask of the conjunctions that do not ask for it."""

    fact: str
    spec: FactSpec
    cells: tuple[Cell, ...]
    free: int
    points: tuple[float, ...]
    """Bounds of a numeric fact in ascending order; cell ``2 i + 1`` is the point ``i``, even cells lie between."""
    choices: Mapping[str | bool, int]
    """Index of the cell of each choice or flag."""

    def index(self, value: Known) -> int:
        """Cell of a fully known value."""
        if self.points:
            position = bisect_left(self.points, value)  # type: ignore[type-var]  # numeric columns hold numbers
            on_point = position < len(self.points) and self.points[position] == value
            return 2 * position + (1 if on_point else 0)
        return self.choices[value]  # type: ignore[index]  # other columns hold choices

    def covered(self, value: Known) -> range | tuple[int, ...]:
        """Cells that a partly or fully known value may lie in."""
        if isinstance(value, Interval):
            return range(self.index(value.low), self.index(value.high) + 1)
        if isinstance(value, OneOf):
            return tuple(self.index(option) for option in sorted(value.options))
        return (self.index(value),)

    @cached_property
    def habitable(self) -> frozenset[int]:
        """Cells that hold a value at all; a piece between neighbouring integers holds none."""
        return frozenset(i for i, cell in enumerate(self.cells) if _can_hold(self.spec, cell))

    @cached_property
    def _in_order(self) -> tuple[int, ...]:
        return tuple(sorted(self.habitable))

    def reachable(self, known: Known | None) -> Sequence[int]:
        """Cells that the fact can still lie in."""
        return self._in_order if known is None else [i for i in self.covered(known) if i in self.habitable]


class Signs(dict[Known, int]):
    """The bits of the cells that a value may lie in, by value; worked out when a value is first met.

    Bounds that lie in one cell are told from a value in it by one bit more: nothing near to a value that is not known
    would give another answer.
    """

    def __init__(self, column: Column, shift: int) -> None:
        """``shift`` moves the bits up, so that those of several columns do not meet."""
        super().__init__()
        self._column, self._shift = column, shift

    def __missing__(self, value: Known) -> int:
        covered = self._column.covered(value)
        bits = sum(1 << (self._shift + i) for i in covered)
        if len(covered) == 1 and isinstance(value, PARTLY_KNOWN):
            bits |= 1 << (self._shift + len(self._column.cells))
        if len(self) < _REMEMBERED:
            self[value] = bits
        return bits


class BeingKnown(dict[Known, int]):
    """The same bit for every value."""

    def __init__(self, bit: int) -> None:
        super().__init__()
        self._bit = bit

    def __missing__(self, _value: Known) -> int:
        return self._bit


_REMEMBERED = 4096
"""Values of a fact whose bits are remembered; of numbers with decimals there is no end."""


def columns_of(conjunctions: Sequence[Sequence[Condition]], also: Sequence[Condition] = ()) -> tuple[Column, ...]:
    """Cut the ranges of all facts that are asked for.

    Parameters
    ----------
    conjunctions
        Each becomes one bit of the masks, in this order.
    also
        Conditions that cut cells and have no bit.

    Raises
    ------
    KeyError
        A condition asks for a fact that does not exist.
    """
    every = [*(condition for conjunction in conjunctions for condition in conjunction), *also]
    columns = []
    for fact in dict.fromkeys(condition.fact for condition in every):
        asked = [[c for c in conjunction if c.fact == fact] for conjunction in conjunctions]
        spec = fact_spec(fact)
        if spec is None:
            raise KeyError(fact)
        columns.append(_column(spec, asked, [condition for condition in every if condition.fact == fact]))
    return tuple(columns)


def _column(spec: FactSpec, asked: Sequence[Sequence[Condition]], cuts: Sequence[Condition]) -> Column:
    free = _mask(not conditions for conditions in asked)
    if spec.kind in {Kind.NUMBER, Kind.INTEGER}:
        points = sorted(
            {bound for c in cuts if isinstance(c, Bounds) for bound in (c.low, c.high) if bound is not None}
        )
        cells = [Cell(_holding(asked, value), low, high) for low, high, value in _pieces(points)]
        return Column(spec.name, spec, tuple(cells), free, tuple(points), {})
    choices = [choice for choice in spec.choices if choice not in spec.coarse]
    options: Sequence[str | bool] = (False, True) if spec.kind is Kind.BOOLEAN else choices
    choice_cells = tuple(Cell(_holding(asked, option), choice=option) for option in options)
    return Column(spec.name, spec, choice_cells, free, (), {option: i for i, option in enumerate(options)})


def _pieces(points: Sequence[float]) -> Iterator[tuple[float | None, float | None, float]]:
    """Open pieces and points of the number line in order, each as (low, high, a value inside)."""
    yield None, points[0], points[0] - 1
    for i, point in enumerate(points):
        yield point, point, point
        if i + 1 < len(points):
            yield point, points[i + 1], (point + points[i + 1]) / 2
    yield points[-1], None, points[-1] + 1


def _holding(asked: Sequence[Sequence[Condition]], value: Known) -> int:
    return _mask(all(condition.holds(value) for condition in conditions) for conditions in asked)


def _mask(flags: Iterable[bool]) -> int:
    return sum(1 << i for i, flag in enumerate(flags) if flag)


def _can_hold(spec: FactSpec, cell: Cell) -> bool:
    """Whether the cell contains a value that the fact may take."""
    if cell.choice is not None or (cell.low is not None and cell.low == cell.high):
        return True
    least, greatest = spec.ends
    low = least if cell.low is None else cell.low
    high = greatest if cell.high is None else cell.high
    if cell.low is None or cell.high is None:  # an end piece: the bound of the fact itself is inside
        return low < high
    return spec.kind is not Kind.INTEGER or high - low > 1
