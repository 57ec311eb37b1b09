"""A cohort's counts are those of its rows, judged one table at a time by the engine that is held to single patients."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.batch.cohort.plots import TITLES
from app.batch.tables import reading
from app.batch.tables.frame import triage_frame
from app.cli import app
from scoring.outcomes import Stance

ROOT = Path(__file__).parents[4]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SITES = ["mca_m1", "ica_intracranial", "mca_m2_dominant", "basilar", None]
ROWS = [
    {
        "case_id": f"case {i}",
        "age_years": 45 + i % 50,
        "nihss_total": i % 25,
        "prestroke_mrs": [0, 1, 3, None][i % 4],
        "occlusion_site": SITES[i % 5],
        "aspects_total": [3, 5, 6, 10, 0, None][i % 6],
        "minutes_since_last_known_well": [100, 500, 1300, None, 1500][i * 7 % 5],
        "mass_effect": False if i % 3 else None,
    }
    for i in range(240)
]


def cohort(table: Path, out: Path, *options: str) -> Result:
    run = CliRunner().invoke(
        app, ["cohort", str(table), "--out", str(out), "--evaluated-at", NOW.isoformat(), *options]
    )
    assert run.exception is None or isinstance(run.exception, SystemExit), run.exception
    return run


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    pl.DataFrame(rows, infer_schema_length=None).write_csv(path)
    return path


def judged(rows: list[dict[str, object]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return triage_frame(frame, now=NOW).with_columns(pl.col(pl.Categorical).cast(pl.String))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_BLOCK_BYTES", 2000)  # several chunks
        run = cohort(write(folder / "table.csv", ROWS), folder / "out")
    assert run.exit_code == 0, run.stderr
    assert run.stdout == ""
    return folder / "out"


def test_every_row_is_counted_once_for_each_rule_set(out: Path) -> None:
    frame = judged(ROWS)
    answers = pl.read_csv(out / "answers.csv")
    for (ruleset,), rows in answers.group_by("ruleset"):
        found = {row["outcome"]: row["cases"] for row in rows.group_by("outcome").agg(pl.col("cases").sum()).to_dicts()}
        assert found == Counter(frame[f"{ruleset}_outcome"].to_list()), ruleset
    treated = pl.read_csv(out / "treated.csv").filter(pl.col("ruleset") == "aha-asa-2026").to_dicts()[0]
    outcomes = Counter(frame["aha-asa-2026_outcome"])
    assert treated["treated_at_least"] == outcomes["COR1"] + outcomes["COR2a"] > 0
    assert treated["treated_at_most"] == treated["treated_at_least"] + outcomes["COR2b"] + outcomes["NEED_DATA"]


def test_flows_are_those_of_the_rows_and_changed_rows_are_listed(out: Path) -> None:
    frame = judged(ROWS)
    expected = Counter(zip(frame["aha-asa-2019_outcome"], frame["aha-asa-2026_outcome"], strict=True))
    flows = pl.read_csv(out / "flows.csv").group_by("from_outcome", "to_outcome").agg(pl.col("cases").sum())
    assert {(row[0], row[1]): row[2] for row in flows.rows()} == expected
    changes = pl.read_csv(out / "changes.csv")
    changed = frame.with_row_index("row", 1).filter(pl.col("aha-asa-2019_outcome") != pl.col("aha-asa-2026_outcome"))
    assert (
        changes.select("row", "case_id", "to_outcome").rows()
        == changed.select("row", "case_id", "aha-asa-2026_outcome").rows()
    )
    assert 0 < changes.height < len(ROWS)


def test_one_point_is_that_of_rows_judged_with_another_total(out: Path) -> None:
    base = judged(ROWS)
    moved = {}
    for step in (-1, 1):
        rows = [
            row | {"aspects_total": row["aspects_total"] + step} for row in ROWS if row["aspects_total"] is not None
        ]
        kept = [row for row in rows if 0 <= row["aspects_total"] <= 10]
        moved[step] = judged(kept)
    for row in pl.read_csv(out / "one_point.csv").to_dicts():
        column = f"{row['ruleset']}_outcome"
        before = dict(zip(base["case_id"], base[column], strict=True))
        changed = {
            step: {case for case, after in frame.select("case_id", column).rows() if before[case] != after}
            for step, frame in moved.items()
        }
        assert row["cases_with_definite_total"] == sum(one["aspects_total"] is not None for one in ROWS)
        assert (row["changed_by_one_less"], row["changed_by_one_more"]) == (len(changed[-1]), len(changed[1]))
        assert row["changed_by_either"] == len(changed[-1] | changed[1]), row["ruleset"]


def test_facts_that_would_settle_are_those_that_are_missing(out: Path) -> None:
    frame = judged(ROWS)
    rows = pl.read_csv(out / "missing.csv")
    names = [column for column in frame.columns if column.endswith("_missing")]
    waiting = [{fact for name in names for fact in (row[name] or "").split(";") if fact} for row in frame.to_dicts()]
    expected = Counter(fact for facts in waiting for fact in facts)
    found = {row["fact"]: row["cases"] for row in rows.filter(pl.col("ruleset") == "any").to_dicts()}
    assert found == expected
    asked = Counter(fact for facts in frame["aha-asa-2026_missing"].drop_nulls() for fact in facts.split(";"))
    of_one = rows.filter(pl.col("ruleset") == "aha-asa-2026")
    assert {row["fact"]: row["cases"] for row in of_one.to_dicts()} == asked


def test_the_report_needs_no_network_and_says_what_the_files_say(out: Path) -> None:
    page = (out / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert "://" not in page
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF-")
    summary = json.loads((out / "cohort.json").read_text())
    assert (summary["rows"], summary["failed"]) == (len(ROWS), 0)
    changes = pl.read_csv(out / "changes.csv").height
    assert f"The answer changed in {changes:,} (" in page
    assert summary["rules"] in (out / "methods.txt").read_text()


def test_every_stance_is_drawn() -> None:
    assert set(TITLES) == set(Stance)


def test_patients_outside_the_criteria_have_a_bar_a_column_and_a_flow(tmp_path: Path) -> None:
    rows = [dict(ROWS[1], prestroke_mrs=3, nihss_total=16, occlusion_site="mca_m1", aspects_total=9, mass_effect=None)]
    run = cohort(write(tmp_path / "t.csv", rows), tmp_path / "out", "--from", "aha-asa-2026", "--to", "nice-ng128")
    assert run.exit_code == 0, run.stderr
    treated = pl.read_csv(tmp_path / "out" / "treated.csv").filter(pl.col("ruleset") == "nice-ng128")
    assert treated["outside_criteria"].to_list() == [1]
    assert "Outside the criteria" in (tmp_path / "out" / "report.html").read_text()


def test_regions_that_are_open_leave_no_definite_total(tmp_path: Path) -> None:
    regions = dict.fromkeys(["C", "L", "IC", "I", "M1", "M2", "M3", "M4", "M5", "M6"], "unaffected")
    rows = [{"age_years": 70, **regions}, {"age_years": 70, **regions, "M4": "not_assessable"}, {"age_years": 70}]
    assert cohort(write(tmp_path / "t.csv", rows), tmp_path / "out").exit_code == 0
    assert set(pl.read_csv(tmp_path / "out" / "one_point.csv")["cases_with_definite_total"]) == {1}


def test_rows_that_fail_are_listed_and_not_counted(tmp_path: Path) -> None:
    rows = [{"age_years": 70, "nihss_total": 12}, {"age_years": 700, "nihss_total": 12}]
    run = cohort(write(tmp_path / "t.csv", rows), tmp_path / "out")
    assert run.exit_code == 1
    assert pl.read_csv(tmp_path / "out" / "errors.csv").rows() == [(2, "age_years", "outside 0 to 120")]
    assert set(pl.read_csv(tmp_path / "out" / "treated.csv")["cases"]) == {1}


def test_a_cohort_of_which_nothing_can_be_judged_has_a_report_too(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("age_years\n")
    assert cohort(tmp_path / "t.csv", tmp_path / "out").exit_code == 0
    assert "0 rows, 0 judged" in (tmp_path / "out" / "report.html").read_text()


def test_unusable_options_are_refused(tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", [{"age_years": 70}])
    for options in (["--to", "aha-asa-2050"], ["--rulesets", "none"], ["--map", str(tmp_path / "no.yaml")]):
        run = cohort(table, tmp_path / "out", *options)
        assert run.exit_code == 2, options
        assert len(run.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.shared
@pytest.mark.parametrize(
    ("table", "mapping", "rows"), [("marvel.csv", "marvel.yaml", 707), ("soop-participants.tsv", "soop.yaml", 1505)]
)
def test_published_tables_run_through(shared: Path, tmp_path: Path, table: str, mapping: str, rows: int) -> None:
    run = cohort(shared / "tables" / table, tmp_path, "--map", str(ROOT / "docs" / "maps" / mapping))
    assert run.exit_code == 0, run.stderr
    assert set(pl.read_csv(tmp_path / "treated.csv")["cases"]) == {rows}
