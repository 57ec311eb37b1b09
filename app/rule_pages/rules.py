"""The page docs/rules.md: every clause in words, with its source, how it was checked, and examples at its bounds."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from app.rule_pages.evidence import figures_section, scales_section
from app.rule_pages.examples import Tried
from app.rule_pages.lines import HOW_CHECKED, ClauseWords, condition_in_words, line_in_words
from app.web.answer.wording import first_up
from app.web.times.words import say_date
from scoring.outcomes import Tier
from scoring.rule_checks import EVERY_CLAUSE_COUNTS
from scoring.rule_yaml import load_table
from scoring.rulebook import Clause, RuleBook, RuleSet

KINDS = {
    "guideline": "Thrombectomy: guidelines",
    "trial": "Thrombectomy: whom the trials took",
    "thrombolysis": "Thrombolysis",
    "caution": "Thrombolysis: contraindications",
    "bridging": "Thrombolysis with thrombectomy",
    "decompression": "Surgery for a swelling infarct",
    "action": "What to do next",
}
"""Headings, in the order of the page."""

CONVENTION = "project"
"""Key of the source that stands for this project's own conventions."""

ORDER_MATTERS = frozenset({"action"})
"""Kinds whose clauses are asked in the order in which they stand; the others are listed by number."""

MANY_CLAUSES = 5
"""From how many clauses on a rule set opens with a list of them."""

INTRODUCTION = """\
# What the rules say

Rendered from the rule files by `python -m app.rule_pages`; a test fails when this page lags behind them. It restates
published recommendations in this project's words. **The source counts, not this page.** Where sources disagree is told
in [where guidelines differ](conflicts.md).

How to read a clause: every line of its list must hold. A fact that is not known leaves a clause open, it never counts
as no, as zero or as normal; the answer is then *cannot say: data are missing*, unless nothing that is missing could
change it. A clause that *gives way* to others is asked only where none of them holds. The values in brackets stand at
the bounds: the tests hold the clause to pass, or to fail, with each of them."""


def rules_page(book: RuleBook, examples: Mapping[str, Sequence[Tried]]) -> str:
    """The whole page in Markdown.

    Parameters
    ----------
    book
        The rule book.
    examples
        Tried values by the id of the clause, as ``read_examples`` gives them; a clause without any shows none.
    """
    groups = _grouped(book)
    parts = [INTRODUCTION, "", *_how_checked(book), "", "## Contents", "", *_contents(groups)]
    for heading, rulesets in groups.items():
        parts += ["", f"## {heading}"]
        for ruleset in rulesets:
            parts += _ruleset(ruleset, book, examples)
    parts += ["", *figures_section(book), "", *scales_section(), "", *_not_included()]
    return "\n".join(parts) + "\n"


def _grouped(book: RuleBook) -> dict[str, list[RuleSet]]:
    """Rule sets by heading; a kind without a heading would be left out in silence, so it is an error."""
    groups: dict[str, list[RuleSet]] = {heading: [] for heading in KINDS.values()}
    for ruleset in book.rulesets:
        groups[KINDS[ruleset.kind]].append(ruleset)
    return {heading: rulesets for heading, rulesets in groups.items() if rulesets}


def _contents(groups: Mapping[str, Sequence[RuleSet]]) -> Iterator[str]:
    for heading, rulesets in groups.items():
        yield f"- {heading}"
        for ruleset in rulesets:
            yield f"    - [{ruleset.title}](#{ruleset.id}), {_counted(len(ruleset.clauses), 'clause')}"
    yield "- [What the trials found](#trial-figures)"
    yield "- [Prehospital scales](#prehospital-scales)"
    yield "- [What is not here](#not-here)"


def _how_checked(book: RuleBook) -> Iterator[str]:
    every = [clause for ruleset in book.rulesets for clause in ruleset.clauses]
    clauses = [clause for clause in every if clause.source.key != CONVENTION]
    counts = Counter(clause.checked.status for clause in clauses)
    confirmed = sum(clause.checked.by is not None for clause in clauses)
    yield f"How the {len(clauses)} clauses were taken from their sources:"
    yield ""
    yield from (f"- {counts[status]} {words}" for status, words in HOW_CHECKED.items() if counts[status])
    yield f"- {confirmed} compared with the source by a named clinician"
    yield ""
    yield f"{len(every) - len(clauses)} more are conventions of this project."


def _ruleset(ruleset: RuleSet, book: RuleBook, examples: Mapping[str, Sequence[Tried]]) -> Iterator[str]:
    source = ruleset.source
    yield ""
    yield f'<a id="{ruleset.id}"></a>'
    yield ""
    yield f"### {ruleset.title}"
    yield ""
    yield f"{_linked(source.title, source.url)}. {source.reference}."
    yield ""
    yield from _scope(ruleset)
    if ruleset.kind == "caution":
        yield from _caution_table(ruleset, book)
        return
    clauses = ruleset.clauses if ruleset.kind in ORDER_MATTERS else sorted(ruleset.clauses, key=lambda c: c.id)
    if len(clauses) >= MANY_CLAUSES:
        yield ""
        yield "| clause | about | outcome |"
        yield "|---|---|---|"
        yield from (f"| [{c.clause}](#{c.id}) | {c.title} | {c.outcome_text} |" for c in clauses)
    for clause in clauses:
        yield from _clause(clause, ruleset, ClauseWords(book, examples.get(clause.id, ())))


def _scope(ruleset: RuleSet) -> Iterator[str]:
    if ruleset.kind in EVERY_CLAUSE_COUNTS:
        yield "Every clause that holds is told."
    else:
        yield f"Where no clause holds: {ruleset.otherwise.label}."
    if ruleset.unless is not None:
        yield f"Not asked where {_uncapital(condition_in_words(ruleset.unless))}."
    if ruleset.first_met_decides:
        yield "The clauses are routes: one that holds is enough."
    if ruleset.kind in ORDER_MATTERS:
        yield "The clauses are asked in the order in which they stand here; the first that holds decides."
    if ruleset.left_out:
        yield f"Left out: {ruleset.left_out}"
    if ruleset.not_addressed:
        yield ""
        yield "The source has no recommendation for the following; with the clauses they account for every patient,"
        yield "which `aspects rules check` proves over all bounds:"
        yield ""
        yield from (f"- {told.title}" for told in ruleset.not_addressed)


def _clause(clause: Clause, ruleset: RuleSet, words: ClauseWords) -> Iterator[str]:
    level = f", level {clause.level}" if clause.level else ""
    group = f", group {clause.group}" if clause.group else ""
    yield ""
    yield f'<a id="{clause.id}"></a>'
    yield ""
    yield f"#### {clause.clause}: {clause.title}"
    yield ""
    yield f"**{first_up(clause.outcome_text)}**{level}{group} (`{clause.outcome}`)"
    if clause.stance is not None:
        yield f"Beside other sources it counts as *{clause.stance.replace('_', ' ')}*."
    yield ""
    yield from words.lines(clause)
    if clause.yields_to:
        yield ""
        yield f"Gives way to {', '.join(other.removeprefix(f'{ruleset.id}.') for other in clause.yields_to)}."
    for remark in (clause.instruction, clause.note):
        if remark:
            yield ""
            yield f"> {remark.strip()}"
    yield ""
    yield f"*{_citation(clause, ruleset)} {_checked(clause)} {_dates(clause)}*"


def _caution_table(ruleset: RuleSet, book: RuleBook) -> Iterator[str]:
    """Findings from the gravest tier to the mildest; each is one row, for it has one or two lines."""
    order = list(Tier)
    yield from sorted({_dates(clause) for clause in ruleset.clauses})
    clauses = sorted(ruleset.clauses, key=lambda clause: (order.index(Tier(clause.outcome)), clause.title))
    yield ""
    yield "| finding | tier | when | remark | where, how checked |"
    yield "|---|---|---|---|---|"
    for clause in clauses:
        when = "; ".join(line_in_words(line, book) for line in clause.lines)
        remark = (clause.note or "").strip().replace("\n", " ")
        where = f"{first_up(clause.locator)}; {HOW_CHECKED[clause.checked.status]}"
        yield f"| {clause.title} | **{clause.outcome.label}** | {when} | {remark} | {where} |"


def _not_included() -> Iterator[str]:
    yield '<a id="not-here"></a>'
    yield ""
    yield "## What is not here"
    yield ""
    yield from (f"- **{told['what']}**: {told['why'].strip()}." for told in load_table("not_included"))


def _citation(clause: Clause, ruleset: RuleSet) -> str:
    if clause.source is ruleset.source:
        return f"{first_up(clause.locator)}."
    return f"{clause.source.title}, {clause.source.reference}: {clause.locator}."


def _checked(clause: Clause) -> str:
    checked = clause.checked
    if clause.source.key == CONVENTION:
        return "Not taken from a publication."
    by = f"; compared by {checked.by} on {say_date(checked.on)}" if checked.by and checked.on else ""
    return f"{first_up(HOW_CHECKED[checked.status])}{by}."


def _dates(clause: Clause) -> str:
    if clause.in_force_until is None:
        return f"In force from {say_date(clause.in_force_from)}."
    return f"In force from {say_date(clause.in_force_from)} until {say_date(clause.in_force_until)}; superseded since."


def _linked(words: str, url: str | None) -> str:
    return f"[{words}]({url})" if url else words


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _uncapital(words: str) -> str:
    return words[:1].lower() + words[1:]
