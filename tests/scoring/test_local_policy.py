"""A hospital's own cautions: stricter, shown as local, and never able to loosen a guideline."""

from datetime import date
from pathlib import Path

import pytest

from scoring.errors import RuleFileError
from scoring.local_policy import read_policy, with_local_policy
from scoring.outcomes import Tier
from scoring.rule_files import read_rulebook
from scoring.thrombolysis import ThrombolysisAdvice, thrombolysis_advice
from scoring.values import Known

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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "allowed keys"),
        ("[]", "allowed keys"),
        (HEAD + CAUTION + "surprise: 1\n", "allowed keys"),
        ("year: 2026\ncautions:\n" + CAUTION, "'title' is missing"),
        (HEAD + CAUTION.replace("ABSOLUTE", "BENEFIT_USUALLY_EXCEEDS_RISK"), "ABSOLUTE or RELATIVE"),
        (HEAD + CAUTION.replace("ABSOLUTE", "MILD"), "MILD"),
        (HEAD + CAUTION.replace("inr", "mood"), "no fact 'mood'"),
        (HEAD + CAUTION.replace("above: 1.2", "above: 120"), "a bound is outside"),
        (HEAD + CAUTION.replace("[{fact: inr, above: 1.2}]", "[]"), "for everybody"),
        (HEAD + CAUTION + CAUTION, "twice"),
        (HEAD + CAUTION.replace("title: A", "titel: A"), "a caution has the keys"),
        (HEAD + "  - just words\n", "policy.yaml"),
        ("title: [", "cannot be read"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(RuleFileError, match=r".*") as refused:
        read_policy(policy(tmp_path, text))
    assert told in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match="cannot be read"):
        with_local_policy(BOOK, tmp_path / "none.yaml")
