"""What EHRs post: calls and feedback. Fields of later versions are let pass; what is used is checked to the letter."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

_ID = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9\-.]+$")]
_Code = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[A-Za-z0-9._:/|#~%-]+$")]
"""Codes and addresses have no spaces: words, which might be about the patient, do not pass for one."""
_Text = Annotated[str, Field(min_length=1, max_length=2048)]


class Lenient(BaseModel):
    """Lets unknown fields pass, as the specification asks; errors do not repeat the input."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, strict=True)


class FhirAuthorization(Lenient):
    """The bearer token with which data may be fetched for this call."""

    access_token: Annotated[str, Field(min_length=1, max_length=16384, pattern=r"^[\x21-\x7e]+$")]
    token_type: Literal["Bearer"]


class Context(Lenient):
    """Whose record is open; with order-sign the orders that are about to be signed."""

    user_id: _Text = Field(alias="userId")
    patient_id: _ID = Field(alias="patientId")
    draft_orders: dict[str, Any] | None = Field(None, alias="draftOrders")


class HookCall(Lenient):
    """A call of one of the services."""

    hook: str
    hook_instance: Annotated[UUID, Field(strict=False, alias="hookInstance")]
    context: Context
    fhir_server: _Text | None = Field(None, alias="fhirServer")
    fhir_authorization: FhirAuthorization | None = Field(None, alias="fhirAuthorization")
    prefetch: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _server_of_token(self) -> Self:
        if self.fhir_authorization is not None and self.fhir_server is None:
            raise PydanticCustomError("fhir_server", "fhirAuthorization needs fhirServer beside it.")
        return self


class Reason(Lenient):
    """Why a card was overridden: one of ours, or of the EHR's own."""

    code: _Code
    system: _Code


class OverrideReason(Lenient):
    """A reason; the free text beside it is not read, for it may be about the patient."""

    reason: Reason | None = None


class Suggestion(Lenient):
    """A suggestion that was taken."""

    id: _Code


class Feedback(Lenient):
    """What became of one card."""

    card: Annotated[UUID, Field(strict=False)]
    outcome: Literal["accepted", "overridden"]
    outcome_timestamp: Annotated[
        str, Field(alias="outcomeTimestamp", pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
    ]
    accepted_suggestions: list[Suggestion] = Field([], alias="acceptedSuggestions", max_length=20)
    override_reason: OverrideReason | None = Field(None, alias="overrideReason")

    @model_validator(mode="after")
    def _suggestions_of_accepted(self) -> Self:
        if self.outcome == "accepted" and not self.accepted_suggestions:
            raise PydanticCustomError("accepted", "An accepted card names its acceptedSuggestions.")
        return self


class FeedbackCall(Lenient):
    """A post to the feedback address."""

    feedback: Annotated[list[Feedback], Field(min_length=1, max_length=100)]
