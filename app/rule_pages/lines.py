"""The conditions of a clause in words that a physician reads without knowing the rule files, with tried values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.rule_pages.examples import Tried
from app.web.answer.wording import say_condition, say_value, title_of
from scoring.conditions import DAYS_PER_YEAR, Bounds, Condition
from scoring.derived import fact_spec
from scoring.rulebook import AnyOf, Clause, Line, RuleBook

HOW_CHECKED = {
    "read": "read in the source",
    "second-hand": "from a transcription of the source",
    "memory": "from memory",
}
"""Words for the ways in which facts were taken from their sources."""

_UNITS_UNSAID = frozenset({None, "points", "count"})

_LONG_FRACTION = re.compile(r"\d+\.\d{3,}")


@dataclass(frozen=True, slots=True)
class ClauseWords:
    """Says the lines of one clause."""

    book: RuleBook
    tried: Sequence[Tried] = field(default=())
    """Values that the clause's table tries, for examples at the bounds."""

    def lines(self, clause: Clause) -> list[str]:
        """The clause as a Markdown list; a line of alternatives has them below it."""
        said: list[str] = []
        for line in clause.lines:
            if not isinstance(line, AnyOf):
                said.append(f"- {self._condition(line)}")
            elif line.meets:
                named = (f"[{self.book.ruleset(name).title}](#{name})" for name in line.meets)
                said.append(f"- the entry criteria of {' or '.join(named)}")
            else:
                ways = (" *and* ".join(self._condition(part) for part in together) for together in line.alternatives)
                said += ["- one of:", *(f"    - {way}" for way in ways)]
        return said

    def _condition(self, condition: Condition) -> str:
        return condition_in_words(condition) + self._at_the_bounds(condition)

    def _at_the_bounds(self, condition: Condition) -> str:
        """The outermost tried values that pass, and their neighbours that fail: as the tests hold the clause to.

        Where the neighbour does not fail the clause (another line lets it pass), there is no example for that bound.
        """
        if not isinstance(condition, Bounds):
            return ""
        mine = [tried for tried in self.tried if tried.fact == condition.fact]
        every = sorted({value for tried in mine for value in (*tried.met, *tried.not_met, *tried.unknown)})
        passing = [v for v in every if condition.holds(v) and any(v in tried.met for tried in mine)]
        failing = {v for v in every if not condition.holds(v) and any(v in tried.not_met for tried in mine)}
        if not passing:
            return ""
        first, last = every.index(passing[0]), every.index(passing[-1])
        below = [value for value in every[max(first - 1, 0) : first] if value in failing]
        above = [value for value in every[last + 1 : last + 2] if value in failing]
        at_bounds = dict.fromkeys([*(passing[:1] if below else []), *(passing[-1:] if above else [])])
        if not at_bounds:
            return ""
        return f" *(yes: {_list(condition.fact, list(at_bounds))}; no: {_list(condition.fact, [*below, *above])})*"


def line_in_words(line: Line, book: RuleBook) -> str:
    """One line of a clause in one sentence, without examples."""
    if not isinstance(line, AnyOf):
        return condition_in_words(line)
    if line.meets:
        return f"the entry criteria of {' or '.join(book.ruleset(name).title for name in line.meets)}"
    return " *or* ".join(" *and* ".join(map(condition_in_words, together)) for together in line.alternatives)


def condition_in_words(condition: Condition) -> str:
    """Title of the fact, what is asked, and the unit.

    >>> from scoring.conditions import read_condition
    >>> condition_in_words(read_condition({"fact": "core_volume_ml", "below": 70}))
    'Perfusion core: below 70 ml'
    >>> condition_in_words(read_condition({"fact": "minutes_since_last_known_well", "above": 360}))
    'Time since last known well: above 6 h'
    """
    asked = say_condition(condition.fact, condition.text)
    asked = _LONG_FRACTION.sub(lambda match: f"{float(match[0]):.3g}", asked)
    return f"{title_of(condition.fact)}: {asked}{_unit(condition.fact, asked)}"


def value_in_words(fact: str, value: object) -> str:
    """A value of a fact with its unit; points go without.

    >>> value_in_words("nihss_total", 6), value_in_words("age_years", 28 / 365.25)
    ('6', '28 days')
    """
    if isinstance(value, float) and value < 1:
        return f"{value * DAYS_PER_YEAR:.0f} days" if fact == "age_years" else f"{value:.3g}{_unit(fact, '')}"
    return say_value(fact, value).removesuffix(" points")


def _list(fact: str, values: Sequence[float]) -> str:
    return ", ".join(value_in_words(fact, value) for value in values)


def _unit(fact: str, asked: str) -> str:
    spec = fact_spec(fact)
    if spec is None or spec.unit in _UNITS_UNSAID or fact.startswith("minutes_") or asked.endswith("days"):
        return ""
    return f" {spec.unit}"
