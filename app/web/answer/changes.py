"""What would change the answer, in words: what time brings by itself first, then fact by fact."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.web.answer.wording import first_up, say_condition, title_of
from app.web.form.layout import CHOICE_WORDS
from app.web.times.words import say_clock
from app.web.words.catalogue import _

_MOST_CHOICES = 4
"""Choices that are named one by one; in longer lists whole families are named together."""

FAMILIES = {
    "MCA M2": ("mca_m2_dominant", "mca_m2_codominant", "mca_m2_nondominant"),
    "MCA M3 or M4": ("mca_m3", "mca_m4"),
    "ACA": ("aca_a1", "aca_a2", "aca_a3"),
    "PCA": ("pca_p1", "pca_p2", "pca_p3"),
}
"""Vessels that are named together, but only where every one of them is meant."""


@dataclass(slots=True)
class FactChanges:
    """What other values of one fact would lead to."""

    title: str
    lines: list[tuple[str, str]] = field(default_factory=list)
    """Value and outcome."""


def changes(answer: Mapping[str, Any], zone: ZoneInfo) -> dict[str, list[FactChanges]]:
    """What would change each answer, by title of the rule set; time comes first, as moments.

    Parameters
    ----------
    answer
        The answer of ``POST /v1/triage``.
    zone
        The zone of the moments.
    """
    titles = {one["ruleset"]: one["title"] for one in answer["evt"]}
    evaluated = datetime.fromisoformat(answer["evaluated_at"])
    grouped: dict[str, dict[str, FactChanges]] = {title: {} for title in titles.values()}
    for change in sorted(answer["what_would_change"], key=lambda change: change.get("after", "~")):
        fact, after = change["fact"], change.get("after")
        by_fact = grouped[titles[change["then"]["ruleset"]]]
        key, title = ("", _("Time alone")) if after else (fact, title_of(fact))
        value = (
            _("From {clock}", clock=say_clock(datetime.fromisoformat(after), evaluated, zone))
            if after
            else first_up(say_alternative(fact, change["if"].removeprefix(f"{fact} ")))
        )
        by_fact.setdefault(key, FactChanges(title)).lines.append((value, _(change["then"]["outcome_text"])))
    return {title: list(by_fact.values()) for title, by_fact in grouped.items() if by_fact}


def say_alternative(fact: str, condition: str) -> str:
    """Another value of a fact in words; long lists of vessels by their families.

    >>> say_alternative("occlusion_site", "is none or aca_a1 or aca_a2 or aca_a3 or pca_p3 or basilar")
    'No occlusion on vessel imaging; ACA; PCA P3; Basilar'
    >>> say_alternative("nihss_total", "is 5 or less")
    '5 or less'
    """
    words = condition.removeprefix("is ")
    codes = re.split(r" or |, ", words)
    if fact in CHOICE_WORDS and all(code in CHOICE_WORDS[fact] for code in codes):
        return first_up("; ".join(_named(fact, codes)))
    return say_condition(fact, words)


def _named(fact: str, codes: list[str]) -> list[str]:
    words = CHOICE_WORDS[fact]
    if len(codes) <= _MOST_CHOICES:
        return [_(words[code]) for code in codes]
    family_of = {code: name for name, family in FAMILIES.items() if set(family) <= set(codes) for code in family}
    return list(dict.fromkeys(_(family_of.get(code, words[code])) for code in codes))
