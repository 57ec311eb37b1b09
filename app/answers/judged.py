"""A judged case: what was worked out once for all parts of its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from app.answers.values import values_json
from scoring.alike import alike_in_force
from scoring.bridging import bridging_clauses
from scoring.case import Case
from scoring.decompression import (
    DecompressionAdvice,
    decompression_advice,
    surgery_is_advised,
    swelling_is_in_question,
)
from scoring.derived import Assessment, assess
from scoring.eligibility import Answer, grid_in_force, judge, outcomes
from scoring.explain import Change, what_would_change
from scoring.grid import Grid, Kept
from scoring.outcomes import Action, Outcome
from scoring.rulebook import Clause, RuleBook, RuleSet
from scoring.thrombolysis import ThrombolysisAdvice, thrombolysis_advice
from scoring.timeline import minutes_to_puncture
from scoring.transfer import TransferAdvice, action_advice, stances, transfer_advice
from scoring.values import Known

TOWARDS_THE_CENTRE = {Action.TRANSFER_NOW, Action.CALL_THROMBECTOMY_CENTRE, Action.GET_CTA_OR_DISCUSS}
"""Actions that lead to the thrombectomy centre; the others have no destination of this network."""


class Arrival(NamedTuple):
    """What to do when the patient reaches the centre."""

    advice: TransferAdvice
    moved: Mapping[str, Known]
    """Values that are different then."""
    signature: int
    """The same for patients who are alike then."""


@dataclass(slots=True)
class Judged:
    """A case and what every part of the answer builds on."""

    case: Case
    book: RuleBook
    on: date
    assessment: Assessment
    grid: Grid
    """The guidelines and trials on thrombectomy."""
    everything: Grid
    """All that is asked of a patient, as `alike_in_force` compiles it."""
    signature: int
    """The patient's, in ``everything``."""
    alike: Kept
    """What is kept for patients whom no rule and no table tells apart; nothing in it may depend on more."""
    kept: Kept
    """What is kept for patients whom the guidelines and trials on thrombectomy do not tell apart."""
    answers: Sequence[Answer]
    """What the guidelines and trials say of thrombectomy."""
    to_puncture: int | None
    advice: TransferAdvice = field(init=False)
    """What to do next."""

    def __post_init__(self) -> None:
        """Work out the advice, which most parts ask for."""
        self.advice = self.alike.once("advice", self._advice)

    def _advice(self) -> TransferAdvice:
        return transfer_advice(self.book, self.on, self.values, self.said)

    @property
    def values(self) -> Mapping[str, Known]:
        """What is known, as rules see it."""
        return self.assessment.values

    @property
    def shown(self) -> Mapping[str, Any]:
        """What is known, as JSON."""
        return values_json(self.values)

    def signature_with(self, moved: Mapping[str, Known]) -> int:
        """The signature once the facts ``moved`` have these values; each of them is known now."""
        return self.everything.moved_signature(self.signature, self.values, moved)

    @property
    def changes(self) -> Sequence[Change]:
        """What would give another answer."""
        return what_would_change(self.grid, self.values, self.answers, self.kept)

    @property
    def swelling(self) -> Sequence[DecompressionAdvice]:
        """What guidelines say of surgery for a swelling infarct; empty while nothing makes it a question."""
        return self.alike.once("swelling", self._swelling)

    def _swelling(self) -> Sequence[DecompressionAdvice]:
        in_question = swelling_is_in_question(self.values)
        return decompression_advice(self.book, self.on, self.values) if in_question else ()

    @property
    def said(self) -> Mapping[str, Known]:
        """What guidelines say of the case, as facts that other clauses ask for."""
        return self.alike.once("said", self._said)

    def _said(self) -> Mapping[str, Known]:
        said = stances(self.answers)
        if self.swelling and (advised := surgery_is_advised(self.swelling)) is not None:
            said["neurosurgery_is_advised"] = advised
        return said

    @property
    def goes_to_the_centre(self) -> bool:
        """Whether the action takes the patient to the thrombectomy centre, or may."""
        return self.values.get("site_treats") is False and self.advice.action in TOWARDS_THE_CENTRE

    @property
    def leaves(self) -> bool:
        """Whether the action takes the patient to another hospital, or may."""
        return self.goes_to_the_centre or self.advice.action is Action.TRANSFER_NEUROSURGERY

    def with_thrombectomy(self, advice: ThrombolysisAdvice) -> Sequence[tuple[RuleSet, Clause]]:
        """What guidelines say of the two treatments together; nothing where a contraindication is present."""
        if advice.is_contraindicated:
            return ()

        def held() -> Sequence[tuple[RuleSet, Clause]]:
            said = {**self.said, "ivt_stance": advice.answer.stance.value}
            return bridging_clauses(self.book, self.on, self.values, said)

        return self.alike.once(f"with thrombectomy, {advice.answer.ruleset.id}", held)

    @property
    def thrombolysis(self) -> Sequence[ThrombolysisAdvice]:
        """What the guidelines say of thrombolysis."""
        return self.alike.once("thrombolysis", lambda: thrombolysis_advice(self.book, self.on, self.values))

    def on_arrival(self) -> Arrival | None:
        """Whether to image again at the centre, for a patient who goes there or has come with images from elsewhere."""
        imaged, on_the_road = self.values.get("minutes_since_imaging"), self._minutes_to_the_centre()
        if on_the_road is None or not isinstance(imaged, (int, float)):
            return None
        moved = {"minutes_since_imaging": imaged + on_the_road}
        then = self.signature_with(moved)
        advice = self.everything.kept_at(then).once(
            "arrival", lambda: action_advice(self.book, self.on, "arrival", {**self.values, **moved})
        )
        return None if advice is None else Arrival(advice, moved, then)

    def _minutes_to_the_centre(self) -> int | None:
        """How long until the patient is at the centre that treats; ``None``: not known, or not where they go."""
        action, site, values = self.advice.action, self.case.site, self.values
        if action is Action.TRANSFER_NOW and site is not None:
            return site.minutes_to_thrombectomy_centre
        imaged = values.get("minutes_since_imaging")
        arrived = self.assessment.timeline.minutes.get("minutes_since_arrival")
        came_with_images = isinstance(imaged, (int, float)) and arrived is not None and imaged > arrived
        return 0 if action is Action.TREAT_LOCALLY and values.get("site_treats") and came_with_images else None

    def outcomes_at_puncture(self) -> tuple[Outcome | None, ...]:
        """The outcomes at the projected puncture; ``None`` each when that moment is not known."""
        later = self.to_puncture
        if later is None or "minutes_since_last_known_well" not in self.values:
            return (None,) * len(self.grid.rulesets)
        moved = {name: minutes + later for name, minutes in self.assessment.timeline.minutes.items()}
        then = self.everything.kept_at(self.signature_with(moved))
        return then.once("outcomes", lambda: outcomes(self.grid, {**self.values, **moved}))


def judge_case(case: Case, book: RuleBook) -> Judged:
    """Judge a case once for all parts of its answer. Raises CaseError."""
    on = case.evaluated_at.date()
    assessment = assess(case)
    values = assessment.values
    grid, everything = grid_in_force(book, on), alike_in_force(book, on)
    signature = everything.signature(values)
    alike = everything.kept_at(signature)
    kept = alike.once("thrombectomy", lambda: grid.kept_for(values))
    answers = judge(grid, values, kept)
    return Judged(
        case=case,
        book=book,
        on=on,
        assessment=assessment,
        grid=grid,
        everything=everything,
        signature=signature,
        alike=alike,
        kept=kept,
        answers=answers,
        to_puncture=minutes_to_puncture(case.site, assessment.timeline.minutes.get("minutes_since_arrival")),
    )
