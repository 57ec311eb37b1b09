"""Counts what the rule sets say of a cohort, chunk by chunk, so that memory does not grow with it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from app.batch.tables.fact_columns import FactColumn
from app.batch.tables.judge import ReadRows, TableJudge
from app.batch.tables.row_cases import RowCases
from app.batch.tables.ruleset_masks import Label, RowLabels
from scoring.aspects import FULL_SCORE
from scoring.outcomes import Outcome, Stance
from scoring.rulebook import RuleBook

FOR_TREATMENT = frozenset({Stance.RECOMMENDED, Stance.REASONABLE})
"""Stances that this count takes for 'would have been treated'."""
_ASPECTS = "aspects_total"

Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(slots=True)
class OnePoint:
    """How the answers of one rule set hang on a single point of the score."""

    cases: int = 0
    """Cases with a definite total."""
    one_less: int = 0
    """Of these, cases whose outcome a total lower by one would change."""
    one_more: int = 0
    either: int = 0
    treatment: int = 0
    """Cases that one point either way would move into or out of `FOR_TREATMENT`."""


@dataclass(slots=True)
class Tally:
    """What was counted so far."""

    rows: int = 0
    failed: int = 0
    known: Counter[str] = field(default_factory=Counter)
    """Judged rows in which something is known of a fact or region, by what the column holds."""
    labels: Counter[tuple[str, Label]] = field(default_factory=Counter)
    """Judged rows by rule set and answer."""
    flows: Counter[tuple[Label, Label]] = field(default_factory=Counter)
    """Judged rows by the answers of the two editions that are compared."""
    one_point: dict[str, OnePoint] = field(default_factory=dict)
    waiting: int = 0
    """Judged rows in which some rule set waits for a fact."""
    would_settle: Counter[str] = field(default_factory=Counter)
    """Of these, rows in which knowing a fact could settle an answer, by fact."""


class Counting:
    """Counts over a table; the editions compared are ``pair``, earlier and later."""

    def __init__(self, judge: TableJudge, pair: tuple[str, str]) -> None:
        self.tally = Tally(one_point={ruleset: OnePoint() for ruleset in judge.rulesets})
        self._judge = judge
        self._pair = pair
        self._stances = Stances(judge.book)

    def add(self, read: ReadRows) -> dict[str, RowLabels]:
        """Count a chunk; returns what each rule set says of its rows."""
        tally, judged = self.tally, ~read.failed
        tally.rows += judged.size
        tally.failed += int(read.failed.sum())
        known = {name: values.is_not_null().to_numpy() & judged for name, values in read.columns.items()}
        tally.known.update({name: int(rows.sum()) for name, rows in known.items()})
        answers = self._judge.labels(read.cases, read.failed)
        for ruleset, one in answers.items():
            for number, count in enumerate(np.bincount(one.of_row[judged], minlength=len(one.labels)).tolist()):
                if count and one.labels[number].outcome is not None:
                    tally.labels[ruleset, one.labels[number]] += count
        self._count_flows(answers, judged)
        self._count_missing(answers, judged)
        self._count_one_point(read, answers)
        return answers

    def _count_flows(self, answers: Mapping[str, RowLabels], judged: Flags) -> None:
        before, after = (answers[ruleset] for ruleset in self._pair)
        width = len(after.labels)
        found = np.bincount(before.of_row[judged] * width + after.of_row[judged], minlength=1)
        for number in np.flatnonzero(found).tolist():
            row, column = divmod(number, width)
            self.tally.flows[before.labels[row], after.labels[column]] += int(found[number])

    def _count_missing(self, answers: Mapping[str, RowLabels], judged: Flags) -> None:
        asked: dict[str, Flags] = {}
        for one in answers.values():
            facts = [label.missing.split(";") if label.missing else [] for label in one.labels]
            for fact in {fact for names in facts for fact in names}:
                rows = np.array([fact in names for names in facts]).take(one.of_row)
                asked[fact] = asked[fact] | rows if fact in asked else rows
        for fact, rows in asked.items():
            self.tally.would_settle[fact] += int((rows & judged).sum())
        waits = [_codes(one, [label.outcome == Outcome.NEED_DATA for label in one.labels]) for one in answers.values()]
        self.tally.waiting += int((np.any(waits, axis=0) & judged).sum())

    def _count_one_point(self, read: ReadRows, answers: Mapping[str, RowLabels]) -> None:
        total = read.cases.aspects["total"]
        definite = ~read.failed & ~np.isnan(total) & (read.cases.aspects["low"] == read.cases.aspects["high"])
        moved = {step: self._judge.labels(_shifted(read.cases, definite, step), read.failed) for step in (-1, 1)}
        for ruleset, one in answers.items():
            counts = self.tally.one_point[ruleset]
            outcome, treated = self._of(ruleset, one)
            changed, crossed = [], []
            for step, within in ((-1, total > 0), (1, total < FULL_SCORE)):
                other_outcome, other_treated = self._of(ruleset, moved[step][ruleset])
                changed.append(definite & within & (outcome != other_outcome))
                crossed.append(definite & within & (treated != other_treated))
            counts.cases += int((definite & (outcome >= 0)).sum())
            counts.one_less += int(changed[0].sum())
            counts.one_more += int(changed[1].sum())
            counts.either += int((changed[0] | changed[1]).sum())
            counts.treatment += int((crossed[0] | crossed[1]).sum())

    def _of(self, ruleset: str, labels: RowLabels) -> tuple[Indices, Flags]:
        """Number of the outcome of each row, -1 where there is none, and whether it speaks for treatment."""
        numbers = [-1 if label.outcome is None else _OUTCOMES.index(label.outcome) for label in labels.labels]
        stances = [self._stances.of(ruleset, label) in FOR_TREATMENT for label in labels.labels]
        return np.array(numbers, dtype=np.intp).take(labels.of_row), _codes(labels, stances)


class Stances:
    """How far an answer in a table speaks for treatment; a clause may say it differently from its class."""

    def __init__(self, book: RuleBook) -> None:
        self._of_clause = {
            (ruleset.id, clause.clause): clause.stance
            for ruleset in book.rulesets
            for clause in ruleset.clauses
            if clause.stance is not None
        }

    def of(self, ruleset: str, label: Label) -> Stance | None:
        """The stance; ``None``: the row has no answer."""
        if label.outcome is None:
            return None
        own = self._of_clause.get((ruleset, label.clause)) if label.clause is not None else None
        return own or Outcome(label.outcome).stance


_OUTCOMES = tuple(Outcome)


def _codes(labels: RowLabels, flags: Sequence[bool]) -> Flags:
    found: Flags = np.array(flags, dtype=np.bool_).take(labels.of_row)
    return found


def _shifted(cases: RowCases, rows: Flags, step: int) -> RowCases:
    """The cases with a total higher by ``step`` in some rows, as far as the score goes."""
    stated = cases.facts[_ASPECTS]
    numbers = np.where(rows, np.clip(stated.numbers + step, 0, FULL_SCORE), stated.numbers)
    highs = None if stated.highs is None else np.where(rows, numbers, stated.highs)
    return replace(cases, facts={**cases.facts, _ASPECTS: FactColumn(_ASPECTS, numbers=numbers, highs=highs)})
