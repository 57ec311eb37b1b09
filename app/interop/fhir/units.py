"""UCUM units to the units of our facts; a unit that is not known is refused by name of the fact, never guessed."""

from collections.abc import Callable

from scoring.conditions import GLUCOSE_MG_PER_DL_PER_MMOL_PER_L
from scoring.facts import FactSpec

_KG_PER_POUND = 0.45359237

Conversion = Callable[[float], float]


def _same(value: float) -> float:
    return value


def _times(factor: float) -> Conversion:
    return lambda value: value * factor


def _over(divisor: float) -> Conversion:
    # Division keeps 150 /uL at 0.15 exactly where a product with 0.001 would not.
    return lambda value: value / divisor


_POINTS: dict[str, Conversion] = dict.fromkeys(("1", "{score}", "{points}", "{count}", "{#}"), _same)
_PLATELETS_SAME: dict[str, Conversion] = dict.fromkeys(("10*9/L", "10*3/uL", "10*3/mm3", "K/uL", "G/L"), _same)

CONVERSIONS: dict[str | None, dict[str, Conversion]] = {
    None: {**_POINTS, "{INR}": _same, "{ratio}": _same},
    "points": _POINTS,
    "count": _POINTS,
    "years": {"a": _same},
    "days": {"d": _same, "wk": _times(7)},
    "days ago": {"d": _same, "wk": _times(7)},
    "min": {"min": _same, "h": _times(60), "d": _times(1440)},
    "h": {"h": _same, "min": _over(60), "d": _times(24)},
    "s": {"s": _same},
    "ml": {"mL": _same, "ml": _same, "cm3": _same, "L": _times(1000)},
    "kg": {"kg": _same, "g": _over(1000), "[lb_av]": _times(_KG_PER_POUND)},
    "mmHg": {"mm[Hg]": _same},
    "mmol/l": {"mmol/L": _same, "mg/dL": _over(GLUCOSE_MG_PER_DL_PER_MMOL_PER_L)},
    "10^9/l": {**_PLATELETS_SAME, "/uL": _over(1000), "10*6/L": _over(1000)},
}
"""By unit of a fact: the UCUM units that it may come in."""

OWN_UCUM = {
    None: "1", "points": "{score}", "count": "{count}", "years": "a", "days": "d", "days ago": "d", "min": "min",
    "h": "h", "s": "s", "ml": "mL", "kg": "kg", "mmHg": "mm[Hg]", "mmol/l": "mmol/L", "10^9/l": "10*9/L",
}  # fmt: skip
"""By unit of a fact: the same unit in UCUM."""


def convert(value: float, ucum: str, spec: FactSpec) -> float | None:
    """A value in the unit of a fact; ``None``: the UCUM unit is not one of this fact.

    >>> from scoring.facts import FACTS
    >>> convert(7.5, "mmol/L", FACTS["glucose_mmol_per_l"]), convert(180.16, "mg/dL", FACTS["glucose_mmol_per_l"])
    (7.5, 10.0)
    >>> convert(90, "%", FACTS["inr"]) is None
    True
    """
    if ucum == "%" and spec.unit is None and spec.maximum == 1:
        return value / 100
    conversion = CONVERSIONS[spec.unit].get(ucum)
    return None if conversion is None else conversion(value)
