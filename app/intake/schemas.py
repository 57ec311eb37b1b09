"""What a request may hold, checked to the letter; the facts come from `scoring.facts`, so there is one vocabulary.

The framework's own leniency is switched off value by value: ``"no"`` is not a boolean here, ``false`` is not a number,
``"7"`` and ``7.0`` are not integers, and a time is a text with an offset or nothing.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    WithJsonSchema,
    with_config,
)
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from app.triage import PARTS
from scoring.aspects import Findings
from scoring.facts import FACTS, Facts, FactSpec, Kind
from scoring.nihss import ITEM_MAXIMA, ITEM_TITLES, MAY_BE_UNTESTABLE, UNTESTABLE
from scoring.pc_aspects import PosteriorFindings
from scoring.regions import PosteriorRegion, Region, Side, Status
from scoring.site import Capability, Site, StrokeSystem

_ISO_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
"""Years 2000 to 2099: a slip of the century is refused rather than counted."""

_FURTHEST_OFFSET = timedelta(hours=14)
"""The largest offset from UTC that any place keeps."""

_TWO_DAYS_MINUTES = 2 * 24 * 60
"""Longest journey or preparation that a site may state; beyond it there is a slip of units."""

_REGIONS = {region.value: region for region in Region}
_POSTERIOR_REGIONS = {region.value: region for region in PosteriorRegion}
_Part = TypeVar("_Part", Region, PosteriorRegion)


class StrictModel(BaseModel):
    """Knows no field beyond its own, and no number that is not finite; its errors do not repeat the input."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


def _read_time(value: object) -> datetime:
    if not isinstance(value, str) or not _ISO_TIME.fullmatch(value):
        raise PydanticCustomError(
            "time_with_offset", "A time is a text such as 2026-03-01T09:30:00+00:00, with the offset from UTC."
        )
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("time_with_offset", "There is no such date, time or offset.") from None
    offset = time.utcoffset()
    if offset is None or abs(offset) > _FURTHEST_OFFSET:
        raise PydanticCustomError("time_with_offset", "The offset from UTC is more than 14 hours.")
    return time


def _no_repeats(values: list[Region]) -> list[Region]:
    if len(set(values)) != len(values):
        raise PydanticCustomError("repeated_region", "A region stands twice in the list.")
    return values


def _number(spec: FactSpec) -> Any:
    return Annotated[float, Field(strict=True, allow_inf_nan=False, ge=spec.minimum, le=spec.maximum)]


def _integer(minimum: float | None, maximum: float | None) -> Any:
    return Annotated[int, Field(strict=True, ge=minimum, le=maximum)]


Time = Annotated[
    datetime,
    BeforeValidator(_read_time),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": f"^{_ISO_TIME.pattern}$"}),
]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
Minutes = Annotated[int, Field(strict=True, ge=0, le=_TWO_DAYS_MINUTES)]
RegionList = Annotated[list[Region], Field(max_length=len(Region)), AfterValidator(_no_repeats)]


def _item_reader(highest: int) -> Any:
    def read(value: object) -> int | Literal["UN"]:
        if value == UNTESTABLE:
            return UNTESTABLE
        if type(value) is not int or not 0 <= value <= highest:
            raise PydanticCustomError("nihss_item", f"An integer from 0 to {highest}, or UN if untestable.")
        return value

    schema = {"anyOf": [{"type": "integer", "minimum": 0, "maximum": highest}, {"const": UNTESTABLE}]}
    return Annotated[int | Literal["UN"], BeforeValidator(read), WithJsonSchema(schema)]


def _given(name: str, doc: str, fields: Mapping[str, Any]) -> Any:
    """An object of which every member may be absent or null; once it is checked, it holds what was sent and no more."""
    model = TypedDict(name, fields, total=False)  # type: ignore[misc]  # the vocabulary is a table, not a class
    model.__doc__ = doc
    return with_config(ConfigDict(extra="forbid", hide_input_in_errors=True, allow_inf_nan=False))(model)


def _nihss_items_model() -> Any:
    fields = {}
    for item, highest in ITEM_MAXIMA.items():
        kind = _item_reader(highest) if item in MAY_BE_UNTESTABLE else _integer(0, highest)
        fields[item] = Annotated[kind | None, Field(description=ITEM_TITLES[item])]
    return _given("NihssItems", "NIHSS items; one that is absent was not examined.", fields)


NihssItemsIn = _nihss_items_model()


def _kind(spec: FactSpec) -> Any:
    match spec.kind:
        case Kind.NUMBER:
            return _number(spec)
        case Kind.INTEGER:
            return _integer(spec.minimum, spec.maximum)
        case Kind.BOOLEAN:
            return StrictBool
        case Kind.CHOICE:
            return Literal[spec.choices]
        case Kind.TIME:
            return Time
        case Kind.NIHSS_ITEMS:
            return NihssItemsIn


def _describe(spec: FactSpec) -> str:
    unit = f", in {spec.unit}" if spec.unit else ""
    return f"{spec.title}{unit}. {spec.help}".rstrip()


FactsIn = _given(
    "Facts",
    "What is known of the patient. Absent or null: not known, which is never read as no, zero or normal.",
    {spec.name: Annotated[_kind(spec) | None, Field(description=_describe(spec))] for spec in FACTS.values()},
)

_STATUS_OF_EACH = "Status of each region; one that is absent was not looked at."
RegionsIn = _given("Regions", _STATUS_OF_EACH, {region.value: Status | None for region in Region})
PosteriorRegionsIn = _given(
    "PosteriorRegions", _STATUS_OF_EACH, {part.value: Status | None for part in PosteriorRegion}
)


class FindingsIn(StrictModel):
    """What a reader saw in the ten ASPECTS regions of one hemisphere."""

    side: Side | None = Field(None, description="The patient's side that was scored.")
    regions: RegionsIn  # type: ignore[valid-type]
    old_infarct: RegionList = Field(
        default_factory=list, description="Regions with an old infarct: recorded, not scored."
    )
    swelling_only: RegionList = Field(
        default_factory=list, description="Regions swollen but not dark: recorded, not scored."
    )

    def to_findings(self) -> Findings:
        """The same in the words of `scoring`; regions that are absent or null stay out."""
        return Findings(
            side=self.side,
            regions=_looked_at(self.regions, _REGIONS),
            old_infarct=frozenset(self.old_infarct),
            swelling_only=frozenset(self.swelling_only),
        )


class PosteriorFindingsIn(StrictModel):
    """What a reader saw in the eight parts of the posterior circulation."""

    regions: PosteriorRegionsIn  # type: ignore[valid-type]

    def to_findings(self) -> PosteriorFindings:
        """The same in the words of `scoring`."""
        return PosteriorFindings(_looked_at(self.regions, _POSTERIOR_REGIONS))


class SiteIn(StrictModel):
    """The hospital where the patient is, where it is not one of the network file. Absent or null: not known."""

    name: Name | None = None
    capability: Capability | None = Field(None, description="What the hospital can do for a stroke.")
    minutes_to_thrombectomy_centre: Minutes | None = Field(
        None, description="Door to door, by the transport at hand, in minutes."
    )
    door_to_groin_minutes: Minutes | None = Field(
        None, description="From arrival at the hospital that treats to arterial puncture, in minutes."
    )
    stroke_system: StrokeSystem | None = Field(None, description="How well the region's stroke services work together.")
    thrombectomy_centre: Name | None = Field(None, description="Name of the centre that patients go to.")

    def to_site(self) -> Site:
        """The same in the words of `scoring`."""
        return Site(**vars(self))


Part = Literal[tuple(PARTS)]  # type: ignore[valid-type]


class TriageRequest(StrictModel):
    """One patient at one moment: all but ``facts`` may be absent."""

    case_id: Name | None = Field(None, description="The caller's own pseudonym; it comes back in the answer.")
    evaluated_at: Time | None = Field(None, description="The moment of the decision. Absent: the server's clock.")
    facts: FactsIn  # type: ignore[valid-type]
    findings: FindingsIn | None = None
    posterior_findings: PosteriorFindingsIn | None = None
    site_id: Name | None = Field(None, description="A hospital of the network file; instead of site.")
    site: SiteIn | None = None
    parts: Annotated[list[Part], Field(min_length=1, max_length=len(PARTS))] | None = Field(  # type: ignore[valid-type]
        None, description="The parts that the answer shall hold; absent: all. Fewer parts are answered faster."
    )

    def to_facts(self) -> Facts:
        """The facts in the words of `scoring`."""
        known = _known(self.facts)
        if "nihss_items" in known:
            known["nihss_items"] = _known(known["nihss_items"])
        return Facts.of(known)


def _looked_at(regions: Mapping[str, Status | None], parts: Mapping[str, _Part]) -> dict[_Part, Status]:
    return {parts[name]: status for name, status in regions.items() if status is not None}


def _known(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}
