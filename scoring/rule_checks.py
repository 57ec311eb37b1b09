"""Checks of a whole rule book beyond single files: dates, overlaps, gaps, clauses that never decide, citations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

from scoring.cells import Cell
from scoring.grid import Grid
from scoring.rule_files import RULES_FOLDER
from scoring.rule_yaml import TABLES_FOLDER, load_yaml
from scoring.rulebook import Clause, RuleBook, RuleSet

EXCLUSIVE_KINDS = frozenset({"guideline", "trial", "thrombolysis", "decompression"})
"""Kinds of rule set in which one patient must not get two different outcomes. Action tables are walked in order, and of
a table of cautions every line counts."""

EVERY_CLAUSE_COUNTS = frozenset({"caution", "bridging"})
"""Kinds of rule set of which every clause that holds is told."""


def check_rulebook(book: RuleBook) -> list[str]:
    """Look for faults that no single file shows.

    Each set is taken as it stood on every day on which one of its clauses came into force. Clauses are compared over
    every cell of the facts that they ask for, so neither an overlap nor a gap can hide between tried values. Facts are
    taken to vary freely of one another; of mismatch ratio and volume, which do not, an alarm may be false.

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


def check_citations(rules: Path = RULES_FOLDER, tables: Path = TABLES_FOLDER) -> list[str]:
    """Look for documents that are cited and not listed in ``sources.yaml``, or listed and never cited.

    Returns
    -------
    One sentence for each; empty when there is none.
    """
    listed = load_yaml(rules / "sources.yaml")
    cited: dict[str, str] = {}
    for path in (*sorted(rules.rglob("*.yaml")), *sorted(tables.glob("*.yaml"))):
        cited |= dict.fromkeys(_sources_in(load_yaml(path)), path.name)
    unlisted = [
        f"{where}: cites '{key}', which sources.yaml does not list" for key, where in cited.items() if key not in listed
    ]
    return unlisted + [f"sources.yaml: nothing cites '{key}'" for key in listed if key not in cited]


def _sources_in(content: Any) -> Iterator[str]:
    """Every value of a key ``source``, however deep."""
    if isinstance(content, dict):
        yield from (told for key, told in content.items() if key == "source")
    if isinstance(content, dict | list):
        for part in content.values() if isinstance(content, dict) else content:
            yield from _sources_in(part)


def _dates(ruleset: RuleSet) -> Iterator[str]:
    for clause in ruleset.clauses:
        if clause.in_force_until is not None and clause.in_force_until <= clause.in_force_from:
            yield f"{clause.id}: ends before it begins"


def _faults_of_edition(ruleset: RuleSet, clauses: Sequence[Clause]) -> Iterator[str]:
    if ruleset.not_addressed and clauses:
        yield from _coverage(ruleset, clauses)
    cells = _Cells(ruleset, clauses)
    for clause in clauses:
        if not cells.can_hold(clause):
            yield f"{clause.id}: its lines contradict one another, no patient can meet it"
        elif ruleset.kind not in EVERY_CLAUSE_COUNTS and not cells.can_decide(clause):
            yield f"{clause.id}: earlier clauses always hold where it does, so it never decides"
    if ruleset.kind not in EXCLUSIVE_KINDS or ruleset.first_met_decides:
        return
    for one, two in combinations(clauses, 2):
        declared = one.id in two.yields_to or two.id in one.yields_to
        if one.said != two.said and not declared and cells.overlap(one, two):
            yield f"{one.id} and {two.id}: a patient can meet both, they differ, and neither yields to the other"


def _coverage(ruleset: RuleSet, clauses: Sequence[Clause]) -> Iterator[str]:
    """Whether every patient meets a clause or is named as not addressed, and none both."""
    silent = [
        replace(clauses[0], id=f"{ruleset.id}, not addressed: {told.title}", lines=told.lines, yields_to=())
        for told in ruleset.not_addressed
    ]
    every = (*clauses, *silent)
    cells = _Cells(replace(ruleset, clauses=every), every)
    for one in silent:
        if not cells.can_hold(one):
            yield f"{one.id}: its lines contradict one another, no patient can meet it"
        yield from (
            f"{clause.id}: answers patients whom '{one.id}' leaves out"
            for clause in clauses
            if cells.overlap(one, clause)
        )
    if (patient := cells.uncovered()) is not None:
        told = ", ".join(f"{fact} {_told(cell)}" for fact, cell in patient.items())
        yield f"{ruleset.id}: a patient is neither answered nor named as not addressed: {told}"


def _told(cell: Cell) -> str:
    if cell.choice is not None:
        return str(cell.choice)
    if cell.low is None:
        return f"below {cell.high:g}"
    if cell.high is None:
        return f"above {cell.low:g}"
    return f"{cell.low:g}" if cell.low == cell.high else f"between {cell.low:g} and {cell.high:g}"


class _Cells:
    """One edition of one rule set, compiled: each fact as the masks of its cells, a bit for each conjunction."""

    def __init__(self, ruleset: RuleSet, clauses: Sequence[Clause]) -> None:
        grid = Grid([ruleset])
        self._facts = [column.fact for column in grid.columns]
        self._cells = [
            {column.cells[i].mask: column.cells[i] for i in sorted(column.habitable)} for column in grid.columns
        ]
        self._masks = [tuple(cells) for cells in self._cells]
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

    def uncovered(self) -> Mapping[str, Cell] | None:
        """A patient who meets no clause, told fact by fact; ``None``: there is none."""
        chosen = self._without(self._holding, 0)
        return None if chosen is None else dict(zip(self._facts, chosen, strict=True))

    def _without(self, alive: int, column: int) -> list[Cell] | None:
        """Cells of the facts from ``column`` on with which none of the conjunctions in ``alive`` holds."""
        if column == len(self._masks):
            return None if alive else []
        left = {mask & alive: self._cells[column][mask] for mask in self._masks[column]}
        for mask in sorted(left, key=int.bit_count):
            rest = self._without(mask, column + 1)
            if rest is not None:
                return [left[mask], *rest]
        return None

    def _meet(self, bits: int) -> bool:
        """Whether conjunctions can hold together: on every fact some cell satisfies all of them."""
        return all(any(mask & bits == bits for mask in masks) for masks in self._masks)

    def _escapes(self, bit: int, before: int, column: int) -> bool:
        """Whether facts from ``column`` on can be chosen so that ``bit`` holds and none of ``before`` does."""
        if column == len(self._masks):
            return not before
        left = {mask & before for mask in self._masks[column] if mask & bit}
        return any(self._escapes(bit, rest, column + 1) for rest in sorted(left, key=int.bit_count))
