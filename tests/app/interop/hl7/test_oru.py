"""The result message: what another project's parser and validator make of it."""

from typing import Any

import hl7
import pytest
from hl7apy.parser import parse_message
from hl7apy.validation import Validator

from app.interop.hl7.oru import NoPatient, oru_r01
from app.interop.hl7.target import Hl7Target
from app.interop.hl7.text import escaped
from tests.app.interop.hl7.results import result

TARGET = Hl7Target(name="ris", events=("result.final",), host="ris", port=2575)


def message(**changes: Any) -> str:
    return oru_r01(TARGET, "ABCDEFGHIJKLMNOPQRST", "2026-03-01T11:31:00Z", result(**changes))


REFUSED = {"status": "refused", "refusal": {"code": "NOT_A_HEAD", "text": "This is not a head."}, "verdict": None}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        REFUSED,
        {"total": None, "verdict": None},
        {"side": None, "regions": {"": {"I": "affected"}}},
        {"result_status": "corrected", "notes": ["a|b^c&d~e\\f\r\ng"]},
        {"status": "not_scored", "refusal": None},
    ],
    ids=["scored", "refused", "incomplete", "no side", "hostile note", "no score"],
)
def test_another_projects_validator_finds_nothing(changes: dict[str, Any]) -> None:
    assert Validator.validate(parse_message(message(**changes), find_groups=True)) is True


@pytest.mark.parametrize(("status", "letter"), [("preliminary", "P"), ("final", "F"), ("corrected", "C")])
def test_status_follows_the_signature(status: str, letter: str) -> None:
    parsed = hl7.parse(message(result_status=status))
    assert str(parsed.segment("OBR")[25]) == letter
    assert {str(observation[11]) for observation in parsed.segments("OBX")} == {letter}


def test_the_score_is_coded_and_a_number() -> None:
    score = hl7.parse(message()).segments("OBX")[0]
    assert str(score[3]) == "1290002002^Alberta Stroke Program Early CT score^SCT"
    assert (str(score[2]), str(score[5]), str(score[11])) == ("NM", "8", "P")


def test_every_region_says_its_side() -> None:
    coded = [str(line[3]) for line in hl7.parse(message()).segments("OBX")]
    regions = [code for code in coded if "ASPECTS region" in code]
    assert len(regions) == 10
    assert all("patient's left" in code for code in regions)


@pytest.mark.parametrize("changes", [REFUSED, {"total": None}, {"status": "not_scored"}])
def test_no_score_is_no_number_and_says_that_there_is_none(changes: dict[str, Any]) -> None:
    score = hl7.parse(message(**changes)).segments("OBX")[0]
    assert (str(score[5]), str(score[11])) == ("", "X")


def test_times_are_told_in_utc_with_their_offset() -> None:
    parsed = hl7.parse(message())
    assert str(parsed.segment("MSH")[7]) == "20260301113100+0000"
    assert str(parsed.segment("OBR")[7]) == "20260301113000+0000"


@pytest.mark.parametrize("identity", [None, {}, {"patient_id": ""}])
def test_no_message_goes_out_without_a_patient(identity: dict[str, str] | None) -> None:
    with pytest.raises(NoPatient):
        message(identity=identity)


@pytest.mark.parametrize("evil", ["x\rOBX|9|NM|evil", "x\nMSH|", "\x0b\x1c\r", "a\x85b\u2028c"])
def test_no_value_can_add_a_segment(evil: str) -> None:
    identity = {"patient_id": evil, "issuer": evil, "accession_number": evil}
    changed = message(identity=identity, report_id=evil, notes=[evil], verdict=None)
    assert [line[:3] for line in changed.split("\r")] == [line[:3] for line in message(verdict=None).split("\r")]


def test_delimiters_come_back_as_they_were() -> None:
    text = r"a|b^c&d~e\f"
    assert escaped(text) == r"a\F\b\S\c\T\d\R\e\E\f"
    assert hl7.parse(message()).unescape(escaped(text)) == text


def test_the_same_result_is_the_same_message_when_it_is_sent_again() -> None:
    assert message() == message()
