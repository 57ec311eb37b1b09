"""What the answer of POST /v1/triage holds, for the API's documentation.

No answer passes through these models when it is sent: that would cost more than the answer. A test holds real answers
to them instead.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from scoring.outcomes import Action, Outcome, Stance
from scoring.regions import Side, Status

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Minutes = Annotated[int, Field(description="In minutes.")]


class ReasonOut(BaseModel):
    """One line of a clause beside the patient's value."""

    fact: str
    value: Any = Field(description="null: not known. Bounds come as {low, high}, possible choices as a list.")
    condition: str
    answer: Literal["met", "not_met", "unknown"]


class SourceOut(BaseModel):
    """Where a clause stands, and how it was checked against the document."""

    key: str
    title: str
    year: int
    reference: str
    locator: str | None
    checked: str | None = Field(description="read, second-hand, memory; null: no clause is cited.")


class AspectsOut(BaseModel):
    """ASPECTS with the bounds that regions which could not be judged leave open."""

    total: int | None = Field(description="null while a region was not looked at.")
    low: int
    high: int
    side: Side | None
    regions: dict[str, Status]
    band: str | None
    prognostic_band: str | None
    source: Literal["stated_total", "region_findings", "software_reading"]
    warnings: list[str]


class PcAspectsOut(BaseModel):
    """pc-ASPECTS with its bounds."""

    total: int | None
    low: int
    high: int
    regions: dict[str, Status]


class TimeOut(BaseModel):
    """Where the clock stands; null: not known."""

    anchor: str | None
    anchor_at: Moment | None
    minutes_since_anchor: Minutes | None
    window: str | None
    window_closes_at: Moment | None
    minutes_left_in_window: Minutes | None
    projected_puncture_at: Moment | None
    minutes_to_projected_puncture: Minutes | None
    minutes_from_anchor_to_puncture: Minutes | None


class ClauseAnswerOut(BaseModel):
    """What one rule set says: outcome, deciding clause, its lines, and what is missing."""

    ruleset: str
    title: str
    kind: str
    outcome: Outcome
    outcome_text: str
    stance: Stance
    level: str | None
    clause: str | None
    clause_title: str | None
    superseded: bool = Field(description="Whether a later edition of the same body has replaced this one.")
    nearest_clause: str | None = Field(description="The clause that came closest, where none holds.")
    group: str | None
    note: str | None
    missing: list[str] = Field(description="Facts that could still change this outcome.")
    reasons: list[ReasonOut]
    source: SourceOut
    left_out: str | None = Field(description="What the source asks for beyond the clauses and is not checked.")


class EvtOut(ClauseAnswerOut):
    """What one guideline or trial says of thrombectomy."""

    kind: Literal["guideline", "trial"]
    at_projected_puncture: Outcome | None


class SwellingAnswerOut(ClauseAnswerOut):
    """What one guideline says of surgery for a swelling infarct."""

    kind: Literal["decompression"]
    clauses: list[str] = Field(description="All clauses that hold: drainage and craniectomy may both be due.")


class SummaryOut(BaseModel):
    """One sentence over all answers."""

    verdict: Stance | Literal["haemorrhage"]
    agree: bool | None
    differ_in: Literal["strength", "direction"] | None
    text: str


class CrossedAnswerOut(BaseModel):
    """One answer before and after a bound of time."""

    ruleset: str
    before: Outcome = Field(alias="from")
    after: Outcome = Field(alias="to")


class CrossingOut(BaseModel):
    """A bound of time that is crossed before the projected puncture."""

    at: Moment = Field(description="When the bound is reached; the other answers hold beyond it.")
    minutes_since_last_known_well: float
    changes: list[CrossedAnswerOut]


class EstimatesOut(BaseModel):
    """The minutes behind the transfer advice; null: not known."""

    minutes_to_thrombectomy_centre: Minutes | None
    door_to_groin_minutes: Minutes | None
    minutes_to_projected_puncture: Minutes | None


class CautionOut(BaseModel):
    """A finding that speaks against thrombolysis, or would if it is confirmed."""

    tier: str
    tier_text: str
    title: str
    clause: str
    note: str | None
    local: bool = Field(description="Whether this is a site's own rule rather than the guideline's.")
    reasons: list[ReasonOut]
    source: SourceOut


class WithThrombectomyOut(BaseModel):
    """What one guideline says where thrombolysis and thrombectomy are both due."""

    ruleset: str
    title: str
    text: str
    outcome: Outcome
    outcome_text: str
    level: str | None
    clause: str
    source: SourceOut


class IvtOut(BaseModel):
    """What one guideline says of thrombolysis."""

    ruleset: str
    title: str
    outcome: Outcome
    outcome_text: str
    level: str | None
    clause: str | None
    clause_title: str | None
    note: str | None
    contraindicated: bool
    cautions: list[CautionOut]
    contraindications_not_asked: list[str]
    with_thrombectomy: list[WithThrombectomyOut] = Field(description="Empty unless both treatments are due.")
    missing: list[str]
    reasons: list[ReasonOut]
    source: SourceOut
    dose_reference: dict[str, Any] | None = Field(description="Published dose bands; null: the weight is not known.")


class DestinationOut(BaseModel):
    """A hospital of the network where thrombectomy can be had, the soonest puncture first."""

    site_id: str
    name: str
    mode: str = Field(description="here, or the mode of transport.")
    transport_minutes: Minutes
    arrival_at: Moment
    open_on_arrival: bool
    door_to_groin_minutes: Minutes | None
    puncture_at: Moment | None
    icu_beds: int | None


class DoorTargetOut(BaseModel):
    """One published target for leaving after arrival."""

    minutes: Minutes
    missed: bool
    minutes_left: Minutes
    title: str
    checked: str


class DoorInDoorOut(BaseModel):
    """Minutes since arrival beside the targets for leaving again."""

    minutes_since_arrival: Minutes
    targets: list[DoorTargetOut]
    note: str


class ActionOut(BaseModel):
    """What to do, and the clause that decided it."""

    action: Action
    action_text: str
    level: str | None
    clause: str | None
    reasons: list[ReasonOut]
    source: SourceOut | None
    note: str | None
    missing: list[str]


class ChecklistItemOut(BaseModel):
    """One line of the call to the receiving centre."""

    id: str
    title: str
    known: dict[str, Any] = Field(description="Values by fact; empty: it must be asked or said.")


class TransferOut(ActionOut):
    """What to do next with the patient."""

    destination: str | None
    on_arrival: ActionOut | None = Field(
        description=(
            "Whether to image again at the centre: for a patient who goes there, or is there with images made before"
            " the arrival. null: neither, or the time of imaging is not known."
        )
    )
    estimates: EstimatesOut
    destinations: list[DestinationOut] = Field(description="Empty unless the site is one of the network file.")
    door_in_door_out: DoorInDoorOut | None = Field(
        description="null where the site treats, or the arrival is not known."
    )
    checklist: list[ChecklistItemOut] = Field(description="Empty unless the patient is to leave, or may have to.")


class OutcomeOfRuleset(BaseModel):
    """The outcome that one rule set would give."""

    ruleset: str
    outcome: Outcome
    outcome_text: str


class ChangeOut(BaseModel):
    """A change of one fact that would give another outcome."""

    condition: str = Field(alias="if")
    fact: str
    title: str
    then: OutcomeOfRuleset
    after: Moment | None = Field(None, description="When it comes by itself, by the passing of time.")


class NearBoundOut(BaseModel):
    """A value so near to a bound that one step of its scale would give other answers."""

    fact: str
    value: float
    nearest: float = Field(description="The nearest value at which another answer is given.")
    distance: float
    unit: str
    rulesets: list[str]
    text: str
    note: str | None = Field(description="What is known of how well the value can be measured.")
    checked: Literal["read", "second-hand", "memory"] | None


class VersionsOut(BaseModel):
    """Versions behind an answer: the same input and the same versions give the same answer."""

    software: str
    rules: str
    atlas: str


class BenefitOut(BaseModel):
    """What one trial or pool found in patients whom it would have taken; null: not recorded."""

    id: str
    title: str
    source: str
    checked: Literal["read", "second-hand", "memory"]
    population: str
    outcome: str | None
    arms: dict[str, Any] | None
    effect: dict[str, Any] | None
    number_needed_to_treat: dict[str, Any] | None
    death: dict[str, Any] | None
    symptomatic_haemorrhage: dict[str, Any] | None
    stopped_early: bool | None
    notes: list[str]


class ExpectedOutcomeOut(BaseModel):
    """Outcome of a group of patients treated after one delay."""

    delay_minutes: Minutes
    minutes_from_onset: Minutes
    independent_percent: float = Field(description="mRS 0 to 2 at 90 days, percent.")
    mean_mrs: float


class OutcomeByDelayOut(BaseModel):
    """What waiting costs patients of this kind, from a published model."""

    outcomes: list[ExpectedOutcomeOut]
    source: str
    checked: Literal["read", "second-hand", "memory"]
    limits: str


class SwellingOut(BaseModel):
    """What guidelines say of surgery for a swelling infarct."""

    surgery_is_advised: bool | None = Field(description="null: no source advises it, and one still waits for data.")
    action: Literal["TRANSFER_NEUROSURGERY"] | None = Field(description="null too where it can be done here.")
    answers: list[SwellingAnswerOut]


_UNLESS_NOT_ASKED: Any = Field(default=None, validate_default=False)
"""For parts of an answer: there, and never null, unless the request asked for other parts only."""


class RecordOut(BaseModel):
    """Where an answer stands in the record."""

    case_id: str = Field(description="The case's own, or the one made for it.")
    revision: int = Field(description="Counted from 1; a case that is sent again gets a new one.")
    audit_sequence: int = Field(description="Number of the event in the audit trail.")


_UNLESS_KEPT: Any = Field(
    default=None, validate_default=False, description="Only from a service with a record: where the case was kept."
)


class TriageAnswer(BaseModel):
    """The answer of POST /v1/triage. Parts that were not asked for are absent."""

    case_id: str | None
    evaluated_at: Moment
    aspects: AspectsOut | None = Field(None, description="Null while neither findings nor a total are known.")
    pc_aspects: PcAspectsOut | None = Field(None, description="Null while neither findings nor a total are known.")
    time: TimeOut = _UNLESS_NOT_ASKED
    evt: list[EvtOut] = _UNLESS_NOT_ASKED
    evt_summary: SummaryOut = _UNLESS_NOT_ASKED
    on_the_way: list[CrossingOut] = _UNLESS_NOT_ASKED
    ivt: list[IvtOut] = _UNLESS_NOT_ASKED
    transfer: TransferOut = _UNLESS_NOT_ASKED
    what_would_change: list[ChangeOut] = _UNLESS_NOT_ASKED
    near_bounds: list[NearBoundOut] = _UNLESS_NOT_ASKED
    benefit: list[BenefitOut] = _UNLESS_NOT_ASKED
    outcome_by_delay: OutcomeByDelayOut | None = Field(
        None, description="Null where the model is silent: no projected puncture, another vessel, or beyond its time."
    )
    swelling: SwellingOut | None = Field(None, description="Null while nothing about swelling is known.")
    missing: list[str] = Field(description="Names of facts, those first that would settle the most answers.")
    warnings: list[str]
    versions: VersionsOut
    not_for_clinical_use: str
    record: RecordOut = _UNLESS_KEPT
