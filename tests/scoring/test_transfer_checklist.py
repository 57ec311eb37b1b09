"""The call to the receiving centre: what is known is filled in, what is not stays empty, nothing is made up."""

from datetime import UTC, datetime

from scoring.case import Case
from scoring.derived import assess
from scoring.facts import FACTS, Facts
from scoring.transfer_checklist import checklist_items, transfer_checklist

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def known(facts: Facts) -> dict[str, dict[str, object]]:
    case = Case(evaluated_at=NOW, facts=facts)
    return {line.item.id: dict(line.known) for line in transfer_checklist(case, assess(case).values)}


def test_every_line_names_facts_that_exist_once() -> None:
    named = [fact for item in checklist_items() for fact in item.facts]
    assert set(named) <= FACTS.keys()
    assert len(named) == len(set(named))
    ids = [item.id for item in checklist_items()]
    assert len(ids) == len(set(ids))


def test_nothing_known_leaves_every_line_empty() -> None:
    lines = known(Facts())
    assert len(lines) == len(checklist_items())
    assert not any(lines.values())


def test_known_facts_fill_their_lines() -> None:
    well = datetime(2026, 11, 22, 9, tzinfo=UTC)
    lines = known(Facts(last_known_well_at=well, weight_kg=70, anticoagulant="none", thrombolysis_given=False))
    assert lines["last_known_well"]["last_known_well_at"] == well
    assert lines["weight"] == {"weight_kg": 70}
    assert lines["anticoagulant"] == {"anticoagulant": "none"}
    assert lines["thrombolysis"] == {"thrombolysis_given": False}, "a known no is not an empty line"
    assert lines["glucose"] == {}
    assert lines["goals_of_care"] == {}


def test_a_score_from_items_counts_as_known() -> None:
    items = dict.fromkeys(("1a", "1b", "1c", "2", "3", "4", "5a", "5b", "6a", "6b", "7", "8", "9", "10", "11"), 1)
    assert known(Facts(nihss_items=items))["nihss"] == {"nihss_total": 15}
