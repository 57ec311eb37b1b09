"""A hospital's own cautions: stricter, shown as local, and never able to loosen a guideline."""

import hashlib
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from scoring.conditions import Bounds
from scoring.errors import RuleFileError
from scoring.local_policy import read_policy, with_local_policy
from scoring.outcomes import Tier
from scoring.rule_files import read_rulebook
from scoring.rulebook import Checked, Clause, RuleSet, Source
from scoring.thrombolysis import ThrombolysisAdvice, thrombolysis_advice
from scoring.values import Interval, Known

BOOK = read_rulebook()
ON = date(2026, 11, 22)
EXAMPLE = Path(__file__).resolve().parent.parent.parent / "sample_data" / "local_policy.yaml"
HEAD = "title: Ours\nyear: 2026\ncautions:\n"
CAUTION = "  - {id: a, title: A, tier: ABSOLUTE, all_of: [{fact: inr, above: 1.2}]}\n"


def policy(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def advice(path: Path | None, values: dict[str, Known]) -> ThrombolysisAdvice:
    return thrombolysis_advice(with_local_policy(BOOK, path), ON, values)[0]


def test_a_local_caution_stands_beside_the_guideline_and_is_marked(tmp_path: Path) -> None:
    path = policy(tmp_path, HEAD + CAUTION)
    values: dict[str, Known] = {"inr": 1.3}
    assert not advice(None, values).is_contraindicated
    told = advice(path, values)
    assert told.is_contraindicated
    (local,) = [caution for caution in told.cautions if caution.is_local]
    assert (local.clause.id, local.tier, local.clause.source.title) == ("local.a", Tier.ABSOLUTE, "Ours")


def test_what_a_local_contraindication_asks_and_nobody_answered_is_named(tmp_path: Path) -> None:
    path = policy(tmp_path, HEAD + CAUTION.replace("inr, above: 1.2", "days_since_dural_puncture, below: 7"))
    assert "days_since_dural_puncture" not in advice(None, {}).unknown
    assert "days_since_dural_puncture" in advice(path, {}).unknown


def test_a_mismatch_of_which_one_volume_is_not_known_is_named_unless_it_is_settled(tmp_path: Path) -> None:
    path = policy(tmp_path, HEAD + CAUTION.replace("inr, above: 1.2", "mismatch_volume_ml, at_least: 15"))
    assert "mismatch_volume_ml" in advice(path, {}).unknown
    assert "mismatch_volume_ml" in advice(path, {"mismatch_volume_ml": Interval(-1900, 100)}).unknown
    assert "mismatch_volume_ml" not in advice(path, {"mismatch_volume_ml": Interval(-1990, 10)}).unknown
    beside = policy(tmp_path, HEAD + CAUTION.replace("[{", "[{fact: mismatch_volume_ml, at_least: 15}, {"))
    told = advice(beside, {"mismatch_volume_ml": Interval(20, 1900)}).unknown
    assert "inr" in told
    assert "mismatch_volume_ml" not in told


@pytest.mark.parametrize(
    "values",
    [{"inr": 2.0}, {"days_since_neurosurgery": 5}, {"platelets_10e9_per_l": 50}, {"aortic_arch_dissection": True}],
)
def test_a_policy_takes_nothing_of_the_guideline_away(values: dict[str, Known]) -> None:
    alone, layered = advice(None, values), advice(EXAMPLE, values)
    kept = {caution.clause.id for caution in layered.cautions if not caution.is_local}
    assert kept == {caution.clause.id for caution in alone.cautions}
    assert layered.answer.outcome == alone.answer.outcome


def test_the_example_adds_its_own_days() -> None:
    told = {caution.clause.id for caution in advice(EXAMPLE, {"days_since_neurosurgery": 59}).cautions}
    assert "local.neurosurgery-60-days" in told
    assert "local.neurosurgery-60-days" not in {
        c.clause.id for c in advice(EXAMPLE, {"days_since_neurosurgery": 60}).cautions
    }


def test_the_version_of_the_rules_tells_of_the_policy(tmp_path: Path) -> None:
    one = with_local_policy(BOOK, policy(tmp_path, HEAD + CAUTION)).version
    other = with_local_policy(BOOK, policy(tmp_path, HEAD + CAUTION.replace("1.2", "1.3"))).version
    assert len({BOOK.version, one, other}) == 3
    assert one.startswith(BOOK.version)
    digest = hashlib.sha256((HEAD + CAUTION).encode()).hexdigest()
    assert one == f"{BOOK.version}+local:{digest[:16]}"


FULL = """
title: Ours
year: 2026
reference: Stroke manual, chapter 4
checked: {status: memory, by: A. Doctor, on: 2026-11-01}
cautions:
  - id: a
    title: INR above 1.2
    tier: RELATIVE
    note: Call the consultant.
    locator: table 2
    all_of: [{fact: inr, above: 1.2}]
"""


def test_a_policy_is_read_as_it_is_written(tmp_path: Path) -> None:
    ruleset = read_policy(policy(tmp_path, FULL))
    source = Source("local", "Ours", 2026, "Stroke manual, chapter 4")
    (clause,) = ruleset.clauses
    assert vars_of(ruleset) == {
        "id": "local", "kind": "caution", "name": "local", "title": "Ours", "source": source, "otherwise": Tier.NOTE,
        "unless": None, "left_out": None, "clauses": (clause,), "first_met_decides": False, "not_addressed": (),
        "superseded": False,
    }  # fmt: skip
    assert vars_of(clause) == {
        "id": "local.a", "ruleset": "local", "clause": "a", "title": "INR above 1.2", "source": source,
        "locator": "table 2", "checked": Checked("memory", "A. Doctor", date(2026, 11, 1)), "outcome": Tier.RELATIVE,
        "stance": None, "level": None, "group": None, "note": "Call the consultant.", "instruction": None,
        "lines": (Bounds("inr", low=1.2, low_is_strict=True),), "yields_to": (), "in_force_from": date(2000, 1, 1),
        "in_force_until": None,
    }  # fmt: skip


def test_what_a_policy_leaves_out_stays_empty(tmp_path: Path) -> None:
    ruleset = read_policy(policy(tmp_path, HEAD + CAUTION))
    assert ruleset.source == Source("local", "Ours", 2026, "")
    assert (ruleset.clauses[0].locator, ruleset.clauses[0].note) == ("", None)
    assert ruleset.clauses[0].checked == Checked("read", None, None)


def test_titles_that_look_like_numbers_are_words(tmp_path: Path) -> None:
    text = "title: 12\nyear: '2026'\nreference: 4\ncautions:\n  - {id: 1, title: 2, tier: ABSOLUTE, locator: 3, "
    ruleset = read_policy(policy(tmp_path, text + "all_of: [{fact: inr, above: 1.2}]}\n"))
    (clause,) = ruleset.clauses
    assert ruleset.source == Source("local", "12", 2026, "4")
    assert (clause.id, clause.clause, clause.title, clause.locator) == ("local.1", "1", "2", "3")


def vars_of(thing: RuleSet | Clause) -> dict[str, object]:
    return {field.name: getattr(thing, field.name) for field in fields(thing)}


POLICY_KEYS = "policy.yaml: allowed keys are cautions, checked, reference, title, year"
CAUTION_KEYS = "policy.yaml: a caution has the keys all_of, id, locator, note, tier, title"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", POLICY_KEYS),
        ("[]", POLICY_KEYS),
        (HEAD + CAUTION + "surprise: 1\n", POLICY_KEYS),
        ("year: 2026\ncautions:\n" + CAUTION, "policy.yaml: 'title' is missing"),
        (HEAD + CAUTION.replace("id: a, ", ""), "policy.yaml: 'id' is missing"),
        (
            HEAD + CAUTION.replace("ABSOLUTE", "BENEFIT_USUALLY_EXCEEDS_RISK"),
            "policy.yaml: a: a local caution is ABSOLUTE or RELATIVE",
        ),
        (
            HEAD + CAUTION.replace("ABSOLUTE", "CORRECT_FIRST"),
            "policy.yaml: a: a local caution is ABSOLUTE or RELATIVE",
        ),
        (HEAD + CAUTION.replace("ABSOLUTE", "MILD"), "policy.yaml: 'MILD' is not a valid Tier"),
        (HEAD + CAUTION.replace("inr", "mood"), "policy.yaml: there is no fact 'mood'"),
        (
            HEAD + CAUTION.replace("above: 1.2", "above: 120"),
            "policy.yaml: 'inr' lies between 0 and 50; a bound is outside",
        ),
        (
            HEAD + CAUTION.replace("[{fact: inr, above: 1.2}]", "[]"),
            "policy.yaml: a: without a line the caution would hold for everybody",
        ),
        (HEAD + CAUTION + CAUTION, "policy.yaml: an id stands twice"),
        (HEAD + CAUTION.replace("title: A", "titel: A"), CAUTION_KEYS),
        (HEAD + "  - just words\n", CAUTION_KEYS),
        (HEAD.replace("2026", "soon") + CAUTION, "policy.yaml: invalid literal for int() with base 10: 'soon'"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(RuleFileError) as refused:
        read_policy(policy(tmp_path, text))
    assert str(refused.value) == told


def test_what_is_no_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match=r"^policy\.yaml: cannot be read: "):
        read_policy(policy(tmp_path, "title: ["))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match="cannot be read"):
        with_local_policy(BOOK, tmp_path / "none.yaml")
