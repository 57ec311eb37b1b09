"""Parts of an answer beyond the thrombectomy clauses, as JSON-ready dictionaries: trial figures, and swelling."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

from app.answer import described_answer, reason_json
from scoring.benefit import BenefitFigure, all_figures
from scoring.decompression import DecompressionAdvice, calls_for_neurosurgeon
from scoring.outcomes import Action
from scoring.values import Known


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


def swelling_json(advice: list[DecompressionAdvice], values: Mapping[str, Known]) -> dict[str, Any]:
    """What guidelines say of surgery for a swelling infarct, and the action that follows."""
    return {
        "action": Action.TRANSFER_NEUROSURGERY.value if calls_for_neurosurgeon(advice) else None,
        "answers": [
            {
                **described_answer(told.answer),
                "clauses": [clause.clause for clause in told.clauses],
                "missing": list(told.answer.missing),
                "reasons": [reason_json(reason) for reason in told.answer.reasons(values)],
            }
            for told in advice
        ],
    }
