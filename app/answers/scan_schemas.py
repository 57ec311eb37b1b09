"""What the answers of the scan addresses hold, for the API's documentation; see `app.answers.schemas`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.answers.schemas import TriageAnswer
from imaging.refusals import RefusalCode
from scoring.regions import Side, Status


class FindingOut(BaseModel):
    """What was found that looks like blood."""

    volume_ml: float
    place: str = Field(description="In words, with the patient's side.")
    template_mm: list[int] = Field(description="Its middle in the atlas, RAS+ mm.")


class RefusalOut(BaseModel):
    """Why a scan has no score, and what to do about it."""

    code: RefusalCode
    text: str
    remedy: str
    finding: FindingOut | None = Field(None, description="Only of HAEMORRHAGE_SUSPECTED.")


class WarningOut(BaseModel):
    """Something that a reader of the score must know."""

    code: str
    text: str


class RegionOut(BaseModel):
    """What was measured in one region of one side."""

    status: Status
    probability: float | None
    hu: float | None
    hu_other_side: float | None
    delta_hu: float | None
    voxels: int
    excluded_ml: float


class ArteryOut(BaseModel):
    """The first segments of the middle cerebral arteries compared."""

    side: Side | None = Field(description="Side that looks like a clot (Koo, Cerebrovasc Dis 2000); null: neither.")
    ratio: float | None
    hu: float | None


class TerritoryOut(BaseModel):
    """Densities of a whole territory; nothing is called."""

    hu: float | None
    delta_hu: float | None = Field(description="Commonest difference from the mirror image; negative: darker.")
    darker_ml: float | None = Field(
        description="Volume 6 HU and more darker than its mirror image; compare both sides."
    )
    coverage: float = Field(description="Share that was scanned, 0-1.")


class ExtrasOut(BaseModel):
    """Figures beside the score, for a reader to weigh; they decide nothing and were not tried on labelled scans."""

    net_water_uptake_percent: float | None = Field(
        description="Of the affected regions (Minnerup, Ann Neurol 2016); below about 7 % it is noise."
    )
    low_density_ml: dict[Side, float] = Field(
        description="Tissue of at most 26 HU in the ten regions of each side (Sarraj, JAMA 2024)."
    )
    hyperdense_artery: ArteryOut
    midline_shift_mm: float = Field(description="Of the brain's middle against the skull; a hint, under-estimated.")
    midline_shift_towards: Side | None
    sulcal_ml: dict[Side, float] = Field(
        default_factory=dict, description="Sulci in the cortical regions of each side, old infarcts left out."
    )
    sulci_effaced: Side | None = Field(
        None, description="Side whose sulci are much narrower; a hint, never scored (Butcher, Stroke 2007)."
    )
    territories: dict[str, TerritoryOut] = Field(
        default_factory=dict,
        description="`mca_left`, `mca_right` and the eight parts of pc-ASPECTS, by their names.",
    )


class _Reading(BaseModel):
    warnings: list[WarningOut]
    input: dict[str, Any] = Field(description="Hash of the files and, for DICOM, the series.")
    timing_seconds: dict[str, float]
    versions: dict[str, str]


class ScoredReading(_Reading):
    """A scan that was scored."""

    status: Literal["scored"]
    side: Side | None = Field(
        description="The likelier side; `quality.side_probability` says how likely. null: both are as likely."
    )
    side_stands_out: bool = Field(
        default=True,
        description="Whether the side is likely enough to be told; if not, it is only the likelier of two.",
    )
    total: int
    total_low: int
    total_high: int
    regions: dict[Side, dict[str, RegionOut]]
    quality: dict[str, Any]
    extras: ExtrasOut
    overlay_png_base64: str | None = Field(
        None, description="A picture of the regions on the scan; only with overlay=1."
    )


class RefusedReading(_Reading):
    """A scan that cannot be scored: an answer, not an error."""

    status: Literal["refused"]
    refusal: RefusalOut


class ScanAnswer(BaseModel):
    """The answer of POST /v1/scans."""

    reading: Annotated[ScoredReading | RefusedReading, Field(discriminator="status")]
    triage: TriageAnswer | None = Field(description="null: the request brought no case.")


class JobOut(BaseModel):
    """A scan that waits or is being read."""

    id: str
    status: Literal["waiting", "running"]
    url: str


class JobAnswer(BaseModel):
    """The answer while a scan is being read."""

    job: JobOut
