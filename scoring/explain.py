"""What would change an answer: the smallest single changes, read off the compiled rules and never written by hand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import and_

from scoring.cells import Cell, Column
from scoring.completions import Completions
from scoring.conditions import written
from scoring.eligibility import Answer
from scoring.facts import Kind
from scoring.grid import Grid, Kept, Segment
from scoring.outcomes import Outcome, Said, Verdict, said
from scoring.rulebook import RuleSet
from scoring.values import Interval, Known, OneOf


@dataclass(frozen=True, slots=True)
class Change:
    """If ``fact`` were as ``condition`` says, with all else as it is, the rule set would answer ``outcome``."""

    fact: str
    condition: str
    ruleset: str
    outcome: Verdict
    outcome_text: str
    """The outcome in words, and whether it speaks against treatment."""
    bound: float | None = None
    """The end of a numeric range that lies nearest to the present value; ``None`` for choices and flags."""
    nearest: float | None = None
    """The value of the range that lies nearest to the present one; an open end counts as that end itself."""


def what_would_change(
    grid: Grid, values: Mapping[str, Known], answers: Sequence[Answer], kept: Kept | None = None
) -> tuple[Change, ...]:
    """For every guideline that is in force, the nearest values of single facts that give another outcome.

    In the order of the rule sets, so that the leading guideline comes first. Time only moves forward, so earlier times
    are not listed; facts that are not known are left to ``missing``. ``answers`` are what ``judge`` gave for them, and
    ``kept`` is ``grid.kept_for(values)`` where the caller has it at hand.
    """
    kept = grid.kept_for(values) if kept is None else kept
    order = [ruleset.id for ruleset in grid.rulesets]

    def compute() -> tuple[Change, ...]:
        changes = _all_changes(grid, values, answers)
        return tuple(sorted(changes, key=lambda change: order.index(change.ruleset)))

    return kept.once(_CHANGES, compute)


_CHANGES = "changes"
"""Under which name they are kept."""


def _all_changes(grid: Grid, values: Mapping[str, Known], answers: Sequence[Answer]) -> Iterator[Change]:
    in_force = [answer for answer in answers if answer.ruleset.kind == "guideline" and not answer.ruleset.superseded]
    asked = [answer for answer in in_force if answer.out_of_scope is None]
    found: dict[int, Said] = {}
    for column, others in _columns_with_others(grid, values):
        here = column.index(values[column.fact])
        for answer in asked:
            possible, met = (mask & grid.mask_of_ruleset[answer.ruleset.id] for mask in others)
            if not possible or grid.deciding(possible, met & column.free) is not None:
                continue  # the other facts already rule out every clause of the set, or decide whatever this one is
            segments = grid.segments(column, answer.ruleset)
            if segments:
                yield from _changes(_Place(grid, values, column, others, segments, found), here, answer)


@dataclass(frozen=True, slots=True)
class _Place:
    """A column as one rule set sees it, and what all other facts allow and require."""

    grid: Grid
    values: Mapping[str, Known]
    """Of the column's own fact only that it is known."""
    column: Column
    others: tuple[int, int]
    segments: tuple[Segment, ...]
    open: dict[int, Said]
    """What comes out where facts are not known, by what is possible: the same for many pieces of many facts."""

    def said(self, segment: Segment, ruleset: RuleSet) -> Said:
        """What the rule set says when the fact lies in ``segment``."""
        possible, met = (mask & segment.mask for mask in self.others)
        if not possible:
            return said(ruleset.otherwise)
        deciding = self.grid.deciding(possible, met)
        if deciding is not None:
            return deciding.said
        if possible not in self.open:
            outcomes = Completions(self.grid, ruleset, self.values, possible).outcomes()
            self.open[possible] = said(Outcome.NEED_DATA) if len(outcomes) > 1 else outcomes.pop()
        return self.open[possible]


def _columns_with_others(grid: Grid, values: Mapping[str, Known]) -> Iterator[tuple[Column, tuple[int, int]]]:
    """Each fully known column with the masks (possible, met) of all the others."""
    known = [column for column in grid.columns if values.get(column.fact) is not None]
    free = reduce(and_, (column.free for column in grid.columns if column not in known), grid.everything)
    masks = [_masks(column, values[column.fact]) for column in known]
    before: list[tuple[int, int]] = [(grid.everything, free)]
    for possible, met in masks:
        before.append((before[-1][0] & possible, before[-1][1] & met))
    after = (grid.everything, grid.everything)
    for i in range(len(known) - 1, -1, -1):
        if not isinstance(values[known[i].fact], Interval | OneOf):
            yield known[i], (before[i][0] & after[0], before[i][1] & after[1])
        after = (after[0] & masks[i][0], after[1] & masks[i][1])


def _masks(column: Column, value: Known) -> tuple[int, int]:
    cells = [column.cells[i].mask for i in column.covered(value)]
    possible = met = cells[0]
    for mask in cells[1:]:
        possible |= mask
        met &= mask
    return possible, met


def _changes(place: _Place, here: int, answer: Answer) -> Iterator[Change]:
    if not place.column.points:
        yield from _choice_changes(place, answer)
        return
    below = [segment for segment in reversed(place.segments) if segment.cells[-1] < here]
    above = [segment for segment in place.segments if segment.cells[0] > here]
    if place.column.fact.startswith("minutes_since"):
        below = []
    for path in (below, above):
        runs = groupby(path, key=lambda segment: place.said(segment, answer.ruleset))
        for other, run in runs:
            if other != answer.said:
                within = [i for segment in run for i in segment.cells]
                first, last = place.column.cells[min(within)], place.column.cells[max(within)]
                bound = first.low if path is above else last.high
                nearest = _lowest(place.column, first) if path is above else _highest(place.column, last)
                text = _extent(place.column, first, last)
                yield Change(place.column.fact, text, answer.ruleset.id, other.verdict, other.text, bound, nearest)
                break


def _choice_changes(place: _Place, answer: Answer) -> Iterator[Change]:
    """Choices that lead to the same other outcome are named together."""
    found: dict[Said, list[int]] = {}
    for segment in place.segments:
        other = place.said(segment, answer.ruleset)
        if other != answer.said:
            found.setdefault(other, []).extend(segment.cells)
    for other, cells in found.items():
        choices = [_choice_text(place.column.cells[i]) for i in sorted(cells)]
        text = f"is {' or '.join(choices)}"
        yield Change(place.column.fact, text, answer.ruleset.id, other.verdict, other.text)


def _choice_text(cell: Cell) -> str:
    if isinstance(cell.choice, bool):
        return "yes" if cell.choice else "no"
    return str(cell.choice)


def _extent(column: Column, lowest: Cell, highest: Cell) -> str:
    """The values from one cell to another in words: ``"is 3 to 4"``, ``"is above 360 and at most 1440"``."""
    if column.spec.kind is Kind.INTEGER and not column.fact.startswith("minutes"):
        return _integer_extent(column, lowest, highest)
    parts = []
    if lowest.low is not None and lowest.low != column.spec.minimum:
        parts.append(f"{'at least' if lowest.low == lowest.high else 'above'} {written(column.fact, lowest.low)}")
    if highest.high is not None and highest.high != column.spec.maximum:
        parts.append(f"{'at most' if highest.low == highest.high else 'below'} {written(column.fact, highest.high)}")
    return f"is {' and '.join(parts)}"


def _integer_extent(column: Column, lowest: Cell, highest: Cell) -> str:
    low, high = _first_integer(column, lowest), _last_integer(column, highest)
    if low == high:
        return f"is {low:g}"
    if low == column.spec.minimum:
        return f"is {high:g} or less"
    if high == column.spec.maximum:
        return f"is {low:g} or more"
    return f"is {low:g} to {high:g}"


def _lowest(column: Column, cell: Cell) -> float | None:
    return _first_integer(column, cell) if column.spec.kind is Kind.INTEGER else cell.low


def _highest(column: Column, cell: Cell) -> float | None:
    return _last_integer(column, cell) if column.spec.kind is Kind.INTEGER else cell.high


def _first_integer(column: Column, cell: Cell) -> float:
    if cell.low is None:
        return column.spec.ends[0]
    return cell.low if cell.low == cell.high else cell.low + 1


def _last_integer(column: Column, cell: Cell) -> float:
    if cell.high is None:
        return column.spec.ends[1]
    return cell.high if cell.low == cell.high else cell.high - 1
