"""What is asked of and answered about kept cases, for checks and for the API's documentation."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.answers.schemas import Moment, TriageAnswer, VersionsOut
from app.intake.schemas import StrictModel, TriageRequest
from app.store.revisions import Origin
from app.store.status import Status

Comment = Annotated[str, Field(strict=True, min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")]


class ConfirmIn(StrictModel):
    """The clinician stands for the revision as it is."""

    decision: Literal["confirm"]
    comment: Comment | None = Field(None, description="Kept with the signature; goes into no log.")


class EditIn(StrictModel):
    """The clinician changes the case; the changed case becomes a new revision, which is signed."""

    decision: Literal["edit"]
    request: TriageRequest = Field(description="The whole case as it should be; its case_id may be left out.")
    comment: Comment | None = Field(None, description="Kept with the signature; goes into no log.")


class ActorOut(BaseModel):
    """Who did it, as the audit trail names them."""

    kind: str
    name: str


class SignatureOut(BaseModel):
    """Who stands for a revision."""

    by: ActorOut
    at: Moment
    decision: Literal["confirm", "edit"]
    comment: str | None
    audit_sequence: int


class RevisionOut(BaseModel):
    """One judgement of a case; nothing of it ever changes but what later revisions make of its status."""

    revision: int
    kept_at: Moment
    by: ActorOut
    origin: Origin
    status: Status
    supersedes: int | None = Field(description="The signed revision that this one corrects.")
    superseded_by: int | None
    signature: SignatureOut | None
    versions: VersionsOut
    scan_sha256: str | None
    content_sha256: str
    audit_sequence: int


class CaseOut(BaseModel):
    """A kept case; its revisions, the first one first."""

    case_id: str
    made_at: Moment
    latest_revision: int
    status: Status = Field(description="That of the latest revision.")
    revisions: list[RevisionOut]


class CaseListOut(BaseModel):
    """A page of kept cases, the newest first."""

    cases: list[CaseOut]
    next_cursor: int | None = Field(description="For the next page; null: this is the last.")


class RevisionContentOut(RevisionOut):
    """A revision with all that was received, understood and answered, exactly as it was."""

    case_id: str
    request: dict[str, Any]
    judged_case: dict[str, Any]
    reading: dict[str, Any] | None
    answer: TriageAnswer


class SignedOffOut(BaseModel):
    """A signature as it was kept."""

    case_id: str
    revision: int = Field(description="The revision that is signed: after an edit the new one.")
    status: Status
    supersedes: int | None
    audit_sequence: int


class DifferenceOut(BaseModel):
    """One place in which two answers differ; members of lists are named by rule set, fact or site."""

    path: str
    kept: Any
    now: Any


class OwnReplayOut(BaseModel):
    """The answer again, under the rule book it was given by."""

    rules: str
    rules_are_installed: bool = Field(description="False: the rule book was taken from the record.")
    software: str | None = Field(description="The release that replayed it.")
    identical: bool | None = Field(
        description="Byte for byte, but for the versions of software and atlas. Null: it could not be replayed."
    )
    reason: str | None = Field(description="Why it could not be replayed.")
    differences: list[DifferenceOut]


class KeptAnswerOut(BaseModel):
    """The answer as it was given."""

    versions: VersionsOut
    answer: TriageAnswer


class TodayReplayOut(BaseModel):
    """The same case under the installed rule book, as of the same moment of evaluation."""

    versions: dict[str, str]
    answer: TriageAnswer | None
    reason: str | None = Field(description="Why there is no answer.")
    differences: list[DifferenceOut]


class ReplayOut(BaseModel):
    """A kept answer beside the answers that are given now."""

    case_id: str
    revision: int
    kept: KeptAnswerOut
    own_rules: OwnReplayOut
    today: TodayReplayOut
