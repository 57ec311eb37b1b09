"""Which column holds which fact: by the fact's own name, or as a mapping file says for foreign names and units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from app.batch.faults import TableUnusable
from scoring.conditions import GLUCOSE_MG_PER_DL_PER_MMOL_PER_L
from scoring.facts import FACTS, Kind
from scoring.regions import Region, Side, Status

SIDE, EVALUATED_AT = "side", "evaluated_at"
REGION_COLUMNS = tuple(region.value for region in Region)
TARGETS: Mapping[str, tuple[Kind, tuple[str, ...]]] = {
    **{name: (spec.kind, spec.choices) for name, spec in FACTS.items() if spec.kind is not Kind.NIHSS_ITEMS},
    **{region: (Kind.CHOICE, tuple(Status)) for region in REGION_COLUMNS},
    SIDE: (Kind.CHOICE, tuple(Side)),
    EVALUATED_AT: (Kind.TIME, ()),
}
"""What a column can hold, with its kind and choices: every fact that fits into one cell, regions, side, moment."""

_FACTORS = {
    ("min", "h"): 60.0,
    ("min", "d"): 1440.0,
    ("min", "s"): 1 / 60,
    ("h", "min"): 1 / 60,
    ("h", "d"): 24.0,
    ("years", "months"): 1 / 12,
    ("years", "days"): 1 / 365.25,
    ("mmol/l", "mg/dl"): 1 / GLUCOSE_MG_PER_DL_PER_MMOL_PER_L,
    ("ml", "mm3"): 0.001,
    ("ml", "cm3"): 1.0,
    ("ml", "l"): 1000.0,
    (None, "%"): 0.01,
}
"""Factors from a foreign unit (second) to the unit of the fact (first)."""

_SOURCE_KEYS = {"column", "unit", "values", "codes"}
_MAP_KEYS = {"columns", "constants", "not_known", "ignore", "region_values"}


@dataclass(frozen=True, slots=True)
class ColumnSource:
    """Where one target comes from."""

    target: str
    column: str | None
    """Name of the table's column; ``None``: a constant for all rows."""
    factor: float | None = None
    """From the table's unit to that of the fact; ``None``: the same unit."""
    values: Mapping[str, str] | None = None
    """Meaning of each code of the table; ``None``: the values are those of the contract."""
    codes: Mapping[str, str] | None = None
    """Meaning of single codes among values that are read as they stand."""
    constant: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """How to read a table whose names, codes or units are not those of the facts."""

    sources: tuple[ColumnSource, ...] = ()
    not_known: frozenset[str] = field(default_factory=frozenset)
    """Texts that mean 'not known' in any column, besides an empty cell."""
    ignore: frozenset[str] = field(default_factory=frozenset)
    """Columns that bear the name of a fact and are not that fact."""

    def resolve(self, columns: Sequence[str]) -> tuple[ColumnSource, ...]:
        """Sources for a table with these columns: those of the map, then columns that bear a fact's own name.

        Raises
        ------
        TableUnusable
            The map names a column that the table does not have, or nothing of the table is a fact.
        """
        for source in self.sources:
            if source.column is not None and source.column not in columns:
                raise TableUnusable(f"The map reads {source.target} from a column that the table does not have.")
        mapped = {source.target for source in self.sources}
        taken = {source.column for source in self.sources}
        plain = [
            ColumnSource(name, name) for name in columns if name in TARGETS and name not in mapped | taken | self.ignore
        ]
        sources = (*self.sources, *plain)
        if "nihss_items" in columns:
            raise TableUnusable("A table cannot hold nihss_items; give nihss_total.")
        if not any(source.column is not None and source.target != EVALUATED_AT for source in sources):
            raise TableUnusable("No column of the table is a fact; name the columns after the facts, or give a --map.")
        return sources


def read_column_map(path: Path) -> ColumnMap:
    """Read a mapping file.

    Raises
    ------
    TableUnusable
        The file cannot be read, or something in it is unknown; the message says where.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        raise TableUnusable(f"{path.name}: not a readable YAML file.") from None
    try:
        return _column_map(content)
    except TableUnusable as error:
        raise TableUnusable(f"{path.name}: {error}") from None


def _column_map(content: Any) -> ColumnMap:
    if not isinstance(content, dict) or not set(content) <= _MAP_KEYS:
        raise TableUnusable(f"expected a mapping with {', '.join(sorted(_MAP_KEYS))}.")
    columns, constants = _mapping(content, "columns"), _mapping(content, "constants")
    region_values = _mapping(content, "region_values")
    sources = [_source(target, entry, region_values) for target, entry in columns.items()]
    for target, value in constants.items():
        _check_target(target)
        if target in columns:
            raise TableUnusable(f"{target} is both a column and a constant.")
        sources.append(ColumnSource(target, None, constant=as_text(value)))
    return ColumnMap(tuple(sources), _texts(content, "not_known"), _texts(content, "ignore"))


def _source(target: Any, entry: Any, region_values: Mapping[Any, Any]) -> ColumnSource:
    _check_target(target)
    if isinstance(entry, str):
        entry = {"column": entry}
    if not isinstance(entry, dict) or not isinstance(entry.get("column"), str) or not set(entry) <= _SOURCE_KEYS:
        raise TableUnusable(f"{target}: give a column name, or a mapping with {', '.join(sorted(_SOURCE_KEYS))}.")
    values = _mapping(entry, "values") or (region_values if target in REGION_COLUMNS else {})
    factor = _factor(target, entry.get("unit"))
    return ColumnSource(target, entry["column"], factor, _meanings(values), _meanings(_mapping(entry, "codes")))


def _meanings(entry: Mapping[Any, Any]) -> dict[str, str] | None:
    """Codes and meanings as texts; a meaning of null is an empty cell: not known."""
    return {as_text(code): "" if meaning is None else as_text(meaning) for code, meaning in entry.items()} or None


def _factor(target: str, unit: Any) -> float | None:
    spec = FACTS.get(target)
    own = spec.unit if spec is not None else None
    if unit is None or unit == own:
        return None
    factor = _FACTORS.get((own, str(unit).lower()))
    if factor is None or spec is None or spec.kind not in {Kind.NUMBER, Kind.INTEGER}:
        known = [foreign for (mine, foreign) in _FACTORS if mine == own]
        raise TableUnusable(f"{target}: the unit cannot be converted; known are {', '.join(known) or 'none'}.")
    return factor


def _check_target(target: Any) -> None:
    if target not in TARGETS:
        raise TableUnusable("a name on the left is no fact, region, side or evaluated_at.")


def _mapping(content: Mapping[Any, Any], key: str) -> Mapping[Any, Any]:
    value = content.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TableUnusable(f"{key} has to be a mapping.")
    return value


def _texts(content: Mapping[str, Any], key: str) -> frozenset[str]:
    value = content.get(key)
    if value is None:
        return frozenset()
    if not isinstance(value, list):
        raise TableUnusable(f"{key} has to be a list.")
    return frozenset(as_text(entry) for entry in value)


def as_text(value: Any) -> str:
    """A value of YAML or JSON as a CSV cell would hold it: ``true``, ``1``, ``0.5``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
