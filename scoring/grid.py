"""The rule book compiled for speed: each fact's range cut into cells at every bound, and for each cell a bit mask.

A bit stands for one conjunction of conditions (a clause, or one alternative of a clause). A cell's mask has the bit
set where the conjunction's conditions on that fact hold. Judging a patient is then one lookup and one AND for each
fact, for all rule sets at once, and stays three-valued: an unknown fact leaves a conjunction *possible*, but *met* only
if the conjunction does not ask for it.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import groupby
from operator import and_, itemgetter, or_
from typing import Any, TypeVar

from scoring.conditions import Bounds, Condition
from scoring.derived import STATED_FACTS_BEHIND, fact_spec
from scoring.facts import FactSpec, Kind
from scoring.rulebook import Clause, RuleSet
from scoring.values import Interval, Known, OneOf

Answers = TypeVar("Answers")


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

    def reachable(self, known: Known | None) -> list[int]:
        """Cells that the fact can still lie in."""
        covered = range(len(self.cells)) if known is None else self.covered(known)
        return [i for i in covered if i in self.habitable]

    def sample_values(self, known: Known | None) -> list[Known]:
        """One value from every cell that the fact can still lie in."""
        return [_sample(self.spec, self.cells[i]) for i in self.reachable(known)]


@dataclass(frozen=True, slots=True)
class Masks:
    """What can be and what must be, as bit masks of conjunctions."""

    possible: int
    met: int


@dataclass(frozen=True, slots=True)
class Segment:
    """Cells of a column that one rule set does not tell apart; of a numeric column neighbours only."""

    cells: tuple[int, ...]
    mask: int


class Kept(dict[str, Any]):
    """What was worked out for patients whose facts lie in the same cells, by name."""

    def once(self, what: str, compute: Callable[[], Answers]) -> Answers:
        """``compute()``, or what it gave before.

        ``compute`` may look at a patient only through the conditions of the rule sets and at which facts are known.
        """
        if what not in self:
            self[what] = compute()
        found: Answers = self[what]
        return found


class Grid:
    """Rule sets compiled together; built once for a rule book and a date."""

    def __init__(self, rulesets: Sequence[RuleSet]) -> None:
        """Compile; ``rulesets`` keep their order."""
        self.rulesets = tuple(rulesets)
        self.clause_of_bit: list[Clause] = []
        self.mask_of_ruleset: dict[str, int] = {}
        conjunctions: list[tuple[Condition, ...]] = []
        for ruleset in self.rulesets:
            first = len(conjunctions)
            for clause in ruleset.clauses:
                for conjunction in clause.conjunctions():
                    conjunctions.append(conjunction)
                    self.clause_of_bit.append(clause)
            self.mask_of_ruleset[ruleset.id] = (1 << len(conjunctions)) - (1 << first)
        self.everything = (1 << len(conjunctions)) - 1
        self.columns = _columns(conjunctions)
        self._segments: dict[tuple[str, str], tuple[Segment, ...]] = {}
        self._watched = _watched(self.rulesets, self.columns)
        self._memory: dict[tuple[object, ...], Kept] = {}

    def masks(self, values: Mapping[str, Known]) -> Masks:
        """Judge all conjunctions for what is known."""
        possible = met = self.everything
        for column in self.columns:
            value = values.get(column.fact)
            if value is None:
                met &= column.free
            elif isinstance(value, Interval | OneOf):
                cells = [column.cells[i].mask for i in column.covered(value)]
                possible &= reduce(or_, cells)
                met &= reduce(and_, cells)
            else:
                mask = column.cells[column.index(value)].mask
                possible &= mask
                met &= mask
        return Masks(possible, met)

    def kept_for(self, values: Mapping[str, Known]) -> Kept:
        """What was worked out for earlier patients whose facts lie in the same cells; empty for the first."""
        signature = tuple(self._signature(values))
        kept = self._memory.get(signature)
        if kept is None:
            if len(self._memory) >= _REMEMBERED:
                self._memory.clear()
            kept = self._memory[signature] = Kept()
        return kept

    def _signature(self, values: Mapping[str, Known]) -> Iterator[object]:
        """Everything about a patient that the rule sets can tell apart."""
        for column in self.columns:
            value = values.get(column.fact)
            if value is None:
                yield None
            else:
                yield tuple(column.covered(value)) if isinstance(value, Interval | OneOf) else column.index(value)
        for fact, by_value in self._watched:
            yield values.get(fact) if by_value else fact in values

    def segments(self, column: Column, ruleset: RuleSet) -> tuple[Segment, ...]:
        """The column as one rule set sees it, compiled on first use; empty if the set does not ask for the fact."""
        key = (column.fact, ruleset.id)
        if key not in self._segments:
            self._segments[key] = _segments(column, self.mask_of_ruleset[ruleset.id])
        return self._segments[key]

    def nearest(self, values: Mapping[str, Known], masks: Sequence[int]) -> list[Clause]:
        """For each mask the clause that fails on the fewest facts, then leaves the fewest unknown.

        Counts stand in bit planes, one binary digit of all conjunctions' counts in each, so that one pass over the
        columns counts for all of them at once.
        """
        failing, unknown = [0] * _PLANES, [0] * _PLANES
        for column in self.columns:
            value = values.get(column.fact)
            if value is None:
                _count(unknown, self.everything & ~column.free)
                continue
            covered = [column.cells[i].mask for i in column.covered(value)]
            _count(failing, self.everything & ~reduce(or_, covered))
            _count(unknown, reduce(or_, covered) & ~reduce(and_, covered))
        return [self.first(_lowest(unknown, _lowest(failing, mask))) for mask in masks]

    def first(self, mask: int) -> Clause:
        """The clause of the lowest bit set in ``mask``."""
        return self.clause_of_bit[(mask & -mask).bit_length() - 1]

    def deciding(self, possible: int, met: int) -> Clause | None:
        """The clause that decides whatever unknown facts turn out to be; ``None`` if none does yet.

        It is the first that is met, unless one that goes before it is still possible and says otherwise.
        """
        if not met:
            return None
        clause = self.first(met)
        before = possible & ((met & -met) - 1)
        while before:
            if self.first(before).outcome != clause.outcome:
                return None
            before &= before - 1
        return clause

    def clauses(self, mask: int) -> Iterator[Clause]:
        """Clauses of the bits set in ``mask``, in rule book order, each once."""
        seen: set[str] = set()
        while mask:
            clause = self.first(mask)
            mask &= mask - 1
            if clause.id not in seen:
                seen.add(clause.id)
                yield clause


def _columns(conjunctions: Sequence[Sequence[Condition]]) -> tuple[Column, ...]:
    facts = dict.fromkeys(condition.fact for conjunction in conjunctions for condition in conjunction)
    columns = []
    for fact in facts:
        asked = [[c for c in conjunction if c.fact == fact] for conjunction in conjunctions]
        spec = fact_spec(fact)
        if spec is None:
            raise KeyError(fact)
        columns.append(_column(spec, asked))
    return tuple(columns)


def _column(spec: FactSpec, asked: Sequence[Sequence[Condition]]) -> Column:
    free = _mask(not conditions for conditions in asked)
    if spec.kind in {Kind.NUMBER, Kind.INTEGER}:
        points = sorted(
            {
                bound
                for line in asked
                for c in line
                if isinstance(c, Bounds)
                for bound in (c.low, c.high)
                if bound is not None
            }
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


def _sample(spec: FactSpec, cell: Cell) -> Known:
    """A value inside the cell; of an integer fact an integer."""
    if cell.choice is not None:
        return cell.choice
    if cell.low is None:
        return spec.minimum if spec.minimum is not None else (cell.high or 0) - 1
    if cell.high is None:
        return spec.maximum if spec.maximum is not None else cell.low + 1
    middle = (cell.low + cell.high) / 2
    return int(middle) if spec.kind is Kind.INTEGER else middle


def _can_hold(spec: FactSpec, cell: Cell) -> bool:
    """Whether the cell contains a value that the fact may take."""
    if cell.choice is not None or (cell.low is not None and cell.low == cell.high):
        return True
    low = spec.minimum if cell.low is None else cell.low
    high = spec.maximum if cell.high is None else cell.high
    if low is None or high is None:  # pragma: no cover -- every numeric fact has bounds; told for the type checker
        return True
    if cell.low is None or cell.high is None:  # an end piece: the bound of the fact itself is inside
        return low < high
    return spec.kind is not Kind.INTEGER or high - low > 1


_REMEMBERED = 1024
"""Cells of patients for which each compiled grid keeps what was worked out, at up to 50 kB each."""


def _watched(rulesets: Sequence[RuleSet], columns: Sequence[Column]) -> tuple[tuple[str, bool], ...]:
    """Facts beyond the columns that answers depend on: by value what limits the scope, else whether they are known."""
    scope = {ruleset.unless.fact for ruleset in rulesets if ruleset.unless is not None}
    behind = {stated for column in columns for stated in STATED_FACTS_BEHIND.get(column.fact, ())}
    asked = {column.fact for column in columns}
    return (
        *((fact, True) for fact in sorted(scope - asked)),
        *((fact, False) for fact in sorted(behind - scope - asked)),
    )


_PLANES = 5
"""Binary digits of a count of facts: a conjunction asks for fewer than 32."""


def _count(planes: list[int], mask: int) -> None:
    """Add one to the count of every bit in ``mask``."""
    for i, plane in enumerate(planes):  # pragma: no branch -- counts never fill the last plane
        if not mask:
            return
        planes[i] = plane ^ mask
        mask &= plane


def _lowest(planes: Sequence[int], candidates: int) -> int:
    """Those of the candidates whose count is lowest."""
    for plane in reversed(planes):
        without = candidates & ~plane
        candidates = without or candidates
    return candidates


def _segments(column: Column, mine: int) -> tuple[Segment, ...]:
    if not mine & ~column.free:
        return ()
    cells = [(i, cell.mask & mine) for i, cell in enumerate(column.cells) if i in column.habitable]
    if not column.points:
        cells.sort(key=itemgetter(1))
    runs = groupby(cells, key=itemgetter(1))
    return tuple(Segment(tuple(i for i, _ in run), mask) for mask, run in runs)
