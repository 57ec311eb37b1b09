"""What is said of thrombolysis, as JSON-ready dictionaries."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.answers.values import lines_json, ruleset_source
from scoring.doses import alteplase_dose, dose_source, tenecteplase_dose
from scoring.rulebook import Clause, RuleSet
from scoring.thrombolysis import Caution, ThrombolysisAdvice
from scoring.values import Known


def ivt_json(
    advice: ThrombolysisAdvice, shown: Mapping[str, Any], dose: Any, together: Sequence[tuple[RuleSet, Clause]]
) -> dict[str, Any]:
    """What one guideline says of thrombolysis, and what speaks against it.

    ``shown`` are the patient's values as JSON, ``dose`` what `dose_json` gives, ``together`` the clauses that hold on
    thrombolysis beside thrombectomy, of whichever guideline.
    """
    answer = advice.answer
    clause = answer.clause
    cited = clause or answer.nearest
    return {
        "ruleset": answer.ruleset.name,
        "title": answer.ruleset.title,
        "outcome": answer.outcome.value,
        "outcome_text": answer.outcome.label,
        "level": clause.level if clause else None,
        "clause": clause.clause if clause else None,
        "clause_title": clause.title if clause else None,
        "note": clause.note if clause else None,
        "contraindicated": advice.is_contraindicated,
        "cautions": [_caution_json(caution, shown) for caution in advice.cautions],
        "contraindications_not_asked": list(advice.unknown),
        "with_thrombectomy": [_together_json(ruleset, clause) for ruleset, clause in together],
        "missing": list(answer.missing),
        "reasons": lines_json(answer.lines, shown),
        "source": cited.source_summary if cited is not None else ruleset_source(answer.ruleset),
        "dose_reference": dose,
    }


def _together_json(ruleset: RuleSet, clause: Clause) -> dict[str, Any]:
    return {
        "ruleset": ruleset.name,
        "title": ruleset.title,
        "text": clause.instruction,
        "outcome": clause.outcome.value,
        "outcome_text": clause.outcome_text,
        "level": clause.level,
        "clause": clause.clause,
        "source": clause.source_summary,
    }


def _caution_json(caution: Caution, shown: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "tier": caution.tier.value,
        "tier_text": caution.tier.label,
        "title": caution.clause.title,
        "clause": caution.clause.clause,
        "note": caution.clause.note,
        "local": caution.is_local,
        "reasons": lines_json(caution.lines, shown),
        "source": caution.clause.source_summary,
    }


def dose_json(weight_kg: Known | None) -> dict[str, Any] | None:
    """Published dose bands; ``None``: the weight is not known."""
    if not isinstance(weight_kg, int | float):
        return None
    return {
        "tenecteplase": asdict(tenecteplase_dose(weight_kg)),
        "alteplase": asdict(alteplase_dose(weight_kg)),
        "text": "Published dose bands for reference; not a prescription.",
        **dose_source(),
    }
