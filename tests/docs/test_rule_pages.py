"""docs/rules.md and docs/conflicts.md say what the rules say: they are rendered anew and compared."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from app.rule_pages.__main__ import pages
from app.rule_pages.conflicts import IN_DIRECTION, IN_STRENGTH, conflicts_page, latest_change
from app.rule_pages.examples import Tried, read_examples
from app.rule_pages.lines import ClauseWords, line_in_words
from app.rule_pages.rules import rules_page
from app.rule_pages.typical_patients import DECOMPRESSION_TABLES, THROMBECTOMY_TABLES
from scoring.benefit import all_figures
from scoring.lvo_scales import lvo_scales
from scoring.outcomes import Outcome
from scoring.rule_files import read_rulebook
from scoring.rulebook import Clause, RuleBook

ROOT = Path(__file__).resolve().parent.parent.parent
BOOK = read_rulebook()
EXAMPLES = read_examples(ROOT / "tests" / "guidelines")
RULES, CONFLICTS = rules_page(BOOK, EXAMPLES), conflicts_page(BOOK)
CLAUSES = {clause.id: clause for ruleset in BOOK.rulesets for clause in ruleset.clauses}


def rows_of(title: str) -> list[dict[str, str]]:
    """The table below a heading of the page of conflicts, a dictionary for each row."""
    section = CONFLICTS.split(f"### {title}\n", maxsplit=1)[1].split("\n### ", maxsplit=1)[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    head, _, *body = [[cell.strip() for cell in line] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in body]


def words_of(clause_id: str) -> str:
    return "\n".join(ClauseWords(BOOK, EXAMPLES[clause_id]).lines(CLAUSES[clause_id]))


@pytest.mark.parametrize("path", pages(), ids=str)
def test_the_page_is_up_to_date(path: Path) -> None:
    told = (ROOT / path).read_text(encoding="utf-8")
    assert told == pages()[path], f"{path} lags behind the rules: run  python -m app.rule_pages"


def test_a_changed_clause_changes_both_pages() -> None:
    def turned(clause: Clause) -> Clause:
        return replace(clause, outcome=Outcome.COR2B) if clause.id == "aha-asa-2026.4.7.2-1" else clause

    changed = RuleBook(
        tuple(replace(ruleset, clauses=tuple(map(turned, ruleset.clauses))) for ruleset in BOOK.rulesets), BOOK.version
    )
    assert rules_page(changed, EXAMPLES) != RULES
    assert conflicts_page(changed) != CONFLICTS


def test_every_clause_is_told_with_title_outcome_and_source() -> None:
    for clause in CLAUSES.values():
        assert clause.title in RULES, clause.id
        assert clause.locator[1:] in RULES, clause.id
    for ruleset in BOOK.rulesets:
        if ruleset.kind != "caution":
            assert all(f'<a id="{clause.id}"></a>' in RULES for clause in ruleset.clauses), ruleset.id


def test_every_clause_has_tried_values_to_draw_examples_from() -> None:
    assert set(EXAMPLES) == set(CLAUSES)


@pytest.mark.parametrize("page", [RULES, CONFLICTS], ids=["rules", "conflicts"])
def test_links_within_a_page_lead_somewhere(page: str) -> None:
    anchors = re.findall(r'<a id="([^"]+)"></a>', page)
    assert len(anchors) == len(set(anchors))
    links = re.findall(r"\]\(#([^)]+)\)", page)
    assert links
    assert set(links) <= set(anchors)


def test_every_answer_of_the_page_of_conflicts_leads_to_its_clause() -> None:
    targets = set(re.findall(r"\]\(rules\.md#([^)]+)\)", CONFLICTS))
    assert targets
    assert targets <= set(re.findall(r'<a id="([^"]+)"></a>', RULES))


def test_every_figure_and_every_scale_is_told() -> None:
    assert all(f"| {figure.title} |" in RULES for figure in all_figures())
    assert all(f"### {name}\n" in RULES for name in lvo_scales())


def test_examples_stand_at_the_bounds() -> None:
    assert "- Perfusion core: below 21 ml *(yes: 20.9 ml; no: 21 ml)*" in words_of("dawn.group-a")
    late = words_of("aha-asa-2026.4.7.2-3")
    assert "above 6 h, at most 24 h *(yes: 6 h 1 min, 24 h; no: 6 h, 24 h 1 min)*" in late
    assert "- Significant mass effect: no" in late


def test_an_example_is_shown_only_where_the_tests_and_the_line_say_the_same() -> None:
    """Age stands twice in this clause; a value that fails the clause by the other line is no example for this one."""
    words = words_of("aha-asa-2026.4.7.2-3-not-met")
    assert "- Age: at least 18 years *(yes: 18 years; no: 17.9 years)*" in words
    assert "- Age: at least 80 years\n" in words
    contradicting = [Tried("age_years", (17.0,), (18.0,))]
    line = ClauseWords(BOOK, contradicting).lines(CLAUSES["aha-asa-2026.4.7.2-3-not-met"])
    assert "- Age: at least 18 years" in line


def test_alternatives_are_not_told_as_if_all_were_asked() -> None:
    (line,) = CLAUSES["aha-asa-2026-ivt-cautions.blood-pressure-high"].lines
    assert " *or* " in line_in_words(line, BOOK)
    assert "- one of:" in words_of("aha-asa-2026-decompression.6.3-2")
    assert "- the entry criteria of [DAWN](#dawn) or [DEFUSE 3](#defuse-3)" in words_of("eso-esmint-2019.pico-2")


def test_pages_are_of_the_day_of_the_latest_change() -> None:
    day = latest_change(BOOK)
    assert any(clause.in_force_from == day for clause in CLAUSES.values())
    assert not any(clause.in_force_from > day for clause in CLAUSES.values())


def test_basilar_nihss_seven_divides_the_guidelines() -> None:
    (row,) = [
        row
        for row in rows_of("Basilar occlusion by time and NIHSS")
        if (row["Time since last known well"], row["NIHSS"]) == ("10 h", "7")
    ]
    assert row["AHA/ASA 2026"] == "[`COR2b`](rules.md#aha-asa-2026.4.7.3-2)"
    assert row["ESO-ESMINT basilar 2024"] == "[`WEAK`](rules.md#eso-esmint-basilar-2024.mild-deficit) *against*"
    assert row["SNIS basilar 2023"].startswith("[`CLASS_I`]")
    assert row["guidelines differ"] == IN_DIRECTION


def test_differences_of_strength_are_not_told_as_differences_of_direction() -> None:
    by_age = {
        (row["Time since last known well"], row["Age"]): row["guidelines differ"]
        for row in rows_of("M1 occlusion with a large core, by age")
    }
    assert by_age["10 h", "79 years"] == IN_STRENGTH
    assert by_age["10 h", "80 years"] == IN_DIRECTION


def test_a_superseded_edition_is_shown_and_not_counted() -> None:
    rows = rows_of("Medium and distal vessels")
    (m3,) = [r for r in rows if (r["Time since last known well"], r["Occluded vessel"]) == ("3 h", "MCA M3")]
    assert m3["AHA/ASA 2019 (superseded)"].startswith("[`COR2b`]")
    assert m3["AHA/ASA 2026"].startswith("[`COR3NB`]")
    assert m3["guidelines differ"] == ""


def test_decompression_above_sixty_differs_between_america_and_britain() -> None:
    rows = {
        row["Age"]: row
        for row in rows_of("Malignant MCA infarct, 30 hours, getting worse")
        if row["NIHSS"] == "18" and row["Infarct on CT as a fraction of the MCA territory"] == "0.6"
    }
    american = [row["AHA/ASA 2026, hemicraniectomy"].split("]")[0] for row in rows.values()]
    british = {row["NICE NG128, hemicraniectomy"].split("]")[0] for row in rows.values()}
    assert (list(rows), american) == (["55 years", "60 years", "61 years"], ["[`COR1`", "[`COR1`", "[`COR2b`"])
    assert british == {"[`CONSIDER`"}


@pytest.mark.parametrize("table", [*THROMBECTOMY_TABLES, *DECOMPRESSION_TABLES], ids=lambda table: table.title)
def test_rows_of_a_table_state_the_same_facts_and_differ(table: object) -> None:
    found = next(one for one in (*THROMBECTOMY_TABLES, *DECOMPRESSION_TABLES) if one is table)
    assert len({tuple(row) for row in found.rows}) == 1
    assert len({tuple(row.items()) for row in found.rows}) == len(found.rows)
    assert len(rows_of(found.title)) == len(found.rows)
