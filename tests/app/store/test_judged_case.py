"""The text that a record keeps is byte for byte that of the answer, with and without the reading's warnings."""

from pathlib import Path

import pytest
from pydantic_core import to_json

from app.answers.parts import versions_json
from app.intake.case_file import read_case
from app.store.judged_case import JudgedCase, read_judged_case
from app.triage import rulebook

CASES = sorted((Path(__file__).resolve().parents[3] / "sample_data" / "cases").glob("*.json"))


@pytest.mark.parametrize("warnings", [(), ("The scan was read otherwise.",)], ids=["no scan", "scan"])
@pytest.mark.parametrize("parts", [None, ["evt", "time"]], ids=["all", "two parts"])
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_the_record_keeps_is_the_answer(path: Path, parts: list[str] | None, warnings: tuple[str, ...]) -> None:
    judged = JudgedCase(read_case(path.read_bytes()), parts, warnings)
    answer = judged.judge()
    assert judged.judge_text() == to_json(answer)
    assert read_judged_case(judged.to_json()).judge_text() == to_json(answer)
    assert answer["versions"] == versions_json(rulebook())
