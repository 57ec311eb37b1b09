"""Checks of a whole rule book, beyond what reading its files refuses: dates, overlaps, clauses that never decide."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from scoring.grid import Grid
from scoring.rulebook import Clause, RuleBook, RuleSet

EXCLUSIVE_KINDS = frozenset({"guideline", "trial", "thrombolysis", "decompression"})
"""Kinds of rule set in which one patient must not get two different outcomes. Action tables are walked in order, and of
a table of cautions every line counts."""


def check_rulebook(book: RuleBook) -> list[str]:
    """Look for faults that no single file shows.

    Each set is taken as it stood on every day on which one of its clauses came into force. Two clauses are compared
    over every cell of the facts that either asks for, so an overlap cannot hide between tried values. Facts are taken
    to vary freely of one another; of mismatch ratio and volume, which do not, an alarm may be false.

    Returns
    -------
    One sentence for each fault, with the ids of the clauses; empty when there is none.
    """
    faults = [fault for ruleset in book.rulesets for fault in _dates(ruleset)]
    for ruleset in book.rulesets:
        for day in sorted({clause.in_force_from for clause in ruleset.clauses}):
            holding = [clause for clause in ruleset.clauses if clause.is_in_force(day)]
            faults += _faults_of_edition(ruleset, holding)
    return list(dict.fromkeys(faults))


def _dates(ruleset: RuleSet) -> Iterator[str]:
    for clause in ruleset.clauses:
        if clause.in_force_until is not None and clause.in_force_until <= clause.in_force_from:
            yield f"{clause.id}: ends before it begins"


def _faults_of_edition(ruleset: RuleSet, clauses: Sequence[Clause]) -> Iterator[str]:
    cells = _Cells(ruleset, clauses)
    for clause in clauses:
        if not cells.can_hold(clause):
            yield f"{clause.id}: its lines contradict one another, no patient can meet it"
        elif ruleset.kind != "caution" and not cells.can_decide(clause):
            yield f"{clause.id}: earlier clauses always hold where it does, so it never decides"
    if ruleset.kind not in EXCLUSIVE_KINDS or ruleset.first_met_decides:
        return
    for one, two in combinations(clauses, 2):
        declared = one.id in two.yields_to or two.id in one.yields_to
        if one.outcome != two.outcome and not declared and cells.overlap(one, two):
            yield f"{one.id} and {two.id}: a patient can meet both, they differ, and neither yields to the other"


class _Cells:
    """One edition of one rule set, compiled: each fact as the masks of its cells, a bit for each conjunction."""

    def __init__(self, ruleset: RuleSet, clauses: Sequence[Clause]) -> None:
        grid = Grid([ruleset])
        self._masks = [tuple({column.cells[i].mask: None for i in sorted(column.habitable)}) for column in grid.columns]
        self._bits = {
            clause.id: [1 << i for i, owner in enumerate(grid.clause_of_bit) if owner is clause] for clause in clauses
        }
        self._holding = sum(bit for bits in self._bits.values() for bit in bits)

    def can_hold(self, clause: Clause) -> bool:
        """Whether some patient meets the clause."""
        return any(self._meet(bit) for bit in self._bits[clause.id])

    def overlap(self, one: Clause, two: Clause) -> bool:
        """Whether some patient meets both clauses."""
        return any(self._meet(a | b) for a in self._bits[one.id] for b in self._bits[two.id])

    def can_decide(self, clause: Clause) -> bool:
        """Whether some patient meets the clause and none that goes before it."""
        first = min(self._bits[clause.id])
        before = self._holding & (first - 1)
        return any(self._escapes(bit, before, 0) for bit in self._bits[clause.id])

    def _meet(self, bits: int) -> bool:
        """Whether conjunctions can hold together: on every fact some cell satisfies all of them."""
        return all(any(mask & bits == bits for mask in masks) for masks in self._masks)

    def _escapes(self, bit: int, before: int, column: int) -> bool:
        """Whether facts from ``column`` on can be chosen so that ``bit`` holds and none of ``before`` does."""
        if column == len(self._masks):
            return not before
        left = {mask & before for mask in self._masks[column] if mask & bit}
        return any(self._escapes(bit, rest, column + 1) for rest in sorted(left, key=int.bit_count))
