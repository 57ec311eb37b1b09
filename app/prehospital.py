"""The use case of the ambulance: a scale and the region's services in, where to drive out."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from app.answers.transfer import action_json
from app.triage import NOT_FOR_CLINICAL_USE, rulebook
from app.version import __version__
from scoring.lvo_scales import LvoScore
from scoring.outcomes import Action
from scoring.site import StrokeSystem
from scoring.transfer import TransferAdvice, action_advice
from scoring.values import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCase:
    """A suspected stroke before any hospital. ``None``: not known."""

    evaluated_at: datetime
    score: LvoScore | None = None
    large_vessel_occlusion_suspected: bool | None = None
    """Said outright; a score decides where there is one."""
    thrombectomy_centre_is_local: bool | None = None
    stroke_system: StrokeSystem | None = None
    bypass_loses_thrombolysis: bool | None = None


def prehospital(case: FieldCase) -> dict[str, Any]:
    """Where to drive, by the clauses on transport from the field; ready for JSON."""
    stated: dict[str, Known | None] = {
        "large_vessel_occlusion_suspected": (
            case.score.suspected if case.score is not None else case.large_vessel_occlusion_suspected
        ),
        "thrombectomy_centre_is_local": case.thrombectomy_centre_is_local,
        "stroke_system": case.stroke_system.value if case.stroke_system else None,
        "bypass_loses_thrombolysis": case.bypass_loses_thrombolysis,
    }
    values = {fact: value for fact, value in stated.items() if value is not None}
    book = rulebook()
    advice = action_advice(book, case.evaluated_at.date(), "prehospital", values)
    advice = advice or TransferAdvice(Action.NEAREST_STROKE_CENTRE, None, (), ())
    return {
        "scale": _scale_json(case.score),
        "transfer": action_json(advice, values),
        "versions": {"software": __version__, "rules": book.version},
        "not_for_clinical_use": NOT_FOR_CLINICAL_USE,
    }


def _scale_json(score: LvoScore | None) -> dict[str, Any] | None:
    if score is None:
        return None
    return {
        "name": score.scale.name,
        "title": score.scale.title,
        "total": score.total,
        "low": score.low,
        "high": score.high,
        "suspected": score.suspected,
        "missing": list(score.missing),
        "notes": list(score.notes),
        "accuracy": [asdict(figure) for figure in score.scale.accuracy],
        "source": score.scale.source,
        "checked": score.scale.status,
    }
