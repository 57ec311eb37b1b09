"""A clinician's calls stand in the reading as theirs, beside what the software said and never as its own."""

from typing import Any

import pytest

from app.interop.dicom_out.clinicians_reading import as_clinician_reads, can_be_shown, differences, is_of_software
from scoring.regions import Region
from tests.app.interop.dicom_out.made import refused_reading, scored_reading

OWN = {region.value: "unaffected" for region in Region} | {"L": "affected", "M3": "affected"}


def aspects(**changes: Any) -> dict[str, Any]:
    """What the judged answer tells of a score that a clinician entered."""
    return {"source": "region_findings", "side": "left", "total": 8, "low": 8, "high": 8, "regions": OWN} | changes


def test_calls_that_differ_lose_what_was_the_softwares() -> None:
    software = scored_reading()
    told = as_clinician_reads(software, aspects())
    left, before = told["regions"]["left"], software["regions"]["left"]
    assert (left["M5"]["status"], left["M5"]["software_status"]) == ("unaffected", "affected")
    assert left["M5"]["probability"] is None
    assert left["M5"]["hu"] == before["M5"]["hu"], "what was measured stays"
    assert left["L"] == before["L"], "a call that agrees stays as it is"
    assert (told["side"], told["total"], told["total_low"], told["total_high"]) == ("left", 8, 8, 8)


def test_the_other_side_stays_the_softwares() -> None:
    software = scored_reading()
    assert as_clinician_reads(software, aspects())["regions"]["right"] == software["regions"]["right"]


def test_the_reading_that_is_given_is_not_changed() -> None:
    software = scored_reading()
    as_clinician_reads(software, aspects())
    assert software == scored_reading()


def test_each_difference_is_a_sentence() -> None:
    assert differences(as_clinician_reads(scored_reading(), aspects())) == [
        "Region M3, left side: affected by the clinician, not assessable by the software.",
        "Region M5, left side: unaffected by the clinician, affected by the software.",
    ]
    assert differences(scored_reading()) == []


@pytest.mark.parametrize(
    "told",
    [
        None,
        aspects(side=None),
        aspects(regions=None),
        aspects(regions={"M1": "affected"}),
        aspects(regions=OWN | {"C": None}),
    ],
)
def test_calls_without_side_or_region_cannot_be_shown(told: dict[str, Any] | None) -> None:
    assert not can_be_shown(scored_reading(), told)


def test_only_a_scored_scan_can_show_calls() -> None:
    assert can_be_shown(scored_reading(), aspects())
    assert not can_be_shown(refused_reading(), aspects())
    assert not can_be_shown(None, aspects())


def test_a_score_is_the_softwares_until_somebody_enters_their_own() -> None:
    assert is_of_software(None)
    assert is_of_software(aspects(source="software_reading"))
    assert not is_of_software(aspects())
