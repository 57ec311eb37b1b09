"""Cards: short, from a named source, with nothing of the record as markup, and never more than there is to say."""

import uuid
from collections.abc import Mapping
from typing import Any

from app.interop.fhir.answer_draft import escaped_markdown
from app.interop.fhir.answer_guidance import citation, title_of
from app.interop.fhir.systems import ACTIONS_SYSTEM, OVERRIDE_SYSTEM, Json, coding, concept
from app.interop.fhir.terminology import OVERRIDE_REASONS
from scoring.outcomes import Action, Outcome, Stance

LONGEST_SUMMARY = 139
_MOST_LINES = 40
_NAMESPACE = uuid.UUID("b52b3f6e-3c70-5a0e-8f0d-5d8f3a2f9c41")
_TREAT = frozenset({Stance.RECOMMENDED, Stance.REASONABLE, Stance.MAY_BE_CONSIDERED})
_AT_ONCE = frozenset(
    {Action.TRANSFER_NOW, Action.TREAT_LOCALLY, Action.HAEMORRHAGE_PATHWAY, Action.TRANSFER_NEUROSURGERY}
)
_PROPOSED = frozenset({Action.TRANSFER_NOW, Action.TRANSFER_NEUROSURGERY, Action.REPEAT_NCCT})


class CardMaker:
    """Makes the cards of one call; their identities follow from the call, so that feedback finds them again."""

    def __init__(self, hook_instance: uuid.UUID, version: str, base_url: str | None) -> None:
        self._hook_instance = hook_instance
        self._version = version
        self._base_url = base_url

    def answer_cards(self, answer: Mapping[str, Any], subject: str, unsent: list[str]) -> list[Json]:
        """The cards of an answer on thrombectomy and transfer."""
        summary, transfer = answer["evt_summary"], answer["transfer"]
        if summary["verdict"] == Stance.NEED_DATA and transfer["action"] != Action.HAEMORRHAGE_PATHWAY:
            return [self._missing_card(answer, unsent)]
        words = f"{transfer['action_text']}. {_first_sentence(summary['text'])}"
        card = self._card("answer", words, _indicator(summary["verdict"], transfer["action"]), _detail(answer, unsent))
        if transfer["action"] in _PROPOSED:
            card |= self._suggested(transfer, subject)
        return [card | self._overridable()]

    def thrombolysis_cards(self, answer: Mapping[str, Any]) -> list[Json]:
        """The card for an order of thrombolysis: what speaks against it, and what is not known."""
        advices = answer["ivt"]
        against = [advice for advice in advices if advice["contraindicated"]]
        waiting = [advice for advice in advices if advice["outcome"] == Outcome.NEED_DATA]
        cautions = list(dict.fromkeys(caution["title"] for advice in advices for caution in advice["cautions"]))
        if against:
            words, indicator = f"Thrombolysis: contraindicated by {_names(against)}.", "critical"
        elif cautions:
            words, indicator = f"Thrombolysis: weigh {'; '.join(cautions)}.", "warning"
        elif waiting:
            words, indicator = f"Thrombolysis cannot be judged: missing {_missing(waiting)}.", "warning"
        else:
            first = advices[0] if advices else {"title": "", "outcome_text": "no rule set applies"}
            words, indicator = f"Thrombolysis, {first['title']}: {first['outcome_text']}.", "info"
        lines = [
            f"{advice['title']}: {advice['outcome_text']}. {citation(advice)}"
            + "".join(f" {caution['tier_text'].capitalize()}: {caution['title']}." for caution in advice["cautions"])
            for advice in advices
        ]
        return [self._card("thrombolysis", words, indicator, _listed(lines, answer)) | self._overridable()]

    def trouble_card(self, message: str) -> Json:
        """The card for a record of which no answer can be given as it stands."""
        detail = escaped_markdown(f"{message} Nothing was judged. Correct the record, or ask its administrators.")
        return self._card("trouble", f"Stroke triage cannot use the record: {message}", "warning", detail)

    def _missing_card(self, answer: Mapping[str, Any], unsent: list[str]) -> Json:
        names = [title_of(fact) for fact in answer["missing"]]
        words = f"Stroke: cannot say yet whether thrombectomy is suitable. Missing: {', '.join(names)}"
        return self._card("missing", words, "warning", _detail(answer, unsent))

    def _card(self, kind: str, words: str, indicator: str, detail: str) -> Json:
        card: Json = {
            "uuid": str(uuid.uuid5(_NAMESPACE, f"{self._hook_instance}/{kind}")),
            "summary": _shortened(words),
            "indicator": indicator,
            "detail": detail,
            "source": {"label": f"ASPECTS triage {self._version}, by published guidelines and trials"},
        }
        if self._base_url is not None:
            card["source"]["url"] = self._base_url
            card["links"] = [{"label": "Open the triage page", "url": f"{self._base_url}/", "type": "absolute"}]
        return card

    def _suggested(self, transfer: Mapping[str, Any], subject: str) -> Json:
        request = {
            "resourceType": "ServiceRequest",
            "status": "draft",
            "intent": "proposal",
            "code": concept(
                coding(ACTIONS_SYSTEM, transfer["action"], transfer["action_text"]), text=transfer["action_text"]
            ),
            "subject": {"reference": subject},
        }
        action = {
            "type": "create",
            "description": f"Proposes: {transfer['action_text']}",
            "resource": request,
        }
        identity = str(uuid.uuid5(_NAMESPACE, f"{self._hook_instance}/propose"))
        suggestion = {"label": transfer["action_text"], "uuid": identity, "actions": [action]}
        return {"suggestions": [suggestion], "selectionBehavior": "at-most-one"}

    def _overridable(self) -> Json:
        return {"overrideReasons": [coding(OVERRIDE_SYSTEM, code, display) for code, display in OVERRIDE_REASONS]}


def _indicator(verdict: str, action: str) -> str:
    if action == Action.HAEMORRHAGE_PATHWAY or (verdict in _TREAT and action in _AT_ONCE):
        return "critical"
    return "warning" if verdict in _TREAT or action in _AT_ONCE else "info"


def _detail(answer: Mapping[str, Any], unsent: list[str]) -> str:
    time = answer["time"]
    lines = [
        f"{told['title']}: {told['outcome_text']}. {citation(told)}"
        for told in answer["evt"]
        if told["kind"] == "guideline" and not told["superseded"]
    ]
    if (score := answer["aspects"]) is not None:
        total = "not known" if score["total"] is None else score["total"]
        lines.insert(0, f"ASPECTS {total} ({score['low']} to {score['high']}), {score['side'] or 'side not stated'}.")
    if time["minutes_left_in_window"] is not None:
        lines.insert(0, f"Window {time['window']}: {time['minutes_left_in_window']} minutes are left.")
    if answer["missing"]:
        lines.append(f"Missing: {', '.join(map(title_of, answer['missing']))}.")
    if unsent:
        lines.append(f"Not sent by the record, so not known: {', '.join(unsent)}.")
    return _listed(lines, answer)


def _listed(lines: list[str], answer: Mapping[str, Any]) -> str:
    told = [*lines, *answer["warnings"]][:_MOST_LINES]
    points = "\n".join(f"- {escaped_markdown(line)}" for line in told)
    return f"{points}\n\n{escaped_markdown(answer['not_for_clinical_use'])}"


def _shortened(words: str) -> str:
    """At most `LONGEST_SUMMARY` characters, cut between words."""
    if len(words) <= LONGEST_SUMMARY:
        return words
    return words[: LONGEST_SUMMARY - 1].rsplit(" ", 1)[0].rstrip(" ,;.:") + "…"


def _first_sentence(text: str) -> str:
    return text.split(". ", 1)[0].rstrip(".") + "."


def _names(advices: list[Mapping[str, Any]]) -> str:
    return ", ".join(advice["title"] for advice in advices)


def _missing(advices: list[Mapping[str, Any]]) -> str:
    return ", ".join(dict.fromkeys(title_of(fact) for advice in advices for fact in advice["missing"]))
