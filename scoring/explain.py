"""What would change an answer: the smallest single changes, read off the compiled rules and never written by hand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_

from scoring.eligibility import Answer
from scoring.facts import Kind
from scoring.grid import Cell, Column, Grid, Segment
from scoring.outcomes import Outcome, Verdict
from scoring.rulebook import RuleSet
from scoring.values import Interval, Known, OneOf


@dataclass(frozen=True, slots=True)
class Change:
    """If ``fact`` were as ``condition`` says, with all else as it is, the rule set would answer ``outcome``."""

    fact: str
    condition: str
    ruleset: str
    outcome: Verdict
    bound: float | None = None
    """The number at which a numeric fact tips the answer; ``None`` for choices and flags."""


def what_would_change(grid: Grid, values: Mapping[str, Known], answers: list[Answer]) -> list[Change]:
    """For every guideline that is in force, the nearest values of single facts that give another outcome.

    Time only moves forward, so earlier times are not listed. Facts that are not known are left to ``missing``.
    """
    asked = [
        a for a in answers if a.out_of_scope is None and a.ruleset.kind == "guideline" and not a.ruleset.superseded
    ]
    changes: list[Change] = []
    for column, others in _columns_with_others(grid, values):
        here = column.index(values[column.fact])
        for answer in asked:
            if not others[0] & grid.mask_of_ruleset[answer.ruleset.id]:
                continue  # the other facts already rule out every clause of the set
            segments = grid.segments(column, answer.ruleset)
            if segments:
                changes.extend(_changes(_Place(grid, column, others, segments), here, answer))
    return changes


@dataclass(frozen=True, slots=True)
class _Place:
    """A column as one rule set sees it, and what all other facts allow and require."""

    grid: Grid
    column: Column
    others: tuple[int, int]
    segments: tuple[Segment, ...]

    def outcome(self, segment: Segment, ruleset: RuleSet) -> Verdict:
        """What the rule set says when the fact lies in ``segment``."""
        possible = self.others[0] & segment.mask
        if not possible:
            return ruleset.otherwise
        deciding = self.grid.deciding(possible, self.others[1] & segment.mask)
        return Outcome.NEED_DATA if deciding is None else deciding.outcome


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
        yield from _choice_changes(place, here, answer)
        return
    below = [segment for segment in reversed(place.segments) if segment.last < here]
    above = [segment for segment in place.segments if segment.first > here]
    if place.column.fact.startswith("minutes_since"):
        below = []
    for path, is_upward in ((below, False), (above, True)):
        for segment in path:
            outcome = place.outcome(segment, answer.ruleset)
            if outcome != answer.outcome:
                edge = place.column.cells[segment.first if is_upward else segment.last]
                text, bound = _edge(place.column, edge, is_upward=is_upward)
                yield Change(place.column.fact, text, answer.ruleset.id, outcome, bound)
                break


def _choice_changes(place: _Place, here: int, answer: Answer) -> Iterator[Change]:
    """Choices that lead to the same other outcome are named together."""
    by_outcome: dict[Verdict, list[str]] = {}
    for segment in place.segments:
        outcome = place.outcome(segment, answer.ruleset)
        if segment.first != here and outcome != answer.outcome:
            by_outcome.setdefault(outcome, []).append(_choice_text(place.column.cells[segment.first]))
    for outcome, choices in by_outcome.items():
        yield Change(place.column.fact, f"is {' or '.join(choices)}", answer.ruleset.id, outcome)


def _choice_text(cell: Cell) -> str:
    if isinstance(cell.choice, bool):
        return "yes" if cell.choice else "no"
    return str(cell.choice)


def _edge(column: Column, cell: Cell, *, is_upward: bool) -> tuple[str, float | None]:
    """Where the cell begins, seen from the present value."""
    bound = cell.low if is_upward else cell.high
    inside = cell.low == cell.high
    if bound is not None and not inside and column.spec.kind is Kind.INTEGER and not column.fact.startswith("minutes"):
        bound, inside = bound + (1 if is_upward else -1), True
    if bound is None:
        return "is otherwise", None
    if is_upward:
        return (f"is {bound:g} or more" if inside else f"is above {bound:g}"), bound
    return (f"is {bound:g} or less" if inside else f"is below {bound:g}"), bound
