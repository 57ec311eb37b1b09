"""Writes the pages of docs/ that follow the rules and tables anew: ``python -m app.rule_pages``, in a checkout."""

from pathlib import Path

from app.rule_pages.after_treatment import after_treatment_page
from app.rule_pages.conflicts import conflicts_page
from app.rule_pages.examples import read_examples
from app.rule_pages.rules import rules_page
from scoring.after_treatment import after_treatment
from scoring.rule_files import read_rulebook

CHECKOUT = Path(__file__).resolve().parent.parent.parent


def pages() -> dict[Path, str]:
    """Every page with its content, by the path below the checkout."""
    book = read_rulebook()
    examples = read_examples(CHECKOUT / "tests" / "guidelines")
    return {
        Path("docs/rules.md"): rules_page(book, examples),
        Path("docs/conflicts.md"): conflicts_page(book),
        Path("docs/after-treatment.md"): after_treatment_page(after_treatment()),
    }


if __name__ == "__main__":
    for path, content in pages().items():
        (CHECKOUT / path).write_text(content, encoding="utf-8")
