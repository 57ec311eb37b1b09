"""The answer as JSON text, put together from pieces that patients share whom no rule tells apart.

To write out nineteen rule sets anew for each patient takes longer than to judge them. What differs between two patients
who are alike are their values alone: so the text is kept with gaps, and the values are filled in. The text is byte for
byte what ``to_json`` makes of the part; a test holds it to that.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic_core import to_json

from app.answers.evidence import delay_json
from app.answers.gapped import GappedText, Written, gap, gapped, value_text
from app.answers.ivt import ivt_json
from app.answers.judged import Judged
from app.answers.parts import (
    PARTS,
    constants_json,
    figures_json,
    missing_facts,
    near_bounds_json,
    on_the_way_json,
    shown_to_transfer,
    summary_json,
    swelling_of,
    warnings_of,
    way_of,
)
from app.answers.sheet import Sheet
from app.answers.transfer import action_json, checklist_json
from app.answers.values import answer_json, aspects_json, change_json, comes_at, pc_aspects_json, time_json
from scoring.delay import model_applies, outcomes_from
from scoring.outcomes import Outcome
from scoring.rulebook import RuleBook
from scoring.transfer_checklist import filled_with, known_to_tell

Part = Callable[[Judged], Mapping[str, Any]]


def answer_text(judged: Judged, parts: Iterable[Part]) -> bytes:
    """The whole answer: what opens it, the parts in their order, and what closes it."""
    sheet = Sheet()
    _open(sheet, judged)
    for part in parts:
        _WRITERS[part](sheet, judged)
        sheet.text(b",")
    _close(sheet, judged)
    return sheet.written()


def _open(sheet: Sheet, judged: Judged) -> None:
    sheet.text(b'{"case_id":')
    sheet.value(judged.case.case_id)
    sheet.text(b',"evaluated_at":"%b",' % judged.case.evaluated_at.isoformat().encode())


def _aspects(sheet: Sheet, judged: Judged) -> None:
    sheet.text(b'"aspects":')
    sheet.value(aspects_json(judged.case, judged.assessment))
    sheet.text(b',"pc_aspects":')
    sheet.value(pc_aspects_json(judged.case, judged.assessment))


def _time(sheet: Sheet, judged: Judged) -> None:
    sheet.text(b'"time":')
    sheet.value(time_json(judged.assessment.timeline, judged.case.evaluated_at, judged.to_puncture))


def _evt(sheet: Sheet, judged: Judged) -> None:
    later = judged.outcomes_at_puncture()
    texts: dict[tuple[Outcome | None, ...], GappedText] = judged.kept.once("evt text", dict)
    if later not in texts:
        shown = _gaps(judged)
        texts[later] = gapped([answer_json(now, then, shown) for now, then in zip(judged.answers, later, strict=True)])
    sheet.text(b'"evt":')
    sheet.filled(texts[later], judged.written)
    sheet.text(judged.kept.once("summary text", lambda: b',"evt_summary":' + to_json(summary_json(judged))))
    sheet.text(b',"on_the_way":')
    sheet.value(on_the_way_json(judged, later))


def _ivt(sheet: Sheet, judged: Judged) -> None:
    def write() -> GappedText:
        shown = _gaps(judged)
        told = ((advice, judged.with_thrombectomy(advice)) for advice in judged.thrombolysis)
        return gapped([ivt_json(advice, shown, gap("dose"), together) for advice, together in told])

    sheet.text(b'"ivt":')
    sheet.filled(judged.alike.once("ivt text", write), judged.written)


def _transfer(sheet: Sheet, judged: Judged) -> None:
    def write() -> GappedText:
        return gapped(action_json(judged.advice, shown_to_transfer(judged, _gaps(judged)))).reopened()

    sheet.text(b'"transfer":')
    sheet.filled(judged.alike.once("action text", write), judged.written)
    for name, value in way_of(judged).items():
        sheet.text(b',"%b":' % name.encode())
        sheet.value(value)
    sheet.text(b',"on_arrival":')
    _on_arrival(sheet, judged)
    sheet.text(b',"checklist":')
    _checklist(sheet, judged)
    sheet.text(b"}")


def _on_arrival(sheet: Sheet, judged: Judged) -> None:
    then = judged.on_arrival()
    if then is None:
        sheet.text(b"null")
        return
    text = then.kept.once("arrival text", lambda: gapped(action_json(then.advice, _gaps(judged))))
    sheet.filled(text, Written({**judged.values, **then.moved}))


def _checklist(sheet: Sheet, judged: Judged) -> None:
    if not judged.leaves:
        sheet.text(b"[]")
        return
    known = known_to_tell(judged.case, judged.values)
    texts: dict[tuple[str, ...], GappedText] = judged.alike.once("checklist texts", dict)
    told = tuple(known)
    if told not in texts:
        texts[told] = gapped(checklist_json(filled_with({fact: gap(fact) for fact in told})))
    sheet.filled(texts[told], {fact: _stated_text(value) for fact, value in known.items()})


def _stated_text(value: Any) -> bytes:
    return b'"%b"' % value.isoformat().encode() if isinstance(value, datetime) else value_text(value)


def _changes(sheet: Sheet, judged: Judged) -> None:
    text = judged.kept.once("changes text", lambda: gapped(_changes_with_gaps(judged)))
    anchor_at = judged.assessment.timeline.anchor_at
    sheet.text(b'"what_would_change":')
    sheet.filled(text, {bound: _moment(anchor_at, bound) for bound in set(text.gaps)})
    sheet.text(b',"near_bounds":')
    sheet.value(near_bounds_json(judged))


def _changes_with_gaps(judged: Judged) -> list[dict[str, Any]]:
    anchor_at = judged.assessment.timeline.anchor_at
    return [change_json(one, gap(f"{one.bound:g}") if comes_at(one, anchor_at) else None) for one in judged.changes]


def _moment(anchor_at: datetime | None, bound: str) -> bytes:
    return b"null" if anchor_at is None else b'"%b"' % (anchor_at + _delay_of(bound)).isoformat().encode()


@lru_cache(maxsize=256)
def _delay_of(bound: str) -> timedelta:
    return timedelta(minutes=float(bound))


def _benefit(sheet: Sheet, judged: Judged) -> None:
    sheet.text(judged.alike.once("benefit text", lambda: b'"benefit":' + to_json(figures_json(judged))))
    since_onset, later = judged.values.get("minutes_since_last_known_well"), judged.to_puncture
    in_group = judged.alike.once("in the group of the delay model", lambda: model_applies(judged.values))
    sheet.text(b',"outcome_by_delay":')
    if later is None or not in_group or not isinstance(since_onset, (int, float)):
        sheet.text(b"null")
    else:
        sheet.text(_outcomes_from(int(since_onset) + later))


@lru_cache(maxsize=1024)
def _outcomes_from(planned: int) -> bytes:
    return to_json(delay_json(outcomes_from(planned)))


def _swelling(sheet: Sheet, judged: Judged) -> None:
    sheet.text(b'"swelling":')
    sheet.value(swelling_of(judged))


def _close(sheet: Sheet, judged: Judged) -> None:
    sheet.text(judged.alike.once("missing text", lambda: b'"missing":' + to_json(missing_facts(judged))))
    sheet.text(b',"warnings":')
    sheet.value(warnings_of(judged))
    sheet.text(_constants(judged.book))


@lru_cache(maxsize=4)
def _constants(book: RuleBook) -> bytes:
    return b"," + to_json(constants_json(book))[1:]


def _gaps(judged: Judged) -> dict[str, str]:
    return {fact: gap(fact) for fact in judged.values}


_WRITERS: Mapping[Part, Callable[[Sheet, Judged], None]] = {
    PARTS["aspects"]: _aspects,
    PARTS["time"]: _time,
    PARTS["evt"]: _evt,
    PARTS["ivt"]: _ivt,
    PARTS["transfer"]: _transfer,
    PARTS["what_would_change"]: _changes,
    PARTS["benefit"]: _benefit,
    PARTS["swelling"]: _swelling,
}
