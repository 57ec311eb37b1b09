"""Reading rule files: what is in them, what is refused and how it is said."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from scoring.errors import RuleFileError
from scoring.rule_files import RULES_FOLDER, read_rulebook
from scoring.rulebook import RuleSet

CLAUSE = Path("aha_asa_2026") / "4.7.2-3.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RULES_FOLDER, tmp_path / "rules"))


def test_every_clause_is_cited_dated_and_marked() -> None:
    for ruleset in read_rulebook().rulesets:
        for clause in ruleset.clauses:
            assert clause.source.reference
            assert clause.locator
            assert clause.checked.status in {"read", "second-hand", "memory"}
            assert clause.in_force_from <= date(2026, 11, 22)
            assert clause.lines


def test_nobody_has_checked_a_clause_without_a_name_and_a_date() -> None:
    for ruleset in read_rulebook().rulesets:
        for clause in ruleset.clauses:
            assert (clause.checked.by is None) == (clause.checked.on is None)


def test_a_date_before_a_guideline_leaves_it_out() -> None:
    before = {ruleset.id for ruleset in read_rulebook().in_force(date(2020, 1, 1))}
    assert "aha-asa-2026" not in before
    assert {"dawn", "defuse-3"} <= before


def test_an_old_edition_answers_alone_on_its_dates_and_is_marked_when_superseded() -> None:
    then = {ruleset.id: ruleset for ruleset in read_rulebook().in_force(date(2020, 1, 1))}
    now = {ruleset.id: ruleset for ruleset in read_rulebook().in_force(date(2026, 1, 26))}
    assert not then["aha-asa-2019"].superseded
    assert now["aha-asa-2019"].superseded
    assert not now["aha-asa-2026"].superseded
    assert len(now["aha-asa-2019"].clauses) == len(then["aha-asa-2019"].clauses)


def test_the_version_follows_the_files(folder: Path) -> None:
    before = read_rulebook(folder).version
    assert before == read_rulebook().version
    (folder / CLAUSE).write_text((folder / CLAUSE).read_text().replace("below: 80", "below: 81"))
    assert read_rulebook(folder).version != before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("fact: nihss_total", "fact: nihss", "no fact 'nihss'"),
        ("at_least: 6", "at_least: 60", "lies between 0 and 42"),
        ("at_least: 6", "atleast: 6", "needs one of"),
        ("at_least: 6", 'at_least: "6"', "a bound is a number"),
        ("between: [3, 5]", "between: [5, 3]", "lower bound above"),
        ("is: false", "is: no", "needs one of"),
        ("mca_m1]", "mca_m9]", "no such choice"),
        ("mca_m1]", "mca_m2_unspecified]", "too coarse"),
        ("fact: mass_effect, is: false", "fact: mass_effect, at_least: 1", "does not fit"),
        ("source: prabhakaran-2026", "source: somebody", "somebody"),
        ("outcome: COR1", "outcome: COR9", "COR9"),
        ("status: second-hand", "status: surely", "checked.status"),
        ("title:", "titel:", "allowed keys"),
        ("all_of:", "all_of:\nall_of:", "stands twice"),
        ("id: aha-asa-2026.4.7.2-3", "id: aha-asa-2026.4.7.2-9", "named after the id"),
        ("id: aha-asa-2026.4.7.2-3", "id: dawn.4.7.2-3", "should start with"),
        ("age_years, at_least: 18, below: 80", "age_years, at_least: 18, above: 20", "same bound twice"),
        ("locator:", "locator: [", "cannot be read"),
    ],
)
def test_a_fault_is_refused_with_the_file_and_the_fault(folder: Path, old: str, new: str, said: str) -> None:
    text = (folder / CLAUSE).read_text()
    assert old in text
    (folder / CLAUSE).write_text(text.replace(old, new, 1))
    with pytest.raises(RuleFileError) as caught:
        read_rulebook(folder)
    assert "4.7.2-3.yaml" in str(caught.value)
    assert said in str(caught.value)


def test_a_rule_set_without_clauses_is_refused(folder: Path) -> None:
    shutil.rmtree(folder / "dawn")
    with pytest.raises(RuleFileError, match="no clause files"):
        read_rulebook(folder)


def test_a_rule_set_with_an_unknown_source_is_refused(folder: Path) -> None:
    text = (folder / "rulesets.yaml").read_text()
    (folder / "rulesets.yaml").write_text(text.replace("source: nogueira-2018", "source: nobody"))
    with pytest.raises(RuleFileError, match="unknown source"):
        read_rulebook(folder)


def test_between_two_turns_the_rule_book_stands_still() -> None:
    book = read_rulebook()
    days = sorted({clause.in_force_from for ruleset in book.rulesets for clause in ruleset.clauses})
    for day in days:
        assert book.period(day) == day
        for later in (day + timedelta(days=1), day + timedelta(days=30)):
            start = book.period(later)
            assert start <= later
            assert [_stand(ruleset) for ruleset in book.in_force(start)] == [_stand(r) for r in book.in_force(later)]
    assert book.in_force(book.period(date(1990, 1, 1))) == ()


def _stand(ruleset: RuleSet) -> tuple[str, bool, tuple[str, ...]]:
    return ruleset.id, ruleset.superseded, tuple(clause.id for clause in ruleset.clauses)


@pytest.mark.parametrize(
    ("clause", "line", "said"),
    [
        ("4.7.2-1", "yields_to: ['nothing']\n", "yields to a clause that does not exist"),
        ("4.7.2-3", "yields_to: ['4.7.2-3']\n", "in a circle"),
    ],
)
def test_a_precedence_that_leads_nowhere_is_refused(folder: Path, clause: str, line: str, said: str) -> None:
    path = folder / "aha_asa_2026" / f"{clause}.yaml"
    kept = [one for one in path.read_text().splitlines() if not one.startswith("yields_to")]
    path.write_text("\n".join([*kept, line]))
    with pytest.raises(RuleFileError, match=said):
        read_rulebook(folder)


@pytest.mark.parametrize("half", ["by: Somebody, on: null", "by: null, on: 2026-01-01"])
def test_a_check_without_a_name_or_without_a_day_is_refused(folder: Path, half: str) -> None:
    text = (folder / CLAUSE).read_text()
    assert "by: null, on: null" in text
    (folder / CLAUSE).write_text(text.replace("by: null, on: null", half, 1))
    with pytest.raises(RuleFileError, match="or neither"):
        read_rulebook(folder)


def test_a_rule_set_is_found_by_its_id_alone() -> None:
    book = read_rulebook()
    assert book.ruleset("dawn").title == "DAWN"
    with pytest.raises(KeyError):
        book.ruleset("dusk")


def test_alternatives_are_conditions_and_combinations_of_a_clause() -> None:
    clause = next(clause for clause in read_rulebook().ruleset("aha-asa-2026-swelling").clauses)
    asked = [condition.fact for condition in clause.conditions()]
    assert asked == [
        "malignant_mca_infarct", "mca_infarct_fraction", "cerebellar_infarct_volume_ml", "site_has_neurosurgery",
    ]  # fmt: skip
    combined = [[condition.fact for condition in one] for one in clause.conjunctions()]
    assert combined == [[fact, "site_has_neurosurgery"] for fact in asked[:3]]
