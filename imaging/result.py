"""What a reading of a scan consists of; plain values that turn into JSON without further thought."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from imaging.refusals import RefusalCode
from scoring.regions import Region, Side, Status


@dataclass(frozen=True, slots=True)
class RegionReading:
    """What was measured in one region of one side, and what it was called."""

    status: Status
    probability: float | None
    """Probability that the region shows acute ischaemic change, 0-1; ``None``: not assessable."""
    hu: float | None
    """Typical density of the counted tissue, HU; ``None``: nothing was counted."""
    hu_other_side: float | None
    delta_hu: float | None
    """Corrected side difference in HU, this side minus the other; negative: darker than the other side."""
    voxels: int
    """Number of the scan's own voxels that were counted."""
    excluded_ml: float
    """Volume inside the region's outline that was left out (fluid, bone, old infarct, blood), in ml."""

    def to_json(self) -> dict[str, Any]:
        """Plain values with sensible digits."""
        return {
            "status": self.status.value,
            "probability": _rounded(self.probability, 3),
            "hu": _rounded(self.hu, 1),
            "hu_other_side": _rounded(self.hu_other_side, 1),
            "delta_hu": _rounded(self.delta_hu, 1),
            "voxels": self.voxels,
            "excluded_ml": _rounded(self.excluded_ml, 1),
        }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits) + 0.0  # + 0.0 turns -0.0 into 0.0


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001 -- the word of the answer; it is never raised
    """Something that a reader of the score must know; ``code`` in capitals for machines, ``text`` for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no score, and what to do about it."""

    code: RefusalCode
    text: str
    remedy: str
    finding: Mapping[str, object] | None = None
    """What was found, in numbers: of a suspected haemorrhage its volume and place."""

    def to_json(self) -> dict[str, Any]:
        """Plain values; ``finding`` only where there is one."""
        answer: dict[str, Any] = {"code": self.code.value, "text": self.text, "remedy": self.remedy}
        return answer if self.finding is None else answer | {"finding": dict(self.finding)}


@dataclass(frozen=True, slots=True)
class Reading:
    """The outcome of reading one scan: scored or refused. Its ``to_json`` is the ``reading`` of the HTTP answer."""

    status: str
    """``"scored"`` or ``"refused"``."""
    side: Side | None = None
    """The patient's side that is likelier to be affected; ``None``: neither is."""
    side_stands_out: bool = False
    """Whether that side is likely enough to be told to those who treat; if not, it is only the likelier of two."""
    total: int | None = None
    total_low: int | None = None
    total_high: int | None = None
    regions: dict[Side, dict[Region, RegionReading]] = field(default_factory=dict)
    warnings: tuple[Warning, ...] = ()
    refusal: Refusal | None = None
    quality: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    """Figures beside the score (:mod:`imaging.extras`); they decide nothing."""
    input: dict[str, Any] = field(default_factory=dict)
    timing_seconds: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The ``reading`` of the HTTP answer: plain values, units in the names, unknown as ``None``.

        HU are rounded to 0.1, volumes to 0.1 ml, probabilities to 0.001: finer digits would claim more than is known.
        """
        if self.refusal is not None:
            answer: dict[str, Any] = {"status": self.status, "refusal": self.refusal.to_json()}
        else:
            answer = {
                "status": self.status,
                "side": self.side.value if self.side else None,
                "side_stands_out": self.side_stands_out,
                "total": self.total,
                "total_low": self.total_low,
                "total_high": self.total_high,
                "regions": {
                    side.value: {region.value: reading.to_json() for region, reading in by_region.items()}
                    for side, by_region in self.regions.items()
                },
                "quality": self.quality,
                "extras": self.extras,
            }
        answer["warnings"] = [asdict(warning) for warning in self.warnings]
        return answer | {"input": self.input, "timing_seconds": self.timing_seconds, "versions": self.versions}


def side_that_stands_out(reading: Mapping[str, Any]) -> Side | None:
    """The side of a reading in plain values that those who treat should be told of; ``None``: none stands out.

    Readings kept from before 4.4.0 of the calibration name no other side.
    """
    return Side(reading["side"]) if reading.get("side") and reading.get("side_stands_out", True) else None
