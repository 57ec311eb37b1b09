"""Agreement of two tables of readings, from the files to the report."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.batch.agreement.intraclass import intraclass_correlations
from app.batch.agreement.paper import latex
from app.cli import app
from app.version import __version__
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
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert "A & B & 5 & " in (out / "paper_totals.tex").read_text()
    assert __version__ in (out / "methods.txt").read_text()
    assert not (out / "probabilities.csv").exists()


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


def test_three_readers_at_once_are_those_that_all_have_read(tmp_path: Path) -> None:
    scores = ([9, 6, 8, 7, 10, 6, 1], [2, 1, 4, 1, 5, 2, None], [5, 3, 6, 2, 6, 4, 9])
    files = [totals(tmp_path / f"{i}.csv", list(column)) for i, column in enumerate(scores)]
    assert aspects(*files, "--out", tmp_path / "out").exit_code == 0
    found = statistic(tmp_path / "out" / "totals.csv", "icc_a1", first="A, B, C")
    assert found["cases"] == 6
    expected = intraclass_correlations(np.array([column[:6] for column in scores], dtype=float).T)
    assert found["value"] == pytest.approx(float(expected["icc_a1"]), abs=1e-6)
    pairs = pl.read_csv(tmp_path / "out" / "totals.csv").filter(pl.col("statistic") == "bias")
    assert pairs.select("first", "second").rows() == [("A", "B"), ("A", "C"), ("B", "C")]


def test_probabilities_of_the_side_that_the_truth_names(tmp_path: Path) -> None:
    """The software is right on the left side and wrong on the right; every patient is affected on the left."""
    rows = [{"case_id": str(i), "C": "affected" if i < 4 else "unaffected"} for i in range(8)]
    likely = [
        {"probability_left_C": 0.9 - i / 100 if i < 4 else 0.1, "probability_right_C": 0.1 if i < 4 else 0.9}
        for i in range(8)
    ]
    software = write(tmp_path / "a.csv", [row | one for row, one in zip(rows, likely, strict=True)])
    other = write(tmp_path / "b.csv", rows)
    truth = write(tmp_path / "t.csv", [row | {"side": "left"} for row in rows])
    out = tmp_path / "out"
    assert aspects(software, other, "--truth", truth, "--out", out).exit_code == 0
    area = statistic(out / "probabilities.csv", "auc", what="C")
    assert (area["first"], area["value"], area["interval"]) == ("A", 1, "DeLong")
    brier = sum((one["probability_left_C"] - (i < 4)) ** 2 for i, one in enumerate(likely)) / 8
    assert statistic(out / "probabilities.csv", "brier", what="all regions")["value"] == pytest.approx(brier, abs=1e-6)
    curve = pl.read_csv(out / "calibration.csv").filter(pl.col("what") == "C")
    assert curve.select("low", "cases", "observed").rows() == [(0.1, 4, 0.0), (0.8, 3, 1.0), (0.9, 1, 1.0)]
    assert (out / "report.html").read_text().count("data:image/png") == 1, "no totals, but the curves"


def test_probabilities_outside_0_to_1_fail_their_row(tmp_path: Path) -> None:
    rows = [{"case_id": str(i), "C": "affected", "probability_C": p} for i, p in enumerate([0.5, 1.5])]
    table = write(tmp_path / "a.csv", rows)
    run = aspects(table, table, "--truth", table, "--out", tmp_path / "out")
    assert run.exit_code == 1
    errors = pl.read_csv(tmp_path / "out" / "errors.csv")
    assert errors.rows() == [(name, 2, "probability_C", "outside 0 to 1") for name in ("A", "B", "truth")]


def test_a_patient_of_several_cases_gets_no_formula_that_takes_them_for_independent(tmp_path: Path) -> None:
    rows = [
        {"case_id": str(i), "patient": i // 2, "C": "affected" if i % 3 else "unaffected", "probability_C": i / 12}
        for i in range(12)
    ]
    table = write(tmp_path / "a.csv", rows)
    alone, grouped = tmp_path / "alone", tmp_path / "grouped"
    aspects(table, table, "--truth", table, "--out", alone)
    aspects(table, table, "--truth", table, "--patient", "patient", "--out", grouped)
    for out, methods in ((alone, ("DeLong", "Wilson")), (grouped, ("bootstrap", "bootstrap"))):
        assert statistic(out / "probabilities.csv", "auc", first="A", what="C")["interval"] == methods[0]
        found = statistic(out / "regions.csv", "sensitivity", first="A", what="C")
        assert found["interval"] == methods[1]


def test_subgroups_by_a_column_of_any_table(tmp_path: Path) -> None:
    first = totals(tmp_path / "a.csv", [10, 8, 7, 5, 2])
    second = totals(tmp_path / "b.csv", [10, 7, 7, 3, 2])
    notes = pl.read_csv(second).with_columns(
        vendor=pl.Series(["X", "X", "Y", None, "Y"]), mm=pl.Series([1, 3, 5, 2, None])
    )
    notes.write_csv(second)
    out = tmp_path / "out"
    assert aspects(first, second, "--by", "vendor", "--by", "mm:3,5", "--out", out).exit_code == 0
    groups = pl.read_csv(out / "subgroups.csv").filter(pl.col("what") == "total", pl.col("statistic") == "bias")
    assert groups.select("by", "group", "cases", "value").rows() == [
        ("vendor", "X", 2, 0.5),
        ("vendor", "Y", 2, 0.0),
        ("vendor", "not known", 1, 2.0),
        ("mm", "below 3", 2, 1.0),
        ("mm", "3 to below 5", 1, 1.0),
        ("mm", "5 or more", 1, 0.0),
        ("mm", "not known", 1, 0.0),
    ]


def test_subgroups_that_cannot_be_are_refused(tmp_path: Path) -> None:
    rows = [{"case_id": str(i), "aspects_total": 7, "vendor": "X", "mm": i} for i in range(13)]
    first = write(tmp_path / "a.csv", rows)
    second = write(tmp_path / "b.csv", [rows[0] | {"vendor": "Y"}, *rows[1:]])
    bad = {
        "hospital": "no table",
        "mm": "13 values",
        "mm:": "rising cuts",
        "mm:5,3": "rising cuts",
        "vendor": "different",
    }
    for by, words in bad.items():
        run = aspects(first, second, "--by", by, "--out", tmp_path / "out")
        assert run.exit_code == 2, by
        assert words in run.stderr
    assert not (tmp_path / "out").exists()


def test_results_of_an_earlier_run_do_not_stay_beside_new_ones(tmp_path: Path) -> None:
    rows = [{"case_id": str(i), "aspects_total": 7, "C": "affected", "probability_C": i / 3} for i in range(3)]
    table = write(tmp_path / "a.csv", rows)
    out = tmp_path / "out"
    aspects(table, table, "--truth", table, "--by", "probability_C:0.5", "--out", out)
    assert {"probabilities.csv", "calibration.csv", "subgroups.csv"} <= {path.name for path in out.iterdir()}
    aspects(table, table, "--out", out)
    assert not {"probabilities.csv", "calibration.csv", "subgroups.csv"} & {path.name for path in out.iterdir()}


def test_latex_says_what_the_table_says(tmp_path: Path) -> None:
    """Every sign that LaTeX reads for itself is told that it is a sign."""
    text = latex([{"Group": "5 % & more_{#}", "Cases": "–"}], "Ten $ ~ and a \\")
    assert r"5 \% \& more\_\{\#\} & -- \\" in text
    assert r"\caption{Ten \$ \textasciitilde{} and a \textbackslash{}}" in text
