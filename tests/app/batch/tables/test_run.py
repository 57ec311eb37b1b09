"""A run over a table: every format, bad rows listed and passed over, nothing half-written."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.batch.faults import TableUnusable
from app.batch.tables import reading
from app.batch.tables.column_map import ColumnMap, read_column_map
from app.batch.tables.run import Options, run_table
from app.cli import app
from scoring.facts import FACTS, Kind

ROOT = Path(__file__).parents[4]
CASES = ROOT / "sample_data" / "cases.csv"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def aspects(*arguments: str | Path) -> Result:
    run = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert run.exception is None or isinstance(run.exception, SystemExit), run.exception
    return run


def read(path: Path) -> pl.DataFrame:
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    if path.suffix == ".jsonl":
        return pl.read_ndjson(path, infer_schema_length=None)
    return pl.read_csv(path, infer_schema=False, separator="\t" if path.suffix == ".tsv" else ",")


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".jsonl"])
def test_every_format_out_and_in_again_gives_the_same_answers(tmp_path: Path, suffix: str) -> None:
    first, again = tmp_path / f"first{suffix}", tmp_path / f"again{suffix}"
    assert aspects("batch", CASES, "--out", first, "--rulesets", "aha-asa-2026,dawn").exit_code == 0
    answers = read(first)
    assert answers.height == 19
    typed = answers.drop([c for c in answers.columns if "_outcome" in c or "_clause" in c or "_missing" in c])
    typed = typed.drop("status", "status_reason", "aspects_total", "aspects_low", "aspects_high", "window")
    if suffix == ".jsonl":
        kinds = {name: FACTS[name].kind for name in typed.columns if name in FACTS}
        numbers = [name for name, kind in kinds.items() if kind in {Kind.NUMBER, Kind.INTEGER}]
        flags = [name for name, kind in kinds.items() if kind is Kind.BOOLEAN]
        whole = [
            pl.col(name).cast(pl.Float64).cast(pl.Int64 if kinds[name] is Kind.INTEGER else pl.Float64)
            for name in numbers
        ]
        typed = typed.with_columns([*whole, pl.col(flags) == "true"])
    second = tmp_path / f"second{suffix}"
    {
        ".csv": typed.write_csv,
        ".tsv": lambda path: typed.write_csv(path, separator="\t"),
        ".parquet": typed.write_parquet,
        ".jsonl": typed.write_ndjson,
    }[suffix](second)
    assert aspects("batch", second, "--out", again, "--rulesets", "aha-asa-2026,dawn").exit_code == 0
    columns = ["status", "window", "aha-asa-2026_outcome", "aha-asa-2026_clause", "dawn_outcome", "dawn_missing"]
    assert read(again).select(columns).equals(answers.select(columns))


def test_bad_rows_are_listed_and_stop_nothing(tmp_path: Path) -> None:
    table, out = tmp_path / "in.csv", tmp_path / "out.csv"
    table.write_bytes(
        b"\xef\xbb\xbfage_years,nihss_total,mass_effect,note\r\n"
        b'70,16,false,"two\nlines"\r\n'
        b"-5,16,false,\n"
        b"7O,4.5,no,\n"
        b"70,16\n"
        b" ,,,\n"
        b"70,16,TRUE,\xff\n"
        b"70,16,,1,2\n"
        b"1e999,7.0,,\n"
    )
    run = aspects("batch", table, "--out", out)
    assert run.exit_code == 1
    assert run.stdout == ""
    faults = pl.read_csv(tmp_path / "out.errors.csv").rows()
    assert faults == [
        (2, "age_years", "outside 0 to 120"),
        (3, "age_years", "not a number"),
        (3, "nihss_total", "not a whole number"),
        (3, "mass_effect", "not true or false"),
        (4, "", "the row does not have 4 cells"),
        (6, "note", "not UTF-8"),
        (7, "", "the row does not have 4 cells"),
        (8, "age_years", "not a number"),
    ]
    answers = read(out)
    assert answers["status"].to_list() == [
        "judged", "failed", "failed", "failed", "judged", "failed", "failed", "failed",
    ]  # fmt: skip
    assert answers["note"][0] == "two\nlines"
    failed = answers.filter(pl.col("status") == "failed")
    assert failed["status_reason"].null_count() == 0
    assert failed["aha-asa-2026_outcome"].null_count() == failed.height


def test_lines_of_json_are_judged_one_by_one(tmp_path: Path) -> None:
    table, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    table.write_text(
        '{"age_years": 70, "nihss_total": "16"}\n'
        '{"age_years": 70, "age_years": 3}\n\n'
        "null\n"
        '{"age_years": false}\n'
        '{"age_years": NaN}\n'
        '{"age_years": 70, "extra": [1, {"a": 2}], "aspects_total": 7, "minutes_since_last_known_well": 90}\n'
    )
    assert aspects("batch", table, "--out", out).exit_code == 1
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["status"] for row in rows] == ["failed"] * 5 + ["judged"]
    assert rows[-1]["extra"] == [1, {"a": 2}]
    assert (rows[-1]["aspects_total"], rows[-1]["window"]) == (7, "0-6 h")
    faults = pl.read_csv(tmp_path / "out.errors.csv")
    assert faults["row"].to_list() == [1, 2, 3, 4, 5]
    assert "16" not in faults["reason"][0]


def test_memory_stays_flat_because_rows_come_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same answers whatever the size of a chunk, faults with the numbers of the whole table."""
    monkeypatch.setattr(reading, "CHUNK_ROWS", 7)
    monkeypatch.setattr(reading, "_BLOCK_BYTES", 64)
    ages = [str(age) if age % 10 else "x" for age in range(1, 101)]
    table = tmp_path / "in.csv"
    table.write_text("age_years,nihss_total\n" + "\n".join(f"{age},12" for age in ages) + "\n")
    seen: list[int] = []
    summary = run_table(table, tmp_path / "o.csv", tmp_path / "e.csv", Options(NOW, ColumnMap()), seen.append)
    assert len(seen) > 5
    assert (summary.rows, summary.failed) == (100, 10)
    assert pl.read_csv(tmp_path / "e.csv")["row"].to_list() == list(range(10, 101, 10))
    assert read(tmp_path / "o.csv")["age_years"].to_list() == ages


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no columns"),
        (b"age_years,age_years\n1,2\n", "same name"),
        (b"hospital\nA\n", "No column"),
        (b'age_years,note\n70,"never closed\n71,x\n', "quotation mark"),
        (b"age_years,status\n70,x\n", "--prefix"),
        (b"\xff\xfea\x00", "not a readable"),
    ],
)
def test_unusable_tables_are_refused_and_leave_nothing(tmp_path: Path, content: bytes, words: str) -> None:
    table = tmp_path / "in.csv"
    table.write_bytes(content)
    run = aspects("batch", table, "--out", tmp_path / "out.csv")
    assert run.exit_code == 2
    assert words in run.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rulesets", "aha"], "Rule sets to choose from"),
        (["--evaluated-at", "2026-11-22"], "--evaluated-at"),
        (["--rules-on", "soon"], "--rules-on"),
        (["--errors", "in.csv"], "three different files"),
        (["--errors", "faults.txt"], "ends with"),
        (["--map", "in.csv"], "in.csv"),
    ],
)
def test_unusable_options_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text("age_years\n70\n")
    run = aspects("batch", "in.csv", "--out", "out.csv", *arguments)
    assert run.exit_code == 2
    assert words in run.stderr
    assert not Path("out.csv").exists()


def test_missing_and_damaged_files_are_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "in.parquet"
    damaged.write_bytes(b"PAR1 this is none")
    for table in (damaged, tmp_path / "nothing.csv", tmp_path / "in.xlsx", tmp_path):
        assert aspects("batch", table, "--out", tmp_path / "out.csv").exit_code == 2


def test_nested_columns_need_a_format_that_holds_them(tmp_path: Path) -> None:
    table = tmp_path / "in.parquet"
    pl.DataFrame({"age_years": [70], "scans": [["a", "b"]]}).write_parquet(table)
    assert aspects("batch", table, "--out", tmp_path / "out.parquet").exit_code == 0
    run = aspects("batch", table, "--out", tmp_path / "out.csv")
    assert run.exit_code == 2
    assert "nested" in run.stderr
    assert not (tmp_path / "out.csv").exists()


def test_rules_of_another_day(tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    table.write_text("age_years,evaluated_at\n70,2018-06-01T00:00:00Z\n")
    aspects("batch", table, "--out", tmp_path / "then.csv")
    aspects("batch", table, "--out", tmp_path / "now.csv", "--rules-on", "2026-11-22")
    assert read(tmp_path / "then.csv")["aha-asa-2026_outcome"][0] is None
    assert read(tmp_path / "now.csv")["aha-asa-2026_outcome"][0] is not None


MAP = """
columns:
  age_years: {column: alter, unit: months}
  nihss_total: NIHSS
  minutes_since_last_known_well: {column: onset_h, unit: h}
  occlusion_site: {column: vessel, values: {1: mca_m1, 2: null}}
  C: cau
  L: len
region_values: {0: unaffected, 1: affected, 9: not_assessable}
constants: {haemorrhage_on_imaging: false}
not_known: [n/a]
ignore: [mass_effect]
"""


def test_foreign_names_codes_and_units(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(MAP)
    table, out = tmp_path / "in.csv", tmp_path / "out.csv"
    table.write_text(
        "alter,NIHSS,onset_h,vessel,cau,len,mass_effect\n"
        "840,16,1.51,1,0,1.0,whatever\n"
        "n/a,n/a,n/a,2,9,,whatever\n"
        "840,16,1,3,2,0,whatever\n"
    )
    run = aspects("batch", table, "--map", tmp_path / "map.yaml", "--out", out)
    assert run.exit_code == 1
    answers = read(out)
    assert answers["status"].to_list() == ["judged", "judged", "failed"]
    assert answers["aspects_high"].to_list() == ["9", "10", None]
    assert answers["window"].to_list() == ["0-6 h", None, None]
    assert pl.read_csv(tmp_path / "out.errors.csv").rows() == [
        (3, "vessel", "a code to which the map gives no meaning"),
        (3, "cau", "a code to which the map gives no meaning"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "columns: [age]",
        "columns: {agee: age}",
        "columns: {age_years: {column: age, unit: fortnight}}",
        "columns: {age_years: {col: age}}",
        "columns: {age_years: age}\nconstants: {age_years: 7}",
        "weights: {}",
        "columns: {age_years: [",
        "not_known: x",
    ],
)
def test_maps_that_cannot_be_used_say_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(text)
    with pytest.raises(TableUnusable, match=r"map\.yaml"):
        read_column_map(path)


def test_map_with_a_missing_column_or_an_impossible_constant(tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    table.write_text("age_years\n70\n")
    for text in ("columns: {nihss_total: NIHSS}", "constants: {mass_effect: maybe}"):
        (tmp_path / "map.yaml").write_text(text)
        run = aspects("batch", table, "--map", tmp_path / "map.yaml", "--out", tmp_path / "out.csv")
        assert run.exit_code == 2, text


@pytest.mark.shared
@pytest.mark.parametrize(("name", "mapping"), [("marvel.csv", "marvel"), ("soop-participants.tsv", "soop")])
def test_published_tables_are_judged_whole(tmp_path: Path, shared: Path, name: str, mapping: str) -> None:
    out = tmp_path / "out.parquet"
    run = aspects("batch", shared / "tables" / name, "--map", ROOT / "docs" / "maps" / f"{mapping}.yaml", "--out", out)
    assert run.exit_code == 0, run.stderr
    answers = read(out)
    assert answers.height == len((shared / "tables" / name).read_text().splitlines()) - 1
    assert set(answers["status"]) == {"judged"}
