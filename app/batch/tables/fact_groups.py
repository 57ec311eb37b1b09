"""Facts in groups: a row has one code a group, shared by all rule sets, so that each looks up a few codes a row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.batch.tables.fact_states import FactStates

Codes = NDArray[np.intp]

_MOST_CODES = 1 << 15
"""Codes of one group at most: a table of them for each rule set has to stay in a processor's cache."""


class Question(NamedTuple):
    """What is asked of a fact in every row; the answer is a small number."""

    fact: str
    only_if_known: bool = False
    """Asks whether anything is known of it, and not what."""
    is_flag: bool | None = None
    """Asks whether it is known and this; ``None``: asks for its state."""

    def codes(self, states: FactStates) -> Codes | int:
        """The answers; one number where they are the same in all rows."""
        if self.only_if_known:
            return states.is_known(self.fact)
        if self.is_flag is not None:
            return states.is_flag(self.fact, expected=self.is_flag)
        return states.codes[self.fact]


class FactGroup:
    """Some questions, whose answers are put together to one code."""

    def __init__(self, widths: Mapping[Question, int]) -> None:
        """``widths``: number of answers to each question."""
        self.widths = widths
        self.size = int(np.prod(list(widths.values()), dtype=np.int64))
        self._seen = np.zeros(self.size, dtype=np.bool_)

    def codes(self, states: FactStates) -> Codes:
        """The code of every row; a single one where all rows have the same."""
        code: Codes | int = 0
        for question, width in self.widths.items():
            code = code * width + question.codes(states)
        return np.array([code], dtype=np.intp) if isinstance(code, int) else code

    def not_seen(self, codes: Codes) -> Codes:
        """Codes that no earlier row had, each once; from now on they count as seen."""
        new = np.unique(codes[~self._seen[codes]])
        self._seen[new] = True
        return new

    def answers(self, codes: Codes) -> dict[Question, Codes]:
        """The answers of which codes are made."""
        found = {}
        for question, width in reversed(list(self.widths.items())):
            codes, found[question] = np.divmod(codes, width)
        return found


@dataclass(frozen=True, eq=False)
class CodedRows:
    """The rows of a chunk by the codes of their groups."""

    rows: int
    states: FactStates
    codes: Sequence[Codes]
    """For each group the code of every row, or a single one for all."""
    new: Sequence[tuple[Codes, dict[Question, Codes]]]
    """For each group the codes that no earlier chunk had, with the answers behind them."""


def coded(groups: Sequence[FactGroup], states: FactStates, rows: int) -> CodedRows:
    """Give the rows of a chunk their codes; to be called once for each chunk, for all rule sets."""
    codes = [group.codes(states) for group in groups]
    new = [group.not_seen(one) for group, one in zip(groups, codes, strict=True)]
    return CodedRows(rows, states, codes, [(one, group.answers(one)) for group, one in zip(groups, new, strict=True)])


def grouped(widths: Sequence[tuple[Question, int]], given: frozenset[str]) -> list[FactGroup]:
    """Put questions into groups, those asked most often first; what a table does not have makes a group of its own.

    Parameters
    ----------
    widths
        Each question as often as it is asked, with its number of answers.
    given
        Facts that the table has.
    """
    counted: dict[Question, list[int]] = {}
    for question, width in widths:
        counted.setdefault(question, []).append(width)
    often = sorted(counted, key=lambda question: -len(counted[question]))
    absent = [question for question in often if question.fact not in given]
    present = [question for question in often if question.fact in given]
    return [FactGroup(group) for part in (absent, present) for group in _packed(part, counted)]


def _packed(questions: Iterable[Question], widths: Mapping[Question, list[int]]) -> list[dict[Question, int]]:
    groups: list[dict[Question, int]] = []
    size = _MOST_CODES
    for question in questions:
        width = widths[question][0]
        if size * width > _MOST_CODES:
            groups.append({})
            size = 1
        groups[-1][question] = width
        size *= width
    return groups
