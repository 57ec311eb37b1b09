"""Published dose bands of the two thrombolytic drugs, as reference only; prescribing is outside this tool."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from scoring.rule_yaml import load_table


@dataclass(frozen=True, slots=True)
class TenecteplaseDose:
    """A single bolus."""

    dose_mg: float
    volume_ml: float
    """At the concentration that the table states."""


@dataclass(frozen=True, slots=True)
class AlteplaseDose:
    """A bolus over one minute and an infusion, rounded to 0.01 mg."""

    total_mg: float
    bolus_mg: float
    infusion_mg: float
    infusion_minutes: int


def tenecteplase_dose(weight_kg: float) -> TenecteplaseDose:
    """Band of the weight.

    >>> tenecteplase_dose(69.9).dose_mg, tenecteplase_dose(70).dose_mg
    (17.5, 20)
    """
    table = _tables()["tenecteplase"]
    dose = next(band["dose_mg"] for band in table["bands"] if band["below_kg"] is None or weight_kg < band["below_kg"])
    return TenecteplaseDose(dose, dose / table["mg_per_ml"])


def alteplase_dose(weight_kg: float) -> AlteplaseDose:
    """Total by weight up to the maximum; a tenth of it as bolus.

    >>> alteplase_dose(99.9)
    AlteplaseDose(total_mg=89.91, bolus_mg=8.99, infusion_mg=80.92, infusion_minutes=60)
    """
    table = _tables()["alteplase"]
    total = min(weight_kg * table["mg_per_kg"], table["maximum_mg"])
    bolus = total * table["bolus_fraction"]
    return AlteplaseDose(round(total, 2), round(bolus, 2), round(total - bolus, 2), table["infusion_minutes"])


def dose_source() -> dict[str, Any]:
    """Where the bands come from and how they were checked."""
    tables = _tables()
    return {"source": tables["source"], "locator": tables["locator"], "checked": tables["checked"]["status"]}


@cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = load_table("doses")
    return tables
