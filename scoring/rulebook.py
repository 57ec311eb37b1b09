"""The rule book in memory: sources, clauses, rule sets, and which clauses hold on a date."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import product
from typing import Any

from scoring.conditions import Condition
from scoring.outcomes import Said, Stance, Verdict, said

LOCAL_POLICY = "local"
"""Id of the rule set that holds a hospital's own cautions."""

Conjunction = tuple[Condition, ...]
"""Conditions that must hold together."""


@dataclass(frozen=True, slots=True)
class Source:
    """A document that clauses are taken from."""

    key: str
    title: str
    year: int
    reference: str
    """Journal, volume, identifier."""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """How a clause was compared with its source, by whom and when; ``None``: by no clinician yet."""

    status: str
    """``"read"`` in the document, ``"second-hand"`` from a transcription of it, or from ``"memory"``."""
    by: str | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Alternatives of which one must hold."""

    alternatives: tuple[Conjunction, ...]
    meets: tuple[str, ...] = ()
    """Rule sets whose clauses are the alternatives, when the line says 'meets the criteria of'."""


Line = Condition | AnyOf


@dataclass(frozen=True, eq=False)
class Clause:
    """One clause of one source: all of its lines must hold."""

    id: str
    ruleset: str
    clause: str
    """The clause as the source numbers it, ``"4.7.2-3"``."""
    title: str
    source: Source
    locator: str
    checked: Checked
    outcome: Verdict
    """An action in an action table, a tier in a table of cautions, else an outcome."""
    stance: Stance | None
    """How far the clause speaks for treatment, where its outcome alone does not tell."""
    level: str | None
    group: str | None
    note: str | None
    instruction: str | None
    """What to do, in words, where the action's own name does not fit the situation."""
    lines: tuple[Line, ...]
    yields_to: tuple[str, ...]
    """Ids of clauses that go before this one where both hold: the exceptions to it."""
    in_force_from: date
    in_force_until: date | None
    """First day on which the clause no longer holds; ``None``: still in force."""

    @cached_property
    def said(self) -> Said:
        """The outcome and how far it speaks for treatment: two clauses agree if these are the same."""
        return said(self.outcome, self.stance)

    @cached_property
    def outcome_text(self) -> str:
        """The outcome in words."""
        return self.said.text

    def conditions(self) -> Iterator[Condition]:
        """Every condition of the clause, alternatives included."""
        for line in self.lines:
            if isinstance(line, AnyOf):
                yield from (condition for alternative in line.alternatives for condition in alternative)
            else:
                yield line

    def conjunctions(self) -> Iterator[Conjunction]:
        """The clause as alternatives, each a plain list of conditions (disjunctive normal form)."""
        choices = [line.alternatives if isinstance(line, AnyOf) else ((line,),) for line in self.lines]
        for parts in product(*choices):
            yield tuple(condition for part in parts for condition in part)

    def is_in_force(self, on: date) -> bool:
        """Whether the clause holds on a day."""
        return self.in_force_from <= on and (self.in_force_until is None or on < self.in_force_until)

    @cached_property
    def source_summary(self) -> dict[str, Any]:
        """The citation as answers carry it."""
        return {
            "key": self.source.key,
            "title": self.source.title,
            "year": self.source.year,
            "reference": self.source.reference,
            "locator": self.locator,
            "checked": self.checked.status,
        }


@dataclass(frozen=True, eq=False, slots=True)
class Unaddressed:
    """Patients on whom the source is known to say nothing; all of the lines must hold."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, eq=False, slots=True)
class RuleSet:
    """One guideline, trial or decision table: its clauses and what it says when none of them holds."""

    id: str
    kind: str
    """``"guideline"`` or ``"trial"`` on thrombectomy, ``"thrombolysis"``, ``"caution"``, ``"bridging"`` (thrombolysis
    beside thrombectomy), ``"decompression"`` or ``"action"``."""
    name: str
    """The name under which answers give it; the guideline and its thrombolysis chapter share one."""
    title: str
    source: Source
    otherwise: Verdict
    """The outcome where no clause holds."""
    unless: Condition | None
    """A fact that takes the patient out of the rule set's scope when it holds, and only then."""
    left_out: str | None
    """What the source asks for beyond the clauses and this program does not check, in words."""
    clauses: tuple[Clause, ...]
    """In the order of precedence: a clause comes after those that it yields to."""
    first_met_decides: bool = False
    """Whether the clauses are routes of which one is enough: the first that is met answers, even while an earlier one
    is still open."""
    not_addressed: tuple[Unaddressed, ...] = ()
    """Whom the source leaves out, where every patient is accounted for: each meets a clause or one of these, never
    both. Empty: nobody has accounted for them."""
    superseded: bool = False
    """Whether a later edition has taken its place on the day asked for; its answers are shown for comparison only."""


@dataclass(frozen=True, eq=False)
class RuleBook:
    """All rule sets, with a version that changes when any rule file does."""

    rulesets: tuple[RuleSet, ...]
    version: str

    def in_force(self, on: date) -> tuple[RuleSet, ...]:
        """The rule sets as they stand on a day.

        A set that had not been published yet is left out. A set of which no clause holds any more keeps its last
        clauses and is marked as superseded: an old edition stays readable beside the new one, and stands after all
        others of its kind. While it was in force it had its own place, so that on such a day it may lead.
        """
        dated = (_as_of(ruleset, on) for ruleset in self.rulesets)
        found = [ruleset for ruleset in dated if ruleset is not None]
        kinds = list(dict.fromkeys(ruleset.kind for ruleset in found))
        return tuple(sorted(found, key=lambda ruleset: (kinds.index(ruleset.kind), ruleset.superseded)))

    @cached_property
    def _turns(self) -> list[date]:
        """Days on which a clause comes into force or ends, in order."""
        clauses = [clause for ruleset in self.rulesets for clause in ruleset.clauses]
        days = {day for clause in clauses for day in (clause.in_force_from, clause.in_force_until) if day is not None}
        return sorted(days)

    def period(self, on: date) -> date:
        """The day from which on the rule book stood as it does on ``on``: between two such days nothing changes."""
        place = bisect_right(self._turns, on)
        return self._turns[place - 1] if place else date.min

    def ruleset(self, ruleset_id: str) -> RuleSet:
        """The rule set of that name; ``KeyError`` if there is none."""
        for ruleset in self.rulesets:
            if ruleset.id == ruleset_id:
                return ruleset
        raise KeyError(ruleset_id)


def _as_of(ruleset: RuleSet, on: date) -> RuleSet | None:
    holding = tuple(clause for clause in ruleset.clauses if clause.is_in_force(on))
    if holding:
        return replace(ruleset, clauses=holding)
    published = [clause for clause in ruleset.clauses if clause.in_force_from <= on]
    if not published:
        return None
    last = max(clause.in_force_until or on for clause in published)
    latest = tuple(clause for clause in published if clause.in_force_until == last)
    return replace(ruleset, clauses=latest, superseded=True)
