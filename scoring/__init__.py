"""scoring judges: findings, facts and cases, and what is scored and judged from them; no files but its own rules."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scoring.aspects import AspectsScore, Findings, score_aspects
    from scoring.case import Case
    from scoring.errors import CaseError
    from scoring.facts import Facts
    from scoring.regions import Region, Side, Status

__all__ = ["AspectsScore", "Case", "CaseError", "Facts", "Findings", "Region", "Side", "Status", "score_aspects"]

_PLACES = {
    "AspectsScore": "aspects",
    "Case": "case",
    "CaseError": "errors",
    "Facts": "facts",
    "Findings": "aspects",
    "Region": "regions",
    "Side": "regions",
    "Status": "regions",
    "score_aspects": "aspects",
}


def __getattr__(name: str) -> Any:
    """Load what is public when it is asked for: whoever wants the words of `scoring.regions` needs no rules."""
    if name in _PLACES:
        return getattr(import_module(f"scoring.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
