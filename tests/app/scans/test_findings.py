"""How a reading by software enters a case: never over a reader, always marked, the worse side when none is known."""

from datetime import UTC, datetime
from typing import Any

from app.scans.findings import with_reading
from scoring.aspects import Findings
from scoring.case import Case
from scoring.facts import Facts
from scoring.regions import Region, Side, Status

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)


def reading(side: str | None = "left", left: str = "", right: str = "", unseen_right: str = "") -> dict[str, Any]:
    def regions(affected: str, unseen: str = "") -> dict[str, Any]:
        words = {**dict.fromkeys(affected.split(), "affected"), **dict.fromkeys(unseen.split(), "not_assessable")}
        return {region.value: {"status": words.get(region.value, "unaffected")} for region in Region}

    return {
        "status": "scored",
        "side": side,
        "total": 10 - len(left.split()),
        "regions": {"left": regions(left), "right": regions(right, unseen_right)},
    }


def affected(case: Case) -> set[Region]:
    assert case.findings is not None
    return {region for region, status in case.findings.regions.items() if status is Status.AFFECTED}


def test_software_findings_are_used_and_marked() -> None:
    case, warnings = with_reading(Case(evaluated_at=NOW), reading(left="L I"))
    assert affected(case) == {Region.L, Region.I}
    assert case.findings is not None
    assert case.findings.side is Side.LEFT
    assert case.findings_from_software
    assert warnings == []


def test_a_side_that_does_not_stand_out_is_not_used() -> None:
    told = {**reading(side="left"), "side_stands_out": False}
    case, warnings = with_reading(Case(evaluated_at=NOW, facts=Facts(affected_side="right")), told)
    assert warnings == []
    assert case.findings is not None
    assert case.findings.side is Side.RIGHT
    case, _ = with_reading(Case(evaluated_at=NOW), told)
    assert case.findings is not None
    assert case.findings.side is None


def test_a_refused_scan_changes_nothing() -> None:
    before = Case(evaluated_at=NOW)
    case, warnings = with_reading(before, {"status": "refused"})
    assert case is before
    assert len(warnings) == 1


def test_the_readers_findings_stay_and_differences_are_named() -> None:
    seen = Findings(Side.LEFT, {Region.L: Status.UNAFFECTED, Region.I: Status.AFFECTED})
    before = Case(evaluated_at=NOW, findings=seen)
    case, warnings = with_reading(before, reading(left="L I M2"))
    assert case is before
    assert len(warnings) == 1
    assert "L (reader unaffected, software affected)" in warnings[0]
    assert "M2" not in warnings[0]  # the reader did not look there


def test_agreement_needs_no_warning() -> None:
    seen = Findings(Side.LEFT, dict.fromkeys(Region, Status.UNAFFECTED))
    assert with_reading(Case(evaluated_at=NOW, findings=seen), reading(side=None))[1] == []


def test_a_stated_total_stays() -> None:
    before = Case(evaluated_at=NOW, facts=Facts(aspects_total=5))
    case, warnings = with_reading(before, reading(left="L I"))
    assert case is before
    assert "8" in warnings[0]
    assert "5" in warnings[0]
    assert with_reading(Case(evaluated_at=NOW, facts=Facts(aspects_total=8)), reading(left="L I"))[1] == []


def test_the_symptomatic_side_counts_and_a_contradiction_is_named() -> None:
    case, warnings = with_reading(
        Case(evaluated_at=NOW, facts=Facts(affected_side="right")), reading(left="L I", right="M5")
    )
    assert affected(case) == {Region.M5}
    assert "left" in warnings[0]
    assert "right" in warnings[0]


def test_without_a_side_the_worse_of_both_is_taken() -> None:
    case, _ = with_reading(Case(evaluated_at=NOW), reading(side=None, left="M1", right="M2", unseen_right="C M1"))
    assert case.findings is not None
    assert case.findings.side is None
    assert case.findings.regions[Region.M1] is Status.AFFECTED
    assert case.findings.regions[Region.M2] is Status.AFFECTED
    assert case.findings.regions[Region.C] is Status.NOT_ASSESSABLE
    assert case.findings.regions[Region.L] is Status.UNAFFECTED
