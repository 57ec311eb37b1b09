"""The answer as JSON text, put together from pieces that patients share whom no rule tells apart.

To write out nineteen rule sets anew for each patient takes longer than to judge them. What differs between two patients
who are alike are their values alone: so the text is kept as a form with gaps, and the values are filled in. The text is
byte for byte what ``to_json`` makes of the answer; a test holds it to that.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic_core import to_json

from app.answers.evidence import delay_json
from app.answers.gapped import GappedText, gap, gapped, joined, value_text
from app.answers.ivt import dose_json, ivt_json
from app.answers.judged import Arrival, Judged
from app.answers.parts import (
    PARTS,
    constants_json,
    destination_of,
    figures_json,
    missing_facts,
    near_bounds_json,
    on_the_way_json,
    shown_to_transfer,
    summary_json,
    swelling_of,
    warnings_of,
)
from app.answers.transfer import (
    action_json,
    checklist_json,
    clock_json,
    destinations_json,
    estimates_json,
    minutes_at_the_first_hospital,
)
from app.answers.values import answer_json, aspects_json, change_json, comes_at, pc_aspects_json, times_of
from scoring.delay import model_applies, outcomes_from
from scoring.facts import FACTS, Kind
from scoring.outcomes import Outcome
from scoring.rulebook import RuleBook
from scoring.transfer_checklist import filled_with, known_to_tell

Part = Callable[[Judged], Mapping[str, Any]]


@dataclass(slots=True)
class Filling:
    """One patient, and what the parts that were asked for need beside the judged case."""

    judged: Judged
    later: tuple[Outcome | None, ...] = ()
    """The outcomes at the projected puncture."""
    then: Arrival | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    """What is told to the receiving centre."""


Write = Callable[[Filling], bytes]
"""Writes what belongs into one gap."""


class Form(NamedTuple):
    """The text of an answer with gaps, and what fills each of them."""

    text: GappedText
    facts: Sequence[str]
    """Facts whose value fills a gap of their name: most of the gaps, so they are filled without a call for each."""
    told: Mapping[str, str]
    """Gaps for what is told to the receiving centre, and the fact of each; those of times have writers."""
    writers: Sequence[tuple[str, Write]]
    """What writes each of the others."""

    def filled(self, filling: Filling) -> bytes:
        """The answer of one patient."""
        written = dict(_texts(self.facts, self.facts, filling.judged.assessment.values))
        written.update(_texts(self.told, self.told.values(), filling.told))
        for name, write in self.writers:
            written[name] = write(filling)
        return b"".join(self.text.filled(written))


def answer_text(judged: Judged, parts: Iterable[Part]) -> bytes:
    """The whole answer: what opens it, the parts in their order, and what closes it."""
    asked, filling = tuple(parts), Filling(judged)
    which = (asked, *[_TOLD_APART[part](filling) for part in asked if part in _TOLD_APART])
    forms: dict[tuple[Any, ...], Form] = judged.alike.once("forms", dict)
    form = forms.get(which)
    if form is None:
        form = forms[which] = _with_writers(joined(_form(filling, asked)))
    return form.filled(filling)


def _texts(gaps: Iterable[str], facts: Iterable[str], values: Mapping[str, Any]) -> Iterable[tuple[str, bytes]]:
    return zip(gaps, map(value_text, map(values.__getitem__, facts)), strict=True)


def _with_writers(text: GappedText) -> Form:
    """A gap is named as in `OTHER_GAPS`, or for a fact, or by a kind of `_KINDS_OF_GAPS` and what it is of."""
    facts, told, writers = list[str](), dict[str, str](), list[tuple[str, Write]]()
    for name in dict.fromkeys(text.gaps):
        kind, _, what = name.partition(" ")
        if name in OTHER_GAPS:
            writers.append((name, OTHER_GAPS[name]))
        elif not what:
            facts.append(name)
        elif kind == "told" and FACTS[what].kind is not Kind.TIME:
            told[name] = what
        else:
            writers.append((name, _KINDS_OF_GAPS[kind](what)))
    return Form(text, facts, told, writers)


def _form(filling: Filling, asked: Iterable[Part]) -> Iterator[GappedText]:
    yield GappedText((b"{",), ())
    yield _members({"case_id": gap("case_id"), "evaluated_at": gap("evaluated_at")})
    for part in asked:
        yield from _FORMS[part](filling)
    yield _members({"missing": missing_facts(filling.judged), "warnings": gap("warnings")})
    yield GappedText((_constants(filling.judged.book),), ())


# --- the form of each part --------------------------------------------------------------------------------------------


def _aspects(_filling: Filling) -> Iterator[GappedText]:
    yield _members({"aspects": gap("aspects"), "pc_aspects": gap("pc_aspects")})


def _time(_filling: Filling) -> Iterator[GappedText]:
    yield _members({"time": gap("time")})


def _evt(filling: Filling) -> Iterator[GappedText]:
    judged, later = filling.judged, filling.later
    texts: dict[tuple[Outcome | None, ...], GappedText] = judged.kept.once("evt texts", dict)
    if later not in texts:
        shown = _gaps(judged)
        answers = [answer_json(now, then, shown) for now, then in zip(judged.answers, later, strict=True)]
        texts[later] = _members({"evt": answers, "evt_summary": summary_json(judged), "on_the_way": gap("on_the_way")})
    yield texts[later]


def _ivt(filling: Filling) -> Iterator[GappedText]:
    judged = filling.judged
    shown = _gaps(judged)
    told = ((advice, judged.with_thrombectomy(advice)) for advice in judged.thrombolysis)
    yield _members({"ivt": [ivt_json(advice, shown, gap("dose"), together) for advice, together in told]})


def _transfer(filling: Filling) -> Iterator[GappedText]:
    judged, then, shown = filling.judged, filling.then, _gaps(filling.judged)
    moved = {fact: gap(f"then {fact}") for fact in then.moved} if then else {}
    told = {fact: gap(f"told {fact}") for fact in filling.told}
    yield _members(
        {
            "transfer": {
                **action_json(judged.advice, shown_to_transfer(judged, shown)),
                "destination": gap("destination"),
                "estimates": gap("estimates"),
                "destinations": gap("destinations"),
                "door_in_door_out": gap("door_in_door_out"),
                "on_arrival": action_json(then.advice, {**shown, **moved}) if then else None,
                "checklist": checklist_json(filled_with(told)) if judged.leaves else [],
            }
        }
    )


def _changes(filling: Filling) -> Iterator[GappedText]:
    def write() -> GappedText:
        anchor_at = filling.judged.assessment.timeline.anchor_at
        changes = [
            change_json(one, gap(f"at {one.bound:g}") if comes_at(one, anchor_at) else None)
            for one in filling.judged.changes
        ]
        return _members({"what_would_change": changes, "near_bounds": gap("near_bounds")})

    yield filling.judged.kept.once("changes text", write)


def _benefit(filling: Filling) -> Iterator[GappedText]:
    yield _members({"benefit": figures_json(filling.judged), "outcome_by_delay": gap("outcome_by_delay")})


def _swelling(_filling: Filling) -> Iterator[GappedText]:
    yield _members({"swelling": gap("swelling")})


def _members(value: Mapping[str, Any]) -> GappedText:
    """Members of an object that goes on, with a comma behind the last."""
    written = gapped(value)
    text = list(written.text)
    text[0] = text[0].removeprefix(b"{")
    text[-1] = text[-1].removesuffix(b"}") + b","
    return GappedText(tuple(text), written.gaps)


@lru_cache(maxsize=4)
def _constants(book: RuleBook) -> bytes:
    return to_json(constants_json(book))[1:]


def _gaps(judged: Judged) -> dict[str, str]:
    return {fact: gap(fact) for fact in judged.values}


_FORMS: Mapping[Part, Callable[[Filling], Iterator[GappedText]]] = {
    PARTS["aspects"]: _aspects,
    PARTS["time"]: _time,
    PARTS["evt"]: _evt,
    PARTS["ivt"]: _ivt,
    PARTS["transfer"]: _transfer,
    PARTS["what_would_change"]: _changes,
    PARTS["benefit"]: _benefit,
    PARTS["swelling"]: _swelling,
}


# --- by what the forms of patients differ who are alike now -----------------------------------------------------------


def _outcomes_later(filling: Filling) -> tuple[Outcome | None, ...]:
    filling.later = filling.judged.outcomes_at_puncture()
    return filling.later


def _arrival_and_what_is_told(filling: Filling) -> tuple[int | None, tuple[str, ...]]:
    judged = filling.judged
    filling.then = then = judged.on_arrival()
    filling.told = known_to_tell(judged.case, judged.values) if judged.leaves else {}
    return (None if then is None else then.signature), tuple(filling.told)


_TOLD_APART: Mapping[Part, Callable[[Filling], object]] = {
    PARTS["evt"]: _outcomes_later,
    PARTS["transfer"]: _arrival_and_what_is_told,
}


# --- what fills the gaps ----------------------------------------------------------------------------------------------


def _then(fact: str) -> Write:
    return lambda filling: value_text(filling.then.moved[fact])  # type: ignore[union-attr]  # has the gap: arrives


def _told(fact: str) -> Write:
    return lambda filling: _moment_text(filling.told[fact])


def _at(minutes: str) -> Write:
    delay = timedelta(minutes=float(minutes))

    def write(filling: Filling) -> bytes:
        anchor_at = filling.judged.assessment.timeline.anchor_at
        return b"null" if anchor_at is None else _moment_text(anchor_at + delay)

    return write


def _moment_text(moment: datetime) -> bytes:
    """What ``isoformat`` gives, in half of its time."""
    return _with_offsets(to_json(moment))


def _with_offsets(text: bytes) -> bytes:
    """JSON text with ``+00:00`` after the times where ``to_json`` writes ``Z`` for UTC; no other text in it ends so."""
    return text.replace(b'Z"', b'+00:00"')


def _text(value: Any) -> bytes:
    """A value as JSON text; nothing, the commonest of them, without a call."""
    return b"null" if value is None else to_json(value)


def _aspects_text(filling: Filling) -> bytes:
    return to_json(aspects_json(filling.judged.case, filling.judged.assessment))


def _pc_aspects_text(filling: Filling) -> bytes:
    return _text(pc_aspects_json(filling.judged.case, filling.judged.assessment))


def _time_text(filling: Filling) -> bytes:
    judged = filling.judged
    times = times_of(judged.assessment.timeline, judged.case.evaluated_at, judged.to_puncture)
    return _with_offsets(to_json(times))


def _outcome_by_delay(filling: Filling) -> bytes:
    judged = filling.judged
    since_onset, later = judged.values.get("minutes_since_last_known_well"), judged.to_puncture
    in_group = judged.alike.once("in the group of the delay model", lambda: model_applies(judged.values))
    if later is None or not in_group or not isinstance(since_onset, (int, float)):
        return b"null"
    return _outcomes_from(int(since_onset) + later)


def _door_in_door_out(filling: Filling) -> bytes:
    minutes = minutes_at_the_first_hospital(filling.judged.values)
    return b"null" if minutes is None else _clock_text(minutes)


@lru_cache(maxsize=1024)
def _clock_text(minutes: float) -> bytes:
    return to_json(clock_json(minutes))


@lru_cache(maxsize=1024)
def _outcomes_from(planned: int) -> bytes:
    return to_json(delay_json(outcomes_from(planned)))


OTHER_GAPS: Mapping[str, Write] = {
    "case_id": lambda filling: _text(filling.judged.case.case_id),
    "evaluated_at": lambda filling: _moment_text(filling.judged.case.evaluated_at),
    "aspects": _aspects_text,
    "pc_aspects": _pc_aspects_text,
    "time": _time_text,
    "on_the_way": lambda filling: to_json(on_the_way_json(filling.judged, filling.later)),
    "dose": lambda filling: _text(dose_json(filling.judged.values.get("weight_kg"))),
    "destination": lambda filling: _text(destination_of(filling.judged)),
    "estimates": lambda filling: to_json(estimates_json(filling.judged.case, filling.judged.to_puncture)),
    "destinations": lambda filling: to_json(destinations_json(filling.judged.case)),
    "door_in_door_out": _door_in_door_out,
    "near_bounds": lambda filling: to_json(near_bounds_json(filling.judged)),
    "outcome_by_delay": _outcome_by_delay,
    "swelling": lambda filling: _text(swelling_of(filling.judged)),
    "warnings": lambda filling: to_json(warnings_of(filling.judged)),
}

_KINDS_OF_GAPS: Mapping[str, Callable[[str], Write]] = {"then": _then, "told": _told, "at": _at}
"""``then`` and a fact: its value on arrival at the centre; ``told`` and a time: as it was stated; ``at`` and minutes: a
moment so long after the anchor."""
