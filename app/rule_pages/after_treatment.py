"""The page docs/after-treatment.md: checklists, scales and definitions for the time after treatment."""

from collections.abc import Iterable, Iterator

from app.rule_pages.evidence import reference_of
from app.rule_pages.lines import HOW_CHECKED
from scoring.after_treatment import AfterTreatment, CareItem, OutcomeScale

INTRODUCTION = """\
# After treatment

Rendered from `scoring/tables/after_treatment.yaml` by `python -m app.rule_pages`. For reference: no patient is judged
by it, and **the source counts, not this page.**"""


def after_treatment_page(care: AfterTreatment) -> str:
    """The whole page in Markdown."""
    parts = [INTRODUCTION]
    parts += ["", "## The first 24 hours", "", *_items(care.first_24_hours)]
    parts += ["", "## Later", "", *_items(care.later)]
    for scale in care.scales:
        parts += ["", *_scale(scale)]
    parts += ["", "## Words", ""]
    parts += [
        f"- **{d.title}**: {d.text} ({reference_of(d.source)}; {HOW_CHECKED[d.checked]})" for d in care.definitions
    ]
    return "\n".join(parts) + "\n"


def _items(items: Iterable[CareItem]) -> Iterator[str]:
    for item in items:
        level = f", level {item.level}" if item.level else ""
        strength = f"{item.strength.label}{level}; " if item.strength else ""
        yield f"- {item.title} ({strength}{reference_of(item.source)}; {HOW_CHECKED[item.checked]})"


def _scale(scale: OutcomeScale) -> Iterator[str]:
    yield f"## {scale.title}"
    yield ""
    yield "| grade | means |"
    yield "|---|---|"
    yield from (f"| {grade} | {words} |" for grade, words in scale.grades.items())
    yield ""
    yield f"{reference_of(scale.source)}; {HOW_CHECKED[scale.checked]}." + (f" {scale.note}" if scale.note else "")
