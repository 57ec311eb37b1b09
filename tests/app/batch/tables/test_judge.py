"""A table gets the answers that its rows get one by one, unknowns and contradictions included."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.batch.faults import TableUnusable
from app.batch.tables.cell_reading import moment
from app.batch.tables.column_map import REGION_COLUMNS, ColumnMap
from app.batch.tables.frame import rulesets_asked, triage_frame
from app.triage import rulebook, triage
from scoring.aspects import Findings
from scoring.case import Case
from scoring.eligibility import grid_in_force
from scoring.errors import CaseError
from scoring.facts import FACTS, Facts, FactSpec, Kind
from scoring.regions import Region, Side, Status

ROOT = Path(__file__).parents[4]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GRID = grid_in_force(rulebook(), date(2026, 11, 22))
POINTS = {column.fact: column.points for column in GRID.columns}
RULESETS = rulesets_asked(rulebook())

Row = dict[str, Any]


def case_of_row(row: Row) -> Case:
    """The case that a row states, made without the table engine."""
    facts = {name: row.get(name) for name in FACTS if row.get(name) is not None}
    for name, value in facts.items():
        if FACTS[name].kind is Kind.TIME:
            facts[name] = moment(value)
    regions = {Region(name): Status(row[name]) for name in REGION_COLUMNS if row.get(name) is not None}
    side = Side(row["side"]) if row.get("side") is not None else None
    stated = row.get("evaluated_at")
    return Case(
        evaluated_at=NOW if stated is None else datetime.fromisoformat(stated),
        facts=Facts(**facts),
        findings=Findings(side, regions) if regions else None,
    )


def one_by_one(row: Row) -> Row:
    """The columns of answers as the evaluator of a single patient fills them."""
    answers: Row = dict.fromkeys([f"{name}_{part}" for name in RULESETS for part in ("outcome", "clause", "missing")])
    answers |= {"status": "failed", "aspects_total": None, "aspects_low": None, "aspects_high": None, "window": None}
    try:
        answer = triage(case_of_row(row), {"aspects", "time", "evt"})
    except CaseError:
        return answers
    answers["status"] = "judged"
    if answer["aspects"] is not None:
        answers |= {f"aspects_{part}": answer["aspects"][part] for part in ("total", "low", "high")}
    answers["window"] = answer["time"]["window"]
    for one in answer["evt"]:
        name = one["ruleset"]
        answers[f"{name}_outcome"] = one["outcome"]
        answers[f"{name}_clause"] = one["clause"]
        answers[f"{name}_missing"] = ";".join(one["missing"]) or None
    return answers


def frame_of(rows: list[Row]) -> pl.DataFrame:
    """A typed frame; facts that a table would call ``answers`` keep apart by being renamed through the map."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    types: dict[Kind, Any] = {Kind.NUMBER: pl.Float64, Kind.INTEGER: pl.Int64, Kind.BOOLEAN: pl.Boolean}
    schema = {f"in_{name}": types.get(FACTS[name].kind, pl.String) if name in FACTS else pl.String for name in names}
    return pl.DataFrame([{f"in_{name}": row.get(name) for name in names} for row in rows], schema=schema)


def map_of(rows: list[Row]) -> ColumnMap:
    from app.batch.tables.column_map import ColumnSource  # noqa: PLC0415

    names = dict.fromkeys(name for row in rows for name in row)
    return ColumnMap(tuple(ColumnSource(name, f"in_{name}") for name in names))


def check_same(rows: list[Row]) -> None:
    got = triage_frame(frame_of(rows), now=NOW, column_map=map_of(rows)).to_dicts()
    for row, answers in zip(rows, got, strict=True):
        expected = one_by_one(row)
        assert {name: answers[name] for name in expected} == expected, row
        assert (answers["status_reason"] is None) == (answers["status"] == "judged")


def values_of(spec: FactSpec) -> st.SearchStrategy[Any]:
    """Values of a fact, near the bounds of the rules more often than chance would have them."""
    if spec.kind is Kind.BOOLEAN:
        return st.booleans()
    if spec.kind is Kind.CHOICE:
        return st.sampled_from(spec.choices)
    low, high = int(spec.minimum or 0), int(min(spec.maximum or 2000, 12_000))
    near = [point + step for point in POINTS.get(spec.name, ()) for step in (-1, -0.1, 0, 0.1, 1)]
    if spec.kind is Kind.INTEGER:
        near = [int(value) for value in near if float(value).is_integer()]
        return st.sampled_from([v for v in near if low <= v <= high]) if near else st.integers(low, high)
    return st.sampled_from([v for v in near if low <= v <= high] or [low, high]) | st.floats(low, high).map(
        lambda v: round(v, 2)
    )


ASKED = [*POINTS, "haemorrhage_on_imaging", "tmax6_volume_ml", "affected_side"]
PLAIN = {name: values_of(FACTS[name]) for name in ASKED if name in FACTS}
REGIONS = dict.fromkeys(REGION_COLUMNS, st.sampled_from([status.value for status in Status]))
DAYS = ["2014-06-01", "2019-12-01", "2023-05-05", "2026-01-26", "2026-11-22"]
TIMES = st.builds(
    lambda day, hour, minute, offset: f"{day}T{hour:02}:{minute:02}:00{offset}",
    st.sampled_from(DAYS),
    st.integers(0, 23),
    st.sampled_from([0, 1, 30, 59]),
    st.sampled_from(["Z", "+01:00", "-05:00"]),
)
CLOCK = dict.fromkeys(
    ["evaluated_at", "last_known_well_at", "onset_witnessed_at", "slept_at", "woke_at", "imaged_at"], TIMES
)


def tables(entries: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[list[Row]]:
    others = {name: entry for name, entry in entries.items() if name != "age_years"}
    rows = st.fixed_dictionaries({"age_years": st.none() | PLAIN["age_years"]}, optional=others)
    return st.lists(rows, min_size=1, max_size=20)


@settings(max_examples=80)
@given(tables(PLAIN))
def test_stated_facts(rows: list[Row]) -> None:
    check_same(rows)


@settings(max_examples=40)
@given(tables(PLAIN | REGIONS | {"side": st.sampled_from(["left", "right"])}))
def test_region_columns(rows: list[Row]) -> None:
    for row in rows:
        if not set(row) & set(REGION_COLUMNS):
            row.pop("side", None)  # a case without regions has no findings whose side could be compared
    check_same(rows)


@settings(max_examples=80)
@given(tables({name: PLAIN[name] for name in ("occlusion_site", "aspects_total", "nihss_total")} | CLOCK))
def test_times_and_editions(rows: list[Row]) -> None:
    check_same(rows)


def complete(rows: list[Row]) -> list[Row]:
    base = {"occlusion_site": "mca_m1", "age_years": 70, "nihss_total": 16, "prestroke_mrs": 0, "mass_effect": False}
    return [base | row for row in rows]


def test_every_pair_of_minute_and_score() -> None:
    minutes = sorted({int(point) + step for point in POINTS["minutes_since_last_known_well"] for step in (-1, 0, 1)})
    check_same(
        complete(
            [{"minutes_since_last_known_well": m, "aspects_total": a} for m in minutes if m >= 0 for a in range(11)]
        )
    )


def test_mismatch_is_exact_in_decimals() -> None:
    volumes = [(69.9, 125.82), (50, 90), (0, 0), (0, 40), (70, 125.99), (14.9, 29.9), (15.1, 30.2)]
    late = {"minutes_since_last_known_well": 600, "occlusion_site": "ica_intracranial", "aspects_total": 8}
    check_same(complete([late | {"core_volume_ml": core, "tmax6_volume_ml": tmax} for core, tmax in volumes]))


LATE = {"minutes_since_last_known_well": 800, "occlusion_site": "ica_intracranial", "aspects_total": 8}
VOLUMES = {
    "core_volume_ml": [0, 0.1, 20, 69.9, 70, 1111.1, 1111.2, 1984.9, 1985, 1985.1, 2000],
    "tmax6_volume_ml": [0, 0.1, 14.9, 15, 15.1, 100, 1999.9, 2000],
}


def test_one_volume_without_the_other_bounds_the_mismatch() -> None:
    alone = [{name: volume} for name, volumes in VOLUMES.items() for volume in volumes]
    check_same(complete([LATE | volume for volume in alone]))
    beside_another_gap = complete([LATE | volume for volume in alone])
    for row in beside_another_gap:
        del row["nihss_total"]
    check_same(beside_another_gap)


@pytest.mark.parametrize("name", VOLUMES)
def test_a_table_may_have_one_of_the_volumes_alone(name: str) -> None:
    check_same(complete([LATE | {name: volume} for volume in VOLUMES[name]] + [LATE]))


ONE_VOLUME = st.sampled_from(sorted(VOLUMES)).flatmap(
    lambda name: st.fixed_dictionaries({name: st.sampled_from(VOLUMES[name]) | PLAIN[name]})
)
"""A patient of whom one perfusion volume is known."""


@settings(max_examples=25)
@given(st.lists(ONE_VOLUME, min_size=1, max_size=10))
def test_rows_with_one_volume_among_others(volumes: list[Row]) -> None:
    both = {"core_volume_ml": 20, "tmax6_volume_ml": 35.1}
    check_same(complete([LATE | volume for volume in [*volumes, both, {}]]))


def test_contradictions_fail_their_row_alone() -> None:
    rows = [
        {"age_years": 3.0, "age_days": 20},
        {"age_years": 0.05, "age_days": 20},
        {"age_days": 20},
        {"minutes_since_last_known_well": 10_081},
        {"minutes_since_last_known_well": 10_080},
        {"aspects_total": 9, "C": "affected", "L": "affected"},
        {"aspects_total": 5, "C": "affected", "L": "affected"},
        {"side": "left", "affected_side": "right", "C": "affected"},
        {"last_known_well_at": "2026-11-22T10:00:00Z", "minutes_since_last_known_well": 300},
        {"last_known_well_at": "2026-11-22T10:00:00Z", "minutes_since_last_known_well": 121},
    ]
    check_same(rows)
    got = triage_frame(frame_of(rows), now=NOW, column_map=map_of(rows))
    assert got["status"].to_list() == [
        "failed", "judged", "judged", "failed", "judged", "failed", "judged", "failed", "failed", "judged",
    ]  # fmt: skip


def test_sample_table_is_judged_as_the_sample_cases_are() -> None:
    frame = pl.read_csv(ROOT / "sample_data" / "cases.csv", infer_schema=False)
    got = triage_frame(frame, now=NOW)
    assert set(got["status"]) == {"judged"}
    for row in got.to_dicts():
        expected = json.loads((ROOT / "sample_data" / "expected" / "triage" / f"{row['case_id']}.json").read_text())
        told = json.dumps(expected)
        assert row["aha-asa-2026_outcome"] in told


def test_foreign_columns_stay_and_clashes_are_refused() -> None:
    frame = pl.DataFrame({"age_years": [70], "hospital": ["A"]})
    assert triage_frame(frame, now=NOW).columns[:2] == ["age_years", "hospital"]
    with pytest.raises(TableUnusable, match="window"):
        triage_frame(frame.with_columns(window=pl.lit("x")), now=NOW)
    with pytest.raises(TableUnusable, match="No column"):
        triage_frame(frame.select("hospital"), now=NOW)
