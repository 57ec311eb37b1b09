"""Agreement of two tables of readings, from the files to the report."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from scoring.regions import Region

SEEN = dict.fromkeys((region.value for region in Region), "unaffected")


def aspects(*arguments: str | Path) -> Result:
    run = CliRunner().invoke(app, ["agreement", *(str(argument) for argument in arguments)])
    assert run.exception is None or isinstance(run.exception, SystemExit), run.exception
    return run


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    pl.DataFrame(rows, infer_schema_length=None).write_csv(path)
    return path


def totals(path: Path, scores: list[int | None]) -> Path:
    return write(path, [{"case_id": f"case {i}", "aspects_total": score} for i, score in enumerate(scores)])


def statistic(path: Path, name: str, **where: str) -> dict[str, object]:
    rows = pl.read_csv(path).filter(pl.col("statistic") == name)
    for column, value in where.items():
        rows = rows.filter(pl.col(column) == value)
    assert rows.height == 1
    return rows.row(0, named=True)


def test_totals_of_two_readers(tmp_path: Path) -> None:
    first = totals(tmp_path / "a.csv", [10, 8, 7, 5, 2, None, 9])
    second = totals(tmp_path / "b.csv", [10, 7, 7, 3, 2, 4])
    out = tmp_path / "out"
    run = aspects(first, second, "--out", out)
    assert run.exit_code == 0, run.stderr
    assert run.stdout == ""
    exact = statistic(out / "totals.csv", "exact_agreement")
    assert (exact["cases"], exact["value"]) == (5, 0.6)
    assert statistic(out / "totals.csv", "within_one")["value"] == 0.8
    assert statistic(out / "totals.csv", "bias")["value"] == pytest.approx(0.6)
    below = statistic(out / "regions.csv", "agreement", what="total below 6")
    assert below["value"] == 1
    result = json.loads((out / "agreement.json").read_text())
    assert result["readers"]["A"] == {"file": "a.csv", "cases": 7, "failed": 0}
    assert result["shared_cases"] == {"A, B": 6}
    page = (out / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 1
    assert "://" not in page, "the report needs no network"


def test_regions_against_the_truth(tmp_path: Path) -> None:
    truth = [SEEN | {"C": "affected", "I": "affected"}, SEEN | {"C": "affected"}, SEEN, SEEN]
    reader = [SEEN | {"C": "affected"}, SEEN, SEEN | {"C": "affected"}, SEEN | {"C": "not_assessable"}]
    files = [
        write(tmp_path / f"{name}.csv", [{"case_id": str(i), "side": "left"} | row for i, row in enumerate(rows)])
        for name, rows in (("a", reader), ("b", truth), ("t", truth))
    ]
    out = tmp_path / "out"
    assert aspects(files[0], files[1], "--truth", files[2], "--out", out).exit_code == 0
    found = statistic(out / "regions.csv", "sensitivity", first="A", second="truth", what="C")
    assert (found["cases"], found["value"]) == (2, 0.5)
    assert statistic(out / "regions.csv", "specificity", first="A", second="truth", what="C")["value"] == 0
    assert statistic(out / "regions.csv", "sensitivity", first="B", second="truth", what="C")["value"] == 1
    assert statistic(out / "regions.csv", "gwet_ac1", first="B", second="truth", what="all regions")["value"] == 1
    assert statistic(out / "regions.csv", "sensitivity", first="A", second="truth", what="M1")["value"] is None
    alone = pl.read_csv(out / "regions.csv").filter(pl.col("second") == "B")
    assert "sensitivity" not in alone["statistic"].to_list(), "without a truth no reader is the measure of the other"


def test_readers_of_different_sides_are_not_compared_by_region(tmp_path: Path) -> None:
    rows = [{"case_id": "1", "side": "left"} | SEEN, {"case_id": "2", "side": "left"} | SEEN]
    first = write(tmp_path / "a.csv", [dict(row) for row in rows])
    second = write(tmp_path / "b.csv", [rows[0], rows[1] | {"side": "right"}])
    assert aspects(first, second, "--out", tmp_path / "out").exit_code == 0
    assert statistic(tmp_path / "out" / "regions.csv", "agreement", what="C")["cases"] == 1


def test_rows_that_fail_are_listed(tmp_path: Path) -> None:
    first = totals(tmp_path / "a.csv", [10, 8, 11])
    second = totals(tmp_path / "b.csv", [10, 7, 7])
    run = aspects(first, second, "--out", tmp_path / "out")
    assert run.exit_code == 1
    assert pl.read_csv(tmp_path / "out" / "errors.csv").rows() == [("A", 3, "aspects_total", "outside 0 to 10")]
    assert statistic(tmp_path / "out" / "totals.csv", "bias")["cases"] == 2


def test_intervals_repeat_with_the_seed(tmp_path: Path) -> None:
    files = [totals(tmp_path / "a.csv", [10, 8, 7, 5, 2, 6, 9]), totals(tmp_path / "b.csv", [9, 8, 5, 5, 3, 6, 7])]
    for out in ("one", "two"):
        aspects(*files, "--out", tmp_path / out, "--resamples", "200")
    assert (tmp_path / "one" / "totals.csv").read_bytes() == (tmp_path / "two" / "totals.csv").read_bytes()


def test_unusable_tables_are_refused(tmp_path: Path) -> None:
    good = totals(tmp_path / "good.csv", [7, 8])
    twice = write(tmp_path / "twice.csv", [{"case_id": "1", "aspects_total": 7}] * 2)
    others = write(tmp_path / "others.csv", [{"case_id": "x", "aspects_total": 7}])
    ages = write(tmp_path / "ages.csv", [{"case_id": "1", "age_years": 70}])
    nameless = write(tmp_path / "nameless.csv", [{"aspects_total": 7}])
    for bad, words in ((twice, "twice"), (others, "share no case"), (ages, "neither"), (nameless, "no column")):
        run = aspects(good, bad, "--out", tmp_path / "out")
        assert run.exit_code == 2, bad
        assert words in run.stderr
        assert not (tmp_path / "out").exists()
