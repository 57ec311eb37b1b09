"""What trials found, told only to patients whom the trial would have taken; cells that were not found stay ``None``."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Any

from scoring.conditions import Condition, read_condition
from scoring.eligibility import Answer
from scoring.errors import RuleFileError
from scoring.outcomes import Outcome
from scoring.rule_yaml import load_table
from scoring.ternary import Ternary
from scoring.values import Known

STOPPED_EARLY_NOTE = "Stopped early: such trials overstate the effect."


@dataclass(frozen=True, slots=True)
class Arms:
    """The same figure in both arms."""

    treated: float
    control: float
    unit: str
    """``"percent"`` of patients, or ``"points"`` of the mRS."""


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect with its 95% interval; ``None``: the bound is not recorded."""

    measure: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class NumberNeededToTreat:
    """How many to treat for one more patient with the outcome that is counted."""

    value: float
    counts: str
    is_published: bool
    """Whether the source printed it; otherwise it follows from the arms, rounded up."""


@dataclass(frozen=True, slots=True)
class BenefitFigure:
    """What one trial or pool found; ``None``: not recorded."""

    id: str
    title: str
    source: str
    """Key of ``sources.yaml``."""
    status: str
    """How the figures were checked, as ``Checked.status``."""
    population: str
    outcome: str | None
    """Name of the outcome that ``arms`` count, at 90 days."""
    arms: Arms | None
    effect: Effect | None
    nnt: NumberNeededToTreat | None
    """Only for a binary primary outcome, or where the source printed a number; never from a shift of the whole mRS."""
    death_percent: Arms | None
    death_effect: Effect | None
    sich_percent: Arms | None
    """Symptomatic intracranial haemorrhage, each trial by its own definition."""
    stopped_early: bool | None
    notes: tuple[str, ...]
    taken_by: str | None
    """Rule set of the trial, which must find the patient eligible."""
    applies_to: tuple[Condition, ...]
    """Conditions of a pool that has no rule set; all must be known to hold."""


def eligible_trials(answers: Iterable[Answer]) -> frozenset[str]:
    """Rule sets of the trials that would have taken the patient."""
    return frozenset(answer.ruleset.id for answer in answers if answer.outcome is Outcome.ELIGIBLE)


def benefit_figures(eligible: Collection[str], values: Mapping[str, Known]) -> list[BenefitFigure]:
    """Figures of the trials and pools that hold for this patient, in the order of the data.

    Parameters
    ----------
    eligible
        Rule sets of the trials that would have taken the patient, as ``eligible_trials`` gives them.
    values
        What is known of the case, as ``derived.assess`` gives it; for pools, which have no rule set. A pool whose
        conditions are not all known to hold gives nothing, nor does any pool once haemorrhage was seen.
    """
    bleeds = values.get("haemorrhage_on_imaging") is True
    return [
        figure for figure in all_figures() if figure.taken_by in eligible or (not bleeds and _holds(figure, values))
    ]


def _holds(figure: BenefitFigure, values: Mapping[str, Known]) -> bool:
    """Whether the patient is known to belong to a pool."""
    return figure.taken_by is None and all(
        condition.answer(values.get(condition.fact)) is Ternary.MET for condition in figure.applies_to
    )


def pool_conditions() -> Iterator[Condition]:
    """All that pools ask for beyond what rule sets ask."""
    for figure in all_figures():
        yield from figure.applies_to


@cache
def all_figures() -> tuple[BenefitFigure, ...]:
    """Every entry of the data. Raises RuleFileError."""
    entries = load_table("benefit")
    return tuple(_figure(key, entry) for key, entry in entries.items())


def _figure(key: str, entry: Mapping[str, Any]) -> BenefitFigure:
    outcome = entry.get("outcome", {})
    arms = Arms(outcome["arms"][0], outcome["arms"][1], outcome["unit"]) if outcome else None
    notes = tuple(entry.get("notes", ()))
    return BenefitFigure(
        id=key,
        title=entry["title"],
        source=entry["source"],
        status=entry["checked"]["status"],
        population=entry["population"],
        outcome=outcome.get("name"),
        arms=arms,
        effect=_effect(entry.get("effect")),
        nnt=_nnt(entry.get("nnt"), outcome.get("name"), arms),
        death_percent=_percent(entry.get("death_percent")),
        death_effect=_effect(entry.get("death_effect")),
        sich_percent=_percent(entry.get("sich_percent")),
        stopped_early=entry.get("stopped_early"),
        notes=(STOPPED_EARLY_NOTE, *notes) if entry.get("stopped_early") else notes,
        taken_by=entry.get("taken_by"),
        applies_to=tuple(read_condition(line) for line in _flat(entry.get("applies_to", ()))),
    )


def _nnt(entry: Any, outcome: str | None, arms: Arms | None) -> NumberNeededToTreat | None:
    if entry is None:
        return None
    if entry == "from_arms":
        if arms is None or outcome is None or arms.unit != "percent":
            raise RuleFileError("benefit.yaml: a number needed to treat 'from_arms' needs arms in percent")
        return NumberNeededToTreat(ceil(100 / (arms.treated - arms.control)), outcome, is_published=False)
    return NumberNeededToTreat(entry["published"], entry["counts"], is_published=True)


def _effect(entry: Mapping[str, Any] | None) -> Effect | None:
    return None if entry is None else Effect(**entry)


def _percent(pair: list[float] | None) -> Arms | None:
    return None if pair is None else Arms(pair[0], pair[1], "percent")


def _flat(lines: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """Lines of the data, where a list within the list is one that another entry wrote down."""
    for line in lines:
        if isinstance(line, list):
            yield from line
        else:
            yield line
