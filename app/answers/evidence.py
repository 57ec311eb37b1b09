"""Parts of an answer beyond the clauses, as JSON-ready dictionaries: trial figures, delay, swelling."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from app.answers.values import described_answer, lines_json
from scoring.benefit import BenefitFigure, all_figures
from scoring.decompression import DecompressionAdvice, surgery_is_advised
from scoring.delay import ExpectedOutcome, delay_model
from scoring.outcomes import Action


def benefit_json(figure: BenefitFigure) -> Mapping[str, Any]:
    """What one trial found in patients whom it would have taken; shared between answers, so not to be changed."""
    return _figures_json()[figure.id]


@cache
def _figures_json() -> dict[str, dict[str, Any]]:
    return {figure.id: _figure_json(figure) for figure in all_figures()}


def _figure_json(figure: BenefitFigure) -> dict[str, Any]:
    return {
        "id": figure.id,
        "title": figure.title,
        "source": figure.source,
        "checked": figure.status,
        "population": figure.population,
        "outcome": figure.outcome,
        "arms": asdict(figure.arms) if figure.arms else None,
        "effect": asdict(figure.effect) if figure.effect else None,
        "number_needed_to_treat": asdict(figure.nnt) if figure.nnt else None,
        "death": asdict(figure.death_percent) if figure.death_percent else None,
        "symptomatic_haemorrhage": asdict(figure.sich_percent) if figure.sich_percent else None,
        "stopped_early": figure.stopped_early,
        "notes": list(figure.notes),
    }


def delay_json(outcomes: Sequence[ExpectedOutcome]) -> dict[str, Any] | None:
    """What waiting costs patients of this kind, at the projected puncture and later; ``None``: the model is silent."""
    if not outcomes:
        return None
    model = delay_model()
    return {
        "outcomes": [_expected_json(outcome) for outcome in outcomes],
        "source": model.source,
        "checked": model.checked,
        "limits": model.limits,
    }


def _expected_json(outcome: ExpectedOutcome) -> dict[str, Any]:
    return {
        "delay_minutes": outcome.delay_minutes,
        "minutes_from_onset": outcome.minutes_from_onset,
        "independent_percent": outcome.independent_percent,
        "mean_mrs": outcome.mean_mrs,
    }


def swelling_json(advice: Sequence[DecompressionAdvice], shown: Mapping[str, Any], *, is_here: bool) -> dict[str, Any]:
    """What guidelines say of surgery for a swelling infarct, and the transfer that follows if it is not done here.

    ``shown`` are the values as JSON; ``is_here``: whether there is neurosurgery at this site.
    """
    advised = surgery_is_advised(advice)
    return {
        "surgery_is_advised": advised,
        "action": Action.TRANSFER_NEUROSURGERY.value if advised and not is_here else None,
        "answers": [
            {
                **described_answer(told.answer),
                "clauses": [clause.clause for clause in told.clauses],
                "missing": list(told.answer.missing),
                "reasons": lines_json(told.answer.lines, shown),
            }
            for told in advice
        ],
    }
