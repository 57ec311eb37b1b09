"""The outcomes that guidelines and trials give, never merged, and how far each speaks for treatment."""

from enum import StrEnum
from typing import NamedTuple


class Stance(StrEnum):
    """What an outcome says about thrombectomy, for comparing sources that use different scales."""

    RECOMMENDED = "recommended"
    REASONABLE = "reasonable"
    MAY_BE_CONSIDERED = "may_be_considered"
    NOT_RECOMMENDED = "not_recommended"
    HARMFUL = "harmful"
    INSUFFICIENT_DATA = "insufficient_data"
    OUTSIDE_CRITERIA = "outside_criteria"
    NOT_ADDRESSED = "not_addressed"
    NEED_DATA = "need_data"


class Outcome(StrEnum):
    """One answer of one rule set; the names are part of the public contract."""

    COR1 = "COR1"
    COR2A = "COR2a"
    COR2B = "COR2b"
    COR3NB = "COR3NB"
    COR3HARM = "COR3HARM"
    IDD = "IDD"
    NOT_ADDRESSED = "NOT_ADDRESSED"
    NEED_DATA = "NEED_DATA"
    OFFER = "OFFER"
    CONSIDER = "CONSIDER"
    CAUTION = "CAUTION"
    NOT_SELECTED = "NOT_SELECTED"
    STRONG = "STRONG"
    WEAK = "WEAK"
    EXPERT_CONSENSUS = "EXPERT_CONSENSUS"
    CLASS_I = "CLASS_I"
    CLASS_IIA = "CLASS_IIA"
    CLASS_IIB = "CLASS_IIB"
    GRADE_A = "GRADE_A"
    GRADE_B = "GRADE_B"
    GRADE_C = "GRADE_C"
    ELIGIBLE = "ELIGIBLE"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"

    @property
    def label(self) -> str:
        """The outcome in words."""
        return _TITLES[self]

    @property
    def stance(self) -> Stance:
        """How far the outcome speaks for treatment."""
        return _STANCES[self]


class Action(StrEnum):
    """What to do next with the patient; the names are part of the public contract."""

    TREAT_LOCALLY = "TREAT_LOCALLY"
    TRANSFER_NOW = "TRANSFER_NOW"
    CALL_THROMBECTOMY_CENTRE = "CALL_THROMBECTOMY_CENTRE"
    NO_TRANSFER_FOR_EVT = "NO_TRANSFER_FOR_EVT"
    GET_CTA_OR_DISCUSS = "GET_CTA_OR_DISCUSS_TRANSFER_ON_CLINICAL_SUSPICION"
    HAEMORRHAGE_PATHWAY = "HAEMORRHAGE_PATHWAY"
    TRANSFER_NEUROSURGERY = "TRANSFER_NEUROSURGERY"
    DIRECT_TO_TSC = "DIRECT_TO_TSC"
    DIRECT_TO_TSC_MAY_BE_REASONABLE = "DIRECT_TO_TSC_MAY_BE_REASONABLE"
    NEAREST_STROKE_CENTRE = "NEAREST_STROKE_CENTRE"
    NEAREST_IVT_CENTRE = "NEAREST_IVT_CENTRE"
    REPEAT_NCCT = "REPEAT_NCCT"
    DIRECT_TO_ANGIO_MAY_BE_CONSIDERED = "DIRECT_TO_ANGIO_MAY_BE_CONSIDERED"

    @property
    def label(self) -> str:
        """The action as an instruction."""
        return _ACTION_LABELS[self]


class Tier(StrEnum):
    """How a finding bears on thrombolysis, in the tiers of the contraindication table."""

    ABSOLUTE = "ABSOLUTE"
    CORRECT_FIRST = "CORRECT_FIRST"
    RELATIVE = "RELATIVE"
    BENEFIT_USUALLY_EXCEEDS_RISK = "BENEFIT_USUALLY_EXCEEDS_RISK"
    NOTE = "NOTE"

    @property
    def label(self) -> str:
        """The tier in words."""
        return _TIER_LABELS[self]


_TIER_LABELS = {
    Tier.ABSOLUTE: "absolute contraindication",
    Tier.CORRECT_FIRST: "correct first, then decide",
    Tier.RELATIVE: "relative contraindication: weigh individually",
    Tier.BENEFIT_USUALLY_EXCEEDS_RISK: "benefit usually exceeds risk",
    Tier.NOTE: "to be known",
}

Verdict = Outcome | Action | Tier
"""What a clause of a guideline or trial, of an action table, or of a table of cautions gives."""


class Said(NamedTuple):
    """A verdict and how far it speaks for treatment: one grade may stand behind advice for and advice against."""

    verdict: Verdict
    stance: Stance | None
    """``None`` for actions and tiers, which are not about thrombectomy."""

    @property
    def text(self) -> str:
        """The verdict in words, and which way it speaks where the grade does not tell."""
        if self.stance is Stance.NOT_RECOMMENDED and said(self.verdict).stance is not self.stance:
            return f"{self.verdict.label} against thrombectomy"
        if self.verdict is Outcome.EXPERT_CONSENSUS and self.stance is not None:
            return f"{self.verdict.label}: {self.stance.replace('_', ' ')}"
        return self.verdict.label


def said(verdict: Verdict, stance: Stance | None = None) -> Said:
    """What a verdict says; ``stance`` is there where the verdict alone does not tell it."""
    return Said(verdict, stance or (verdict.stance if isinstance(verdict, Outcome) else None))


_ACTION_LABELS = {
    Action.TREAT_LOCALLY: "Treat here",
    Action.TRANSFER_NOW: "Transfer now to the thrombectomy centre",
    Action.CALL_THROMBECTOMY_CENTRE: "Call the thrombectomy centre",
    Action.NO_TRANSFER_FOR_EVT: "No transfer for thrombectomy",
    Action.GET_CTA_OR_DISCUSS: "Get a CT angiogram, or discuss transfer on clinical suspicion",
    Action.HAEMORRHAGE_PATHWAY: "Follow the haemorrhage pathway",
    Action.TRANSFER_NEUROSURGERY: "Transfer to a neurosurgical centre",
    Action.DIRECT_TO_TSC: "Drive directly to the thrombectomy centre",
    Action.DIRECT_TO_TSC_MAY_BE_REASONABLE: "Driving directly to the thrombectomy centre may be reasonable",
    Action.NEAREST_STROKE_CENTRE: "Drive to the nearest stroke centre",
    Action.NEAREST_IVT_CENTRE: "Drive to the nearest centre that gives thrombolysis",
    Action.REPEAT_NCCT: "Repeat the plain CT",
    Action.DIRECT_TO_ANGIO_MAY_BE_CONSIDERED: "Going straight to the angiography suite may be considered",
}

_TITLES = {
    Outcome.COR1: "class 1: recommended",
    Outcome.COR2A: "class 2a: reasonable",
    Outcome.COR2B: "class 2b: may be reasonable",
    Outcome.COR3NB: "class 3: no benefit",
    Outcome.COR3HARM: "class 3: harm",
    Outcome.IDD: "data are insufficient to decide",
    Outcome.NOT_ADDRESSED: "no recommendation covers this patient",
    Outcome.NEED_DATA: "cannot say: data are missing",
    Outcome.OFFER: "offer",
    Outcome.CONSIDER: "consider",
    Outcome.CAUTION: "with caution",
    Outcome.NOT_SELECTED: "outside the criteria",
    Outcome.STRONG: "strong recommendation",
    Outcome.WEAK: "weak recommendation",
    Outcome.EXPERT_CONSENSUS: "expert consensus",
    Outcome.CLASS_I: "class I: recommended",
    Outcome.CLASS_IIA: "class IIa: reasonable",
    Outcome.CLASS_IIB: "class IIb: may be considered",
    Outcome.GRADE_A: "grade A: recommended",
    Outcome.GRADE_B: "grade B: reasonable",
    Outcome.GRADE_C: "grade C: may be considered",
    Outcome.ELIGIBLE: "would have been eligible",
    Outcome.NOT_ELIGIBLE: "would not have been eligible",
}

_STANCES = {
    Outcome.COR1: Stance.RECOMMENDED,
    Outcome.COR2A: Stance.REASONABLE,
    Outcome.COR2B: Stance.MAY_BE_CONSIDERED,
    Outcome.COR3NB: Stance.NOT_RECOMMENDED,
    Outcome.COR3HARM: Stance.HARMFUL,
    Outcome.IDD: Stance.INSUFFICIENT_DATA,
    Outcome.NOT_ADDRESSED: Stance.NOT_ADDRESSED,
    Outcome.NEED_DATA: Stance.NEED_DATA,
    Outcome.OFFER: Stance.RECOMMENDED,
    Outcome.CONSIDER: Stance.MAY_BE_CONSIDERED,
    Outcome.CAUTION: Stance.MAY_BE_CONSIDERED,
    Outcome.NOT_SELECTED: Stance.OUTSIDE_CRITERIA,
    Outcome.STRONG: Stance.RECOMMENDED,
    Outcome.WEAK: Stance.REASONABLE,
    Outcome.EXPERT_CONSENSUS: Stance.REASONABLE,
    Outcome.CLASS_I: Stance.RECOMMENDED,
    Outcome.CLASS_IIA: Stance.REASONABLE,
    Outcome.CLASS_IIB: Stance.MAY_BE_CONSIDERED,
    Outcome.GRADE_A: Stance.RECOMMENDED,
    Outcome.GRADE_B: Stance.REASONABLE,
    Outcome.GRADE_C: Stance.MAY_BE_CONSIDERED,
    Outcome.ELIGIBLE: Stance.RECOMMENDED,
    Outcome.NOT_ELIGIBLE: Stance.NOT_ADDRESSED,
}
