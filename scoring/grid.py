"""The rule book compiled for speed: each fact's range cut into cells at every bound, and for each cell a bit mask.

A bit stands for one conjunction of conditions (a clause, or one alternative of a clause). A cell's mask has the bit
set where the conjunction's conditions on that fact hold. Judging a patient is then one lookup and one AND for each
fact, for all rule sets at once, and stays three-valued: an unknown fact leaves a conjunction *possible*, but *met* only
if the conjunction does not ask for it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import and_, itemgetter, or_
from typing import Any, TypeVar

from scoring.cells import BeingKnown, Column, Signs, columns_of
from scoring.conditions import Condition
from scoring.derived import STATED_FACTS_BEHIND
from scoring.rulebook import Clause, RuleSet
from scoring.values import PARTLY_KNOWN, Known

Answers = TypeVar("Answers")


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

    def __init__(self, rulesets: Sequence[RuleSet], also: Sequence[Condition] = ()) -> None:
        """Compile; ``rulesets`` keep their order. What is kept may hang on the conditions ``also``."""
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
        self.columns = columns_of(conjunctions)
        self._segments: dict[tuple[str, str], tuple[Segment, ...]] = {}
        scope = [ruleset.unless for ruleset in self.rulesets if ruleset.unless is not None]
        self._signs = _signs(columns_of(conjunctions, [*scope, *also]))
        self._memory: dict[int, Kept] = {}

    def masks(self, values: Mapping[str, Known]) -> Masks:
        """Judge all conjunctions for what is known."""
        possible = met = self.everything
        for column in self.columns:
            value = values.get(column.fact)
            if value is None:
                met &= column.free
            elif isinstance(value, PARTLY_KNOWN):
                cells = [column.cells[i].mask for i in column.covered(value)]
                possible &= reduce(or_, cells)
                met &= reduce(and_, cells)
            else:
                mask = column.cells[column.index(value)].mask
                possible &= mask
                met &= mask
        return Masks(possible, met)

    def signature(self, values: Mapping[str, Known]) -> int:
        """The cells that the facts lie in, as one number: the same for patients whom no rule set tells apart."""
        signature = 0
        for fact, value in values.items():
            if (signs := self._signs.get(fact)) is not None:
                signature |= signs[value]
        return signature

    def moved_signature(self, signature: int, values: Mapping[str, Known], moved: Mapping[str, Known]) -> int:
        """The signature of ``values`` once the facts ``moved``, each of which is known, have other values."""
        for fact, value in moved.items():
            if (signs := self._signs.get(fact)) is not None:
                signature ^= signs[values[fact]] ^ signs[value]
        return signature

    def kept_at(self, signature: int) -> Kept:
        """What was worked out for earlier patients with this signature; empty for the first."""
        kept = self._memory.get(signature)
        if kept is None:
            if len(self._memory) >= _REMEMBERED:
                self._memory.clear()
            kept = self._memory[signature] = Kept()
        return kept

    def kept_for(self, values: Mapping[str, Known]) -> Kept:
        """What was worked out for earlier patients whose facts lie in the same cells; empty for the first."""
        return self.kept_at(self.signature(values))

    def segments(self, column: Column, ruleset: RuleSet) -> tuple[Segment, ...]:
        """The column as one rule set sees it, compiled on first use; empty if the set does not ask for the fact."""
        key = (column.fact, ruleset.id)
        if key not in self._segments:
            self._segments[key] = _segments(column, self.mask_of_ruleset[ruleset.id])
        return self._segments[key]

    def nearest(self, values: Mapping[str, Known], masks: Sequence[int]) -> list[Clause]:
        """For each mask the clause that fails on the fewest facts, and of these the one that holds on the most.

        Counts stand in bit planes, one binary digit of all conjunctions' counts in each, so that one pass over the
        columns counts for all of them at once.
        """
        failing, holding = [0] * _PLANES, [0] * _PLANES
        for column in self.columns:
            value = values.get(column.fact)
            if value is None:
                continue
            covered = [column.cells[i].mask for i in column.covered(value)]
            _count(failing, self.everything & ~reduce(or_, covered))
            _count(holding, reduce(and_, covered) & ~column.free)
        return [self.first(_highest(holding, _lowest(failing, mask))) for mask in masks]

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
            if self.first(before).said != clause.said:
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


_REMEMBERED = 1024
"""Cells of patients for which each compiled grid keeps what was worked out, at up to 50 kB each."""


def _signs(columns: Sequence[Column]) -> dict[str, Mapping[Known, int]]:
    """For each fact that answers depend on, the bits of what it is known to be; together they sign a patient.

    Stated facts behind a derived one count by being known alone: an answer does not name what it need not ask for.
    """
    signs: dict[str, Mapping[Known, int]] = {}
    used = 0
    for column in columns:
        signs[column.fact] = Signs(column, used)
        used += len(column.cells) + 1
    behind = {stated for column in columns for stated in STATED_FACTS_BEHIND.get(column.fact, ())}
    for fact in sorted(behind - set(signs)):
        signs[fact] = BeingKnown(1 << used)
        used += 1
    return signs


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


def _highest(planes: Sequence[int], candidates: int) -> int:
    """Those of the candidates whose count is highest."""
    for plane in reversed(planes):
        candidates = candidates & plane or candidates
    return candidates


def _segments(column: Column, mine: int) -> tuple[Segment, ...]:
    if not mine & ~column.free:
        return ()
    cells = [(i, cell.mask & mine) for i, cell in enumerate(column.cells) if i in column.habitable]
    if not column.points:
        cells.sort(key=itemgetter(1))
    runs = groupby(cells, key=itemgetter(1))
    return tuple(Segment(tuple(i for i, _ in run), mask) for mask, run in runs)
