"""What was counted of a cohort, as rows for files and for the report."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.batch.cohort.tally import FOR_TREATMENT, Stances, Tally
from app.batch.tables.ruleset_masks import Label
from scoring.outcomes import Outcome, Stance
from scoring.rulebook import RuleBook, RuleSet

Row = dict[str, str | int | float | None]


@dataclass(frozen=True, slots=True)
class Counted:
    """A tally with the words that belong to it."""

    tally: Tally
    book: RuleBook
    rulesets: Sequence[str]
    pair: tuple[str, str]
    """Identifiers of the editions that are compared, earlier and later."""

    @property
    def judged(self) -> int:
        """Rows that were judged."""
        return self.tally.rows - self.tally.failed

    def ruleset(self, name: str) -> RuleSet:
        """The rule set of this identifier."""
        return next(ruleset for ruleset in self.book.rulesets if ruleset.id == name)

    def stances(self, name: str) -> Counter[Stance]:
        """Cases by stance of one rule set."""
        stances = Stances(self.book)
        found: Counter[Stance] = Counter()
        for (ruleset, label), count in self.tally.labels.items():
            if ruleset == name and (stance := stances.of(ruleset, label)) is not None:
                found[stance] += count
        return found


def answer_rows(counted: Counted) -> list[Row]:
    """Cases by rule set, outcome and clause."""
    stances = Stances(counted.book)
    found: Counter[tuple[str, str, str | None, str]] = Counter()
    for (ruleset, label), count in counted.tally.labels.items():
        found[ruleset, str(label.outcome), label.clause, str(stances.of(ruleset, label))] += count
    place = {ruleset: number for number, ruleset in enumerate(counted.rulesets)}
    ordered = sorted(found.items(), key=lambda item: (place[item[0][0]], -item[1], item[0][1:3]))
    return [
        {
            "ruleset": ruleset,
            "outcome": outcome,
            "clause": clause,
            "stance": stance,
            "cases": count,
            "share": _share(count, counted.judged),
        }
        for (ruleset, outcome, clause, stance), count in ordered
    ]


def treatment_rows(counted: Counted) -> list[Row]:
    """For each rule set, at least and at most how many would have been treated.

    At least: the stances of `FOR_TREATMENT`. At most: with those of whom treatment may be considered, and those of whom
    facts are missing.
    """
    rows: list[Row] = []
    for name in counted.rulesets:
        stances = counted.stances(name)
        cases = stances.total()
        least = sum(stances[stance] for stance in FOR_TREATMENT)
        most = least + stances[Stance.MAY_BE_CONSIDERED] + stances[Stance.NEED_DATA]
        row: Row = {"ruleset": name, "cases": cases}
        row.update({stance.value: stances[stance] for stance in Stance})
        rows.append(row | {"treated_at_least": least, "treated_at_most": most})
    return rows


def flow_rows(counted: Counted) -> list[Row]:
    """Cases by outcome and clause of the earlier and of the later edition, most frequent first."""
    found: Counter[tuple[str, str | None, str, str | None]] = Counter()
    for (before, after), count in counted.tally.flows.items():
        if before.outcome is not None and after.outcome is not None:
            found[before.outcome, before.clause, after.outcome, after.clause] += count
    return [
        {
            "from_outcome": key[0],
            "from_clause": key[1],
            "to_outcome": key[2],
            "to_clause": key[3],
            "cases": count,
            "share": _share(count, counted.judged),
        }
        for key, count in sorted(found.items(), key=lambda item: (-item[1], str(item[0])))
    ]


def one_point_rows(counted: Counted) -> list[Row]:
    """For each rule set, cases whose answer hangs on one point of the score."""
    return [
        {
            "ruleset": name,
            "cases_with_definite_total": one.cases,
            "changed_by_one_less": one.one_less,
            "changed_by_one_more": one.one_more,
            "changed_by_either": one.either,
            "share_changed": _share(one.either, one.cases),
            "treatment_changed": one.treatment,
        }
        for name, one in counted.tally.one_point.items()
    ]


def missing_rows(counted: Counted) -> list[Row]:
    """For each fact, the cases of which it could settle an answer: of any rule set (``any``), and of each."""
    rows: list[Row] = [
        {"ruleset": "any", "fact": fact, "cases": count, "share_of_waiting": _share(count, counted.tally.waiting)}
        for fact, count in counted.tally.would_settle.most_common()
        if count
    ]
    for name in counted.rulesets:
        facts: Counter[str] = Counter()
        waiting = 0
        for (ruleset, label), count in counted.tally.labels.items():
            if ruleset == name and label.outcome == Outcome.NEED_DATA:
                waiting += count
                facts.update(dict.fromkeys(_missing(label), count))
        rows += [
            {"ruleset": name, "fact": fact, "cases": count, "share_of_waiting": _share(count, waiting)}
            for fact, count in facts.most_common()
        ]
    return rows


def known_rows(counted: Counted) -> list[Row]:
    """How many judged cases have each fact or region."""
    return [
        {"fact": name, "known": count, "share": _share(count, counted.judged)}
        for name, count in counted.tally.known.items()
    ]


def _missing(label: Label) -> list[str]:
    return label.missing.split(";") if label.missing else []


def _share(part: int, of: int) -> float | None:
    return round(part / of, 6) if of else None
