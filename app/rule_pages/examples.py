"""The values that the tests try on each clause, just below, at and above every bound."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scoring.derived import fact_spec
from scoring.facts import Kind


@dataclass(frozen=True, slots=True)
class Tried:
    """Numbers tried for one fact while the other facts stay such that the clause holds."""

    fact: str
    met: tuple[float, ...]
    not_met: tuple[float, ...]
    unknown: tuple[float, ...] = ()
    """Values with which another fact, itself not known, decides."""


def read_examples(folder: Path) -> dict[str, list[Tried]]:
    """Tried values by the id of the clause, from every table below ``folder``."""
    twins = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.yaml")))
    return {twin["rule"]: list(_tried(twin)) for twin in twins}


def unpaired(rules: Path, twins: Path) -> list[str]:
    """One sentence for each rule file below ``rules`` without its table below ``twins``, and the other way round."""
    clauses, tables = ({path.relative_to(root) for path in root.glob("*/*.yaml")} for root in (rules, twins))
    return [
        *(f"{path}: has no table of values at its bounds" for path in sorted(clauses - tables)),
        *(f"{path}: is a table of a clause that does not exist" for path in sorted(tables - clauses)),
    ]


def _tried(twin: Mapping[str, Any]) -> Iterator[Tried]:
    """Numbers only: of choices and of yes and no, the line itself says all."""
    for table in twin["tables"]:
        for fact, answers in table["rows"].items():
            spec = fact_spec(fact)
            if spec is not None and spec.kind in {Kind.NUMBER, Kind.INTEGER}:
                yield Tried(fact, *(_known(answers.get(name, [])) for name in ("met", "not_met", "unknown")))


def _known(values: list[Any]) -> tuple[float, ...]:
    return tuple(value for value in values if value is not None)
