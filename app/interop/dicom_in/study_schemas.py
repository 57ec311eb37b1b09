"""What the routes of received studies answer."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class AsideCount(BaseModel):
    """Objects that are not used, by reason."""

    objects: int
    code: str
    reason: str


class SeriesOut(BaseModel):
    """One series, or one stack of slices in it."""

    series_uid: str | None
    images: int
    taken: bool = Field(description="Whether this is the series that was read.")
    code: str = Field(description="TAKEN, or why it was left.")
    reason: str
    kernel: str | None = None
    slice_thickness_mm: float | None = None


class StudyOut(BaseModel):
    """A received study."""

    study_uid: str
    state: Literal["receiving", "queued", "unusable"] = Field(
        description="receiving: objects may still come. queued: its scan is in the queue or read. unusable: no series "
        "can be read; refusal says why."
    )
    first_at: str
    last_at: str
    processed_at: str | None
    job_id: str | None
    objects: int
    aside: list[AsideCount]
    refusal: str | None
    series: list[SeriesOut]


class StudyAnswer(StudyOut):
    """A received study with what was read of it."""

    answer: dict[str, Any] | None = Field(description="As POST /v1/scans answers; null while it waits.")


class Stray(BaseModel):
    """An object that could not be read."""

    sha256: str
    arrived_at: str
    source: str
    via: str
    size_bytes: int
    code: str
    reason: str


class StudyList(BaseModel):
    """Received studies and unreadable objects."""

    studies: list[StudyOut]
    strays: list[Stray]


class AcceptedStudy(BaseModel):
    """A study that will be read."""

    study_uid: str
    state: str


class PullRequest(BaseModel):
    """Where to fetch a study."""

    model_config = ConfigDict(extra="forbid", strict=True)

    node: str = Field(max_length=200, description="Name of a node in the nodes file.")


class PulledStudy(BaseModel):
    """What a fetch brought."""

    study_uid: str
    stored: int
    failed: int
    way: str
