"""Surgery for a swelling infarct: what guidelines say of hemicraniectomy, and of drainage and craniectomy below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from scoring.eligibility import Answer, clause_answer, judge
from scoring.grid import Grid
from scoring.outcomes import Stance
from scoring.rulebook import Clause, RuleBook
from scoring.ternary import Ternary
from scoring.values import Known

SWELLING_FACTS = (
    "malignant_mca_infarct", "mca_infarct_fraction", "dwi_lesion_volume_ml", "cerebellar_infarct",
    "cerebellar_infarct_volume_ml", "obstructive_hydrocephalus",
)  # fmt: skip
"""Facts that are stated only when someone thinks of swelling."""

_SPEAKS_FOR_SURGERY = frozenset({Stance.RECOMMENDED, Stance.REASONABLE, Stance.MAY_BE_CONSIDERED})


@dataclass(frozen=True, slots=True)
class DecompressionAdvice:
    """What one guideline says of one operation or group of operations."""

    answer: Answer
    clauses: tuple[Clause, ...]
    """Every clause that holds; drainage and craniectomy may both be due. The first of them is the answer's."""

    @property
    def speaks_for_surgery(self) -> bool:
        """Whether the guideline recommends surgery, or a hospital where it can be done, or would consider it."""
        return self.answer.stance in _SPEAKS_FOR_SURGERY


def decompression_advice(rulebook: RuleBook, on: date, values: Mapping[str, Known]) -> list[DecompressionAdvice]:
    """Ask every guideline in force that speaks of surgery for a swelling infarct.

    Parameters
    ----------
    rulebook
        The rule book; its sets of kind ``decompression`` in force on ``on`` are used.
    on
        Date of the judgement.
    values
        What is known of the case, as ``derived.assess`` gives it.
    """
    return [_advice(answer, values) for answer in judge(_in_force(rulebook, rulebook.period(on)), values)]


def swelling_is_in_question(values: Mapping[str, Known]) -> bool:
    """Whether anything was stated that makes the question worth an answer.

    >>> swelling_is_in_question({"nihss_total": 18}), swelling_is_in_question({"mca_infarct_fraction": 0.6})
    (False, True)
    """
    return any(values.get(fact) is not None for fact in SWELLING_FACTS)


def surgery_is_advised(advice: Sequence[DecompressionAdvice]) -> bool | None:
    """Whether any guideline speaks for surgery, so that the patient belongs in a neurosurgical centre.

    ``None``: none does, and one still waits for data.
    """
    if any(told.speaks_for_surgery for told in advice):
        return True
    return None if any(told.answer.stance is Stance.NEED_DATA for told in advice) else False


def _advice(answer: Answer, values: Mapping[str, Known]) -> DecompressionAdvice:
    held = (clause for clause in answer.ruleset.clauses if clause_answer(clause, values) is Ternary.MET)
    return DecompressionAdvice(answer, tuple(held))


@lru_cache(maxsize=16)
def _in_force(rulebook: RuleBook, on: date) -> Grid:
    rulesets = rulebook.in_force(on)
    return Grid([ruleset for ruleset in rulesets if ruleset.kind == "decompression" and not ruleset.superseded])
