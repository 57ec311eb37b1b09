"""The hospital where the patient is: what it can do, and how far thrombectomy is."""

from dataclasses import dataclass
from enum import StrEnum


class Capability(StrEnum):
    """What a hospital can do for a stroke, in the certification terms of AHA/ASA."""

    ACUTE_STROKE_READY = "acute_stroke_ready"
    PRIMARY = "primary"
    THROMBECTOMY_CAPABLE = "thrombectomy_capable"
    COMPREHENSIVE = "comprehensive"

    @property
    def performs_thrombectomy(self) -> bool:
        """Whether thrombectomy is done here."""
        return self in _PERFORM_THROMBECTOMY

    @property
    def has_neurosurgery(self) -> bool | None:
        """Whether a brain can be operated on here; ``None``: the certification leaves it open."""
        return _HAVE_NEUROSURGERY.get(self, False)


_PERFORM_THROMBECTOMY = frozenset({Capability.THROMBECTOMY_CAPABLE, Capability.COMPREHENSIVE})
_HAVE_NEUROSURGERY = {Capability.COMPREHENSIVE: True, Capability.THROMBECTOMY_CAPABLE: None}


class StrokeSystem(StrEnum):
    """How well the region's stroke services work together."""

    WELL_COORDINATED = "well_coordinated"
    POORLY_COORDINATED = "poorly_coordinated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One hospital as the case states it. ``None``: not known."""

    site_id: str | None = None
    name: str | None = None
    capability: Capability | None = None
    minutes_to_thrombectomy_centre: int | None = None
    """Door of this site to door of the thrombectomy centre, in minutes, by the transport at hand."""
    door_to_groin_minutes: int | None = None
    """From arrival at the centre that treats (this site, if it does) to arterial puncture, in minutes."""
    stroke_system: StrokeSystem | None = None
    thrombectomy_centre: str | None = None
    """Name of the centre that ``minutes_to_thrombectomy_centre`` leads to."""
    is_open_for_thrombectomy: bool | None = None
    """Whether thrombectomy is done here at this moment, where hours are kept; ``None``: whenever the site does it."""

    @property
    def treats(self) -> bool | None:
        """Whether thrombectomy is done here now; ``None``: not known."""
        if self.capability is None:
            return None
        return self.capability.performs_thrombectomy and self.is_open_for_thrombectomy is not False
