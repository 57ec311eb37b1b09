"""The sample cases and scans get the answers that stand in expected/, and samples, table and README agree."""

import hashlib
import importlib
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from app.intake.case_file import read_case
from app.intake.site_network import load_sites

SAMPLES = Path(__file__).resolve().parent.parent.parent / "sample_data"
EXPECTED = SAMPLES / "expected"
CASES = sorted(path.stem for path in (SAMPLES / "cases").glob("*.json"))
SCANS = ("head_ct_left_mca.nii.gz", "head_ct_left_mca_dicom.zip", "head_ct_normal.nii.gz")
REMAKE = "If the new answer is right, run: python sample_data/make_expected.py"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def make_expected() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SAMPLES))
        return importlib.import_module("make_expected")


@pytest.fixture(scope="module")
def reading(make_expected: ModuleType) -> Callable[[str], Json]:
    """Each scan is read once."""
    return cache(make_expected.reading_of)


def expected(name: str) -> Json:
    content: Json = json.loads((EXPECTED / name).read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("case", CASES)
def test_case_is_answered_as_expected(make_expected: ModuleType, case: str) -> None:
    assert make_expected.triage_of(case) == expected(f"triage/{case}.json"), REMAKE


@pytest.mark.parametrize("scan", SCANS)
def test_scan_is_read_as_expected(make_expected: ModuleType, reading: Callable[[str], Json], scan: str) -> None:
    got, wanted = make_expected.essence(reading(scan)), expected(f"readings/{scan.split('.', 1)[0]}.json")
    for name in ("status", "side", "total", "warnings"):
        assert got[name] == wanted[name], REMAKE
    for name in ("total_low", "total_high"):
        assert abs(got[name] - wanted[name]) <= 1, REMAKE
    for side, regions in wanted["regions"].items():
        for region, values in regions.items():
            measured = got["regions"][side][region]
            assert measured["status"] == values["status"], (side, region, REMAKE)
            assert measured["probability"] == pytest.approx(values["probability"], abs=0.05), (side, region)
            for name in ("hu", "hu_other_side", "delta_hu"):
                assert measured[name] == pytest.approx(values[name], abs=0.3), (side, region, name)


@pytest.mark.parametrize("case", ["spoke_left_m1"])
def test_case_with_its_scan_is_answered_as_expected(
    make_expected: ModuleType, reading: Callable[[str], Json], case: str
) -> None:
    answer = make_expected.triage_of(case, reading(make_expected.SCAN_OF[case]))
    wanted = expected(f"triage_with_scan/{case}.json")
    assert answer == wanted, REMAKE
    assert (answer["aspects"]["source"], answer["transfer"]["action"]) == ("software_reading", "TRANSFER_NOW")


@pytest.mark.parametrize(
    ("scan", "implanted"),
    [
        ("head_ct_left_mca", {("left", "L"), ("left", "I"), ("left", "M2")}),
        ("head_ct_left_mca_dicom", {("left", "L"), ("left", "I"), ("left", "M2")}),
        ("head_ct_normal", set()),
    ],
)
def test_expected_reading_is_what_was_implanted(scan: str, implanted: set[tuple[str, str]]) -> None:
    regions = expected(f"readings/{scan}.json")["regions"]
    called = {
        (side, region)
        for side, of_side in regions.items()
        for region, values in of_side.items()
        if values["status"] == "affected"
    }
    assert called == implanted


def test_every_case_has_an_answer_and_every_answer_a_case() -> None:
    assert sorted(path.stem for path in (EXPECTED / "triage").iterdir()) == CASES


def test_every_case_is_told_in_the_readme_and_named_for_its_file() -> None:
    told = re.findall(r"^\| `(\w+)\.json` \|", (SAMPLES / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(told) == CASES
    for case in CASES:
        assert read_case((SAMPLES / "cases" / f"{case}.json").read_bytes()).case_id == case


def test_readme_gives_the_hash_of_every_scan() -> None:
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    for scan in SCANS:
        digest = hashlib.sha256((SAMPLES / scan).read_bytes()).hexdigest()
        assert re.search(rf"^\| `{re.escape(scan)}` \|.*`{digest}` \|$", readme, re.MULTILINE), scan


def test_table_holds_the_cases() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SAMPLES))
        table = importlib.import_module("make_cases_table")
    assert (SAMPLES / "cases.csv").read_text(encoding="utf-8") == table.table(table.rows())
    assert len(table.rows()) == len(CASES) - 1


def test_network_file_knows_the_sites_of_the_cases() -> None:
    network = load_sites(SAMPLES / "network.yaml")
    assert sorted(network) == ["central", "hillview", "riverside"]
    by_name = {site.name: site for site in network.values()}
    for case in CASES:
        site = read_case((SAMPLES / "cases" / f"{case}.json").read_bytes()).site
        assert site is not None
        known = by_name[site.name]
        for name in ("capability", "minutes_to_thrombectomy_centre", "door_to_groin_minutes", "thrombectomy_centre"):
            assert getattr(site, name) == getattr(known, name), (case, name)
