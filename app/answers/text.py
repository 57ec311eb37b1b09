"""The answer as JSON text, put together from pieces that patients share whom no rule tells apart.

To write out nineteen rule sets anew for each patient takes longer than to judge them. What differs between two patients
who are alike are their values alone: so the text is kept with gaps, and the values are filled in. The text is byte for
byte what ``to_json`` makes of the part; a test holds it to that.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic_core import to_json

from app.answers.evidence import delay_json
from app.answers.gapped import GappedText, gap, gapped, value_text
from app.answers.ivt import ivt_json
from app.answers.judged import Judged
from app.answers.parts import (
    PARTS,
    closing,
    constants_json,
    figures_json,
    missing_facts,
    near_bounds_json,
    shown_to_transfer,
    summary_json,
    warnings_of,
    way_of,
)
from app.answers.transfer import action_json, checklist_json, stated_json
from app.answers.values import answer_json, change_json, comes_at
from scoring.delay import model_applies, outcomes_from
from scoring.outcomes import Outcome
from scoring.rulebook import RuleBook
from scoring.transfer_checklist import filled_with, known_to_tell

Part = Callable[[Judged], Mapping[str, Any]]


def part_text(part: Part, judged: Judged) -> bytes:
    """The members of a part as JSON text, without the braces around them."""
    fast = _FAST.get(part)
    return to_json(part(judged))[1:-1] if fast is None else fast(judged)


def _evt(judged: Judged) -> bytes:
    later = judged.outcomes_at_puncture()
    texts: dict[tuple[Outcome | None, ...], GappedText] = judged.kept.once("evt text", dict)
    if later not in texts:
        shown = _gaps(judged)
        texts[later] = gapped([answer_json(now, then, shown) for now, then in zip(judged.answers, later, strict=True)])
    evt = texts[later].filled(judged.written)
    return b'"evt":%b,"evt_summary":%b' % (evt, judged.kept.once("summary text", lambda: to_json(summary_json(judged))))


def _ivt(judged: Judged) -> bytes:
    def write() -> GappedText:
        shown = _gaps(judged)
        return gapped([ivt_json(advice, shown, gap("dose")) for advice in judged.thrombolysis])

    return b'"ivt":' + judged.alike.once("ivt text", write).filled(judged.written)


def _transfer(judged: Judged) -> bytes:
    def write() -> GappedText:
        return gapped(action_json(judged.advice, shown_to_transfer(judged, _gaps(judged))))

    action = judged.alike.once("action text", write).filled(judged.written)
    way = to_json(way_of(judged))
    return b'"transfer":%b,%b,"checklist":%b}' % (action[:-1], way[1:-1], _checklist(judged))


def _checklist(judged: Judged) -> bytes:
    if not judged.leaves:
        return b"[]"
    known = known_to_tell(judged.case, judged.values)
    texts: dict[tuple[str, ...], GappedText] = judged.alike.once("checklist texts", dict)
    told = tuple(known)
    if told not in texts:
        texts[told] = gapped(checklist_json(filled_with({fact: gap(fact) for fact in told})))
    return texts[told].filled({fact: _stated_text(value) for fact, value in known.items()})


def _stated_text(value: Any) -> bytes:
    return to_json(stated_json(value)) if isinstance(value, datetime) else value_text(value)


def _changes(judged: Judged) -> bytes:
    text = judged.kept.once("changes text", lambda: gapped(_changes_with_gaps(judged)))
    anchor_at = judged.assessment.timeline.anchor_at
    changes = text.filled({bound: _moment(anchor_at, bound) for bound in set(text.gaps)})
    return b'"what_would_change":%b,"near_bounds":%b' % (changes, to_json(near_bounds_json(judged)))


def _changes_with_gaps(judged: Judged) -> list[dict[str, Any]]:
    anchor_at = judged.assessment.timeline.anchor_at
    return [change_json(one, gap(f"{one.bound:g}") if comes_at(one, anchor_at) else None) for one in judged.changes]


def _moment(anchor_at: datetime | None, bound: str) -> bytes:
    return b"null" if anchor_at is None else b'"%b"' % (anchor_at + _delay_of(bound)).isoformat().encode()


@lru_cache(maxsize=256)
def _delay_of(bound: str) -> timedelta:
    return timedelta(minutes=float(bound))


def _benefit(judged: Judged) -> bytes:
    figures = judged.alike.once("benefit text", lambda: to_json(figures_json(judged)))
    since_onset, later = judged.values.get("minutes_since_last_known_well"), judged.to_puncture
    in_group = judged.alike.once("in the group of the delay model", lambda: model_applies(judged.values))
    if later is None or not in_group or not isinstance(since_onset, int | float):
        return b'"benefit":%b,"outcome_by_delay":null' % figures
    return b'"benefit":%b,"outcome_by_delay":%b' % (figures, _outcomes_from(int(since_onset) + later))


@lru_cache(maxsize=1024)
def _outcomes_from(planned: int) -> bytes:
    return to_json(delay_json(outcomes_from(planned)))


def _closing(judged: Judged) -> bytes:
    missing = judged.alike.once("missing text", lambda: to_json(missing_facts(judged)))
    return b'"missing":%b,"warnings":%b,%b' % (missing, to_json(warnings_of(judged)), _constants(judged.book))


@lru_cache(maxsize=4)
def _constants(book: RuleBook) -> bytes:
    return to_json(constants_json(book))[1:-1]


def _gaps(judged: Judged) -> dict[str, str]:
    return {fact: gap(fact) for fact in judged.values}


_FAST: Mapping[Part, Callable[[Judged], bytes]] = {
    PARTS["evt"]: _evt,
    PARTS["ivt"]: _ivt,
    PARTS["transfer"]: _transfer,
    PARTS["what_would_change"]: _changes,
    PARTS["benefit"]: _benefit,
    closing: _closing,
}
"""Parts whose text is kept; the others are short, or differ between any two patients."""
