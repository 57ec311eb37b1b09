"""Reading rule files: what is in them, what is refused and how it is said."""

import hashlib
import shutil
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from scoring.conditions import Condition, Flag, read_condition
from scoring.errors import RuleFileError
from scoring.outcomes import Action, Outcome, Tier
from scoring.rule_files import RULES_FOLDER, read_rulebook, rules_version
from scoring.rule_yaml import TABLES_FOLDER, load_yaml
from scoring.rulebook import AnyOf, Checked, Clause, RuleBook, RuleSet, Source
from tests.scoring.made_rules import made_of

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


def test_every_clause_names_its_set_and_every_group_that_is_left_out_has_a_title() -> None:
    for ruleset in read_rulebook().rulesets:
        assert {clause.ruleset for clause in ruleset.clauses} <= {ruleset.id}
        assert all(isinstance(told.title, str) and told.title for told in ruleset.not_addressed)


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


def test_the_american_edition_of_the_day_leads_and_a_superseded_one_stands_after_all_other_guidelines() -> None:
    for day, leads in ((date(2025, 6, 1), "aha-asa-2019"), (date(2026, 1, 26), "aha-asa-2026")):
        rulesets = read_rulebook().in_force(day)
        assert rulesets[0].id == leads
    guidelines = [ruleset for ruleset in rulesets if ruleset.kind == "guideline"]
    assert guidelines == list(rulesets[: len(guidelines)])
    assert guidelines[-1].id == "aha-asa-2019"


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
        ("title:", "titel:", "allowed keys are all_of, checked, clause, "),
        ("all_of:", "all_of:\nall_of:", "cannot be read: a key stands twice"),
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


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  all_of:", "  any_of:", "all_of"),
        ("fact: nihss_total, below: 6", "fact: nihss_total, beneath: 6", "needs one of"),
    ],
)
def test_a_fault_in_what_is_not_addressed_is_refused(folder: Path, old: str, new: str, said: str) -> None:
    before, mark, after = (folder / "rulesets.yaml").read_text().partition("not_addressed:")
    assert mark
    assert old in after
    (folder / "rulesets.yaml").write_text(before + mark + after.replace(old, new, 1))
    with pytest.raises(RuleFileError, match=f"'aha-asa-2026', not addressed: .*{said}"):
        read_rulebook(folder)


def test_a_clause_carries_its_citation() -> None:
    clause = next(c for c in read_rulebook().ruleset("dawn").clauses if c.group == "A")
    assert clause.source_summary == {
        "key": "nogueira-2018", "title": clause.source.title, "year": 2018, "reference": clause.source.reference,
        "locator": "entry criteria, group A", "checked": "second-hand",
    }  # fmt: skip


def test_what_a_clause_says_tells_its_direction() -> None:
    told = {clause.clause: clause.outcome_text for clause in read_rulebook().ruleset("eso-esmint-basilar-2024").clauses}
    assert told == {
        "early": "weak recommendation",
        "late": "weak recommendation",
        "mild-deficit": "weak recommendation against thrombectomy",
        "extensive-infarct": "expert consensus: may be considered",
    }
    actions = {clause.outcome_text for clause in read_rulebook().ruleset("arrival").clauses}
    assert actions <= {action.label for action in Action}


@pytest.mark.parametrize("kind", [Outcome, Action, Tier])
def test_every_verdict_has_words_of_its_own(kind: type[Outcome] | type[Action] | type[Tier]) -> None:
    words = [verdict.label for verdict in kind]
    assert all(words)
    assert len(set(words)) == len(words)


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


def test_of_a_rule_set_the_clauses_of_the_day_answer_and_once_all_have_ended_those_that_ended_last() -> None:
    turns = [date(2018, 1, 1), date(2020, 1, 1), date(2022, 1, 1)]
    swollen = Flag("mass_effect", expected=True)
    ruleset = made_of((Outcome.COR1, swollen), (Outcome.COR2A, swollen))
    clauses = [
        replace(clause, in_force_from=begin, in_force_until=end)
        for clause, (begin, end) in zip(ruleset.clauses, pairwise(turns), strict=True)
    ]
    book = RuleBook((replace(ruleset, clauses=tuple(clauses)),), "made up")

    def answering(year: int) -> list[tuple[bool, list[str]]]:
        return [(one.superseded, [c.clause for c in one.clauses]) for one in book.in_force(date(year, 1, 1))]

    assert [answering(year) for year in (2017, 2018, 2020, 2022)] == [
        [], [(False, ["a"])], [(False, ["b"])], [(True, ["b"])],
    ]  # fmt: skip


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
    with pytest.raises(RuleFileError, match=r"or neither$"):
        read_rulebook(folder)


def test_a_rule_set_is_found_by_its_id_alone() -> None:
    book = read_rulebook()
    assert book.ruleset("dawn").title == "DAWN"
    with pytest.raises(KeyError, match="dusk"):
        book.ruleset("dusk")


def test_alternatives_are_conditions_and_combinations_of_a_clause() -> None:
    clause = next(clause for clause in read_rulebook().ruleset("aha-asa-2026-swelling").clauses)
    asked = [condition.fact for condition in clause.conditions()]
    assert asked == [
        "malignant_mca_infarct", "mca_infarct_fraction", "cerebellar_infarct_volume_ml", "site_has_neurosurgery",
    ]  # fmt: skip
    combined = [[condition.fact for condition in one] for one in clause.conjunctions()]
    assert combined == [[fact, "site_has_neurosurgery"] for fact in asked[:3]]


def test_the_version_is_a_hash_that_anyone_can_work_out(folder: Path) -> None:
    digest = hashlib.sha256()
    for root in (folder, TABLES_FOLDER):
        for path in sorted(root.rglob("*.yaml")):
            digest.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    assert rules_version(folder) == f"sha256:{digest.hexdigest()[:16]}"


@pytest.mark.parametrize("ruleset", read_rulebook().rulesets, ids=lambda ruleset: ruleset.id)
def test_every_clause_says_what_its_file_says(ruleset: RuleSet) -> None:
    entries = {entry["id"]: entry for entry in load_yaml(RULES_FOLDER / "rulesets.yaml")}
    sources = load_yaml(RULES_FOLDER / "sources.yaml")
    entry, read = entries[ruleset.id], read_rulebook().ruleset(ruleset.id)
    assert (read.kind, read.title, read.name, read.otherwise, read.left_out, read.first_met_decides) == (
        entry["kind"], entry["title"], entry.get("name", ruleset.id), entry["otherwise"], entry.get("left_out"),
        entry.get("first_met_decides", False),
    )  # fmt: skip
    assert (read.unless and read.unless.fact) == (entry["unless"]["fact"] if entry.get("unless") else None)
    assert read.source == Source(entry["source"], **sources[entry["source"]])
    assert [told.title for told in read.not_addressed] == [told["title"] for told in entry.get("not_addressed", ())]
    files = {path.stem: load_yaml(path) for path in (RULES_FOLDER / entry["folder"]).glob("*.yaml")}
    assert {clause.id for clause in read.clauses} == {f"{ruleset.id}.{stem}" for stem in files}
    for clause in read.clauses:
        stem = clause.id.removeprefix(f"{ruleset.id}.")
        _holds(clause, files[stem], stem, sources)


def _holds(clause: Clause, told: dict[str, Any], stem: str, sources: dict[str, Any]) -> None:
    strength = told["strength"]
    assert (clause.id, clause.clause, clause.title, clause.locator) == (
        told["id"], told.get("clause", stem), told["title"], told["locator"],
    )  # fmt: skip
    assert clause.source == Source(told["source"], **sources[told["source"]])
    assert clause.checked == Checked(**told["checked"])
    assert (clause.outcome, clause.stance, clause.level) == (
        strength["outcome"], strength.get("stance"), strength.get("level"),
    )  # fmt: skip
    assert (clause.group, clause.note, clause.instruction) == (
        told.get("group"), told.get("note"), told.get("instruction"),
    )  # fmt: skip
    assert [yielded.split(".", 1)[1] for yielded in clause.yields_to] == told.get("yields_to", [])
    assert (clause.in_force_from, clause.in_force_until) == (told["in_force"]["from"], told["in_force"]["until"])
    assert len(clause.lines) == len(told["all_of"])
    for line, entry in zip(clause.lines, told["all_of"], strict=True):
        assert line == _line(entry)


def _line(entry: dict[str, Any]) -> Condition | AnyOf:
    """A line as its parts are read alone."""
    if "any_of" in entry:
        return AnyOf(
            tuple(tuple(read_condition(line) for line in one.get("all_of", (one,))) for one in entry["any_of"])
        )
    if "meets" in entry:
        book = read_rulebook()
        clauses = [clause for met in entry["meets"] for clause in book.ruleset(met).clauses]
        return AnyOf(tuple(one for clause in clauses for one in clause.conjunctions()), tuple(entry["meets"]))
    return read_condition(entry)


CALLERS_ASK_FOR = {
    "aha-asa-2026", "aha-asa-2019", "eso-esmint-2019", "eso-esmint-basilar-2024", "snis-large-core-2024",
    "snis-basilar-2023", "nice-ng128", "uk-ncg-2023", "jss-2021", "dawn", "defuse-3", "select2", "angel-aspect",
    "tension", "laste", "rescue-japan-limit", "attention", "baoche", "mr-clean-late",
}  # fmt: skip


def test_the_rule_sets_that_callers_ask_for_are_there_and_no_others_answer_for_thrombectomy() -> None:
    kinds = {"guideline", "trial"}
    assert {ruleset.id for ruleset in read_rulebook().rulesets if ruleset.kind in kinds} == CALLERS_ASK_FOR
    now = {ruleset.id: ruleset.superseded for ruleset in read_rulebook().in_force(date(2026, 11, 22))}
    assert set(now) >= CALLERS_ASK_FOR
    assert {ruleset for ruleset, superseded in now.items() if superseded} == {"aha-asa-2019"}
