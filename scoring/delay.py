"""What waiting costs: expected disability of a group of patients by the time from onset to thrombectomy."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from math import exp, log
from typing import Any

from scoring.conditions import Condition, read_condition
from scoring.rule_yaml import load_table
from scoring.ternary import Ternary, all_of
from scoring.values import Known

INDEPENDENT_MRS = 2
"""mRS 0 to 2: looks after own affairs without help."""


@dataclass(frozen=True, slots=True)
class ExpectedOutcome:
    """Outcome of a group treated after one delay."""

    delay_minutes: int
    """Beyond the projected puncture."""
    minutes_from_onset: int
    independent_percent: float
    """Patients with mRS 0 to 2 at 90 days, percent."""
    mean_mrs: float


@dataclass(frozen=True)
class DelayModel:
    """The model, as its table states it."""

    at_onset: tuple[float, ...]
    at_no_effect: tuple[float, ...]
    no_effect_minutes: int
    delays_minutes: tuple[int, ...]
    applies_to: tuple[Condition, ...]
    source: str
    checked: str
    limits: str

    def distribution(self, minutes: float) -> list[float]:
        """Cumulative shares of patients with mRS at most 0 to 6, when treated ``minutes`` after onset.

        Raises
        ------
        ValueError
            The time is negative or beyond the time of no effect: the model says nothing there.

        >>> [round(share, 3) for share in delay_model().distribution(240)]
        [0.13, 0.246, 0.392, 0.565, 0.765, 0.86, 1.0]
        """
        if not 0 <= minutes <= self.no_effect_minutes:
            raise ValueError(f"The model covers 0 to {self.no_effect_minutes} minutes from onset.")
        gone = minutes / self.no_effect_minutes
        return [_share((1 - gone) * early + gone * late) for early, late in self._log_odds] + [1.0]

    @cached_property
    def _log_odds(self) -> list[tuple[float, float]]:
        """Log odds of mRS at most 0 to 5, at onset and at the time of no effect."""
        ends = zip(self.at_onset[:-1], self.at_no_effect[:-1], strict=True)
        return [(log(early / (1 - early)), log(late / (1 - late))) for early, late in ends]

    def outcome(self, minutes_from_onset: int, delay_minutes: int) -> ExpectedOutcome:
        """The outcome of a group treated ``delay_minutes`` later than planned. Raises as ``distribution``."""
        shares = self.distribution(minutes_from_onset + delay_minutes)
        return ExpectedOutcome(
            delay_minutes,
            minutes_from_onset + delay_minutes,
            round(100 * shares[INDEPENDENT_MRS], 1),
            round(sum(1 - share for share in shares), 2),
        )


def outcomes_by_delay(values: Mapping[str, Known], minutes_to_puncture: int | None) -> tuple[ExpectedOutcome, ...]:
    """Outcomes at the projected puncture and after each further delay that the model covers.

    Parameters
    ----------
    values
        What is known of the case, as ``derived.assess`` gives it.
    minutes_to_puncture
        From now to the projected puncture, minutes; ``None``: not known.

    Returns
    -------
    Empty where the patient is not known to belong to the model's group, or too late for it.
    """
    since_onset = values.get("minutes_since_last_known_well")
    if minutes_to_puncture is None or not isinstance(since_onset, int | float) or not model_applies(values):
        return ()
    return outcomes_from(int(since_onset) + minutes_to_puncture)


def model_applies(values: Mapping[str, Known]) -> bool:
    """Whether the patient is known to belong to the model's group."""
    if values.get("haemorrhage_on_imaging") is True:
        return False
    answers = (condition.answer(values.get(condition.fact)) for condition in delay_model().applies_to)
    return all_of(answers) is Ternary.MET


@lru_cache(maxsize=1024)
def outcomes_from(planned: int) -> tuple[ExpectedOutcome, ...]:
    """Outcomes of a group treated ``planned`` minutes after onset, and later; empty where the model is silent."""
    model = delay_model()
    covered = [delay for delay in model.delays_minutes if planned + delay <= model.no_effect_minutes]
    return tuple(model.outcome(planned, delay) for delay in covered)


@cache
def delay_model() -> DelayModel:
    """The model of this installation, read once."""
    table: dict[str, Any] = load_table("outcome_by_delay")
    return DelayModel(
        at_onset=tuple(table["at_onset"]),
        at_no_effect=tuple(table["at_no_effect"]),
        no_effect_minutes=table["no_effect_minutes"],
        delays_minutes=tuple(table["delays_minutes"]),
        applies_to=tuple(read_condition(line) for line in table["applies_to"]),
        source=table["source"],
        checked=table["checked"],
        limits=table["limits"].strip(),
    )


def _share(log_odds: float) -> float:
    return 1 / (1 + exp(-log_odds))
