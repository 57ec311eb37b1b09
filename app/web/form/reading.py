"""What was read of a form so far, and how single fields are read: a value, or a problem beside the field."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.intake.schemas import TriageRequest
from app.web.form.layout import asks_by_choice, choices_of
from app.web.times.reading import RepeatedTime, TimeProblem, read_time, split_about
from app.web.times.words import say_again, say_moment
from app.web.words.catalogue import ENGLISH, Said, _, current, with_comma
from scoring.facts import FACTS, FactSpec, Kind

_YES_NO = {"yes": True, "no": False}
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII)
_INTEGER = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(slots=True)
class FormReading:
    """What the form says: a request if it could be read, else the problems; and the values to show again."""

    kept: dict[str, str]
    """Field values as they are shown again: times with their day, so that '-2h' does not drift when sent once more."""
    zone: ZoneInfo
    problems: dict[str, str] = field(default_factory=dict)
    """Message by field name."""
    repeated: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Times that happened twice: field name to the two readings, in words."""
    payload: dict[str, Any] = field(default_factory=dict)
    """The same case as a body for the HTTP interface."""
    approximate: set[str] = field(default_factory=set)
    """Fields whose time was said to be approximate."""
    request: TriageRequest | None = None
    """``None`` where there are problems."""

    def text(self, name: str) -> str:
        """What stands in a field; empty: not known."""
        return self.kept.get(name, "")

    def refuse(self, name: str, message: str) -> None:
        """Note a problem; the first one of a field stands."""
        self.problems.setdefault(name, message)

    def one_of(self, name: str, allowed: Collection[str], title: str) -> str | None:
        """One of a closed set of values; ``None``: blank, or refused."""
        text = self.text(name)
        if not text or text in allowed:
            return text or None
        self.refuse(name, _("{title}: choose one from the list", title=_(title)))
        return None

    def whole_number(self, name: str, title: str) -> int | None:
        """A whole number in figures; ``None``: blank, or refused."""
        text = self.text(name)
        if not text or _INTEGER.fullmatch(text):
            return int(text) if text else None
        self.refuse(name, _("{title} must be a whole number in figures", title=_(title)))
        return None

    def number(self, name: str, title: str) -> float | None:
        """A number in figures; ``None``: blank, or refused."""
        text = self.text(name)
        if current() != ENGLISH:
            text = text.replace(",", ".")
        if not text or _NUMBER.fullmatch(text):
            return float(text) if text else None
        self.refuse(name, _("{title} must be a number in figures, with a point for decimals", title=_(title)))
        return None

    def fact(self, name: str) -> bool | str | float | None:
        """The value of a fact that is not a time; ``None``: blank, or refused."""
        spec = FACTS[name]
        if spec.kind is Kind.BOOLEAN:
            answer = self.one_of(name, _YES_NO, spec.title)
            return None if answer is None else _YES_NO[answer]
        if asks_by_choice(name) and self.one_of(name, choices_of(name), spec.title) is None:
            return None
        if spec.kind is Kind.CHOICE:
            return self.text(name)
        read = self.whole_number if spec.kind is Kind.INTEGER else self.number
        return self.in_range(spec, read(name, spec.title))

    def in_range(self, spec: FactSpec, value: float | None) -> float | None:
        """The value if the fact may have it; ``None``: there is none, or refused."""
        low, high = spec.minimum, spec.maximum
        if value is None or low is None or high is None or low <= value <= high:
            return value
        unit = f" {_(spec.unit)}" if spec.unit else ""
        limits = {"low": with_comma(f"{low:g}"), "high": with_comma(f"{high:g}") + unit}
        self.refuse(spec.name, _("{title} must be from {low} to {high}", title=_(spec.title), **limits))
        return None

    def time(self, name: str, title: str, now: datetime) -> datetime | None:
        """A time in the site's zone, whole minutes; ``None``: blank, or refused.

        A time that was read is kept with its day and zone; one that was refused stays as it was typed.
        """
        try:
            moment = self._time(name, now)
        except TimeProblem as problem:
            message = str(problem)
            self.refuse(name, f"{_(title)}: {message[0].lower()}{message[1:]}")
            if isinstance(problem, RepeatedTime):
                passes = (problem.first, problem.second)
                self.repeated[name] = (say_moment(passes[0], self.zone), say_moment(passes[1], self.zone))
            return None
        if moment is None:
            return None
        about = f"{_('about')} " if name in self.approximate else ""
        self.kept[name] = about + say_again(moment, now, self.zone)
        self.kept.pop(f"{name}.day", None)
        self.kept.pop(f"{name}.pass", None)
        return moment.astimezone(self.zone)

    def warnings(self) -> list[str]:
        """What the answer should say about how its facts were given."""
        return [
            Said(
                _(
                    "{title} is approximate: mind every bound that is near, it may have passed already.",
                    title=_(FACTS[name].title),
                )
            )
            for name in sorted(self.approximate)
            if name in FACTS
        ]

    def _time(self, name: str, now: datetime) -> datetime | None:
        chosen = self.text(f"{name}.day")
        try:
            day = date.fromisoformat(chosen) if chosen else None
        except ValueError:
            raise TimeProblem(_("Choose a day from the list")) from None
        is_about, text = split_about(self.text(name))
        if is_about:
            self.approximate.add(name)
        return read_time(text, now=now, zone=self.zone, day=day, pick=self.text(f"{name}.pass"))
