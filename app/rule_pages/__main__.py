"""Writes docs/rules.md and docs/conflicts.md anew: ``python -m app.rule_pages``, in a checkout."""

from pathlib import Path

from app.rule_pages.conflicts import conflicts_page
from app.rule_pages.examples import read_examples
from app.rule_pages.rules import rules_page
from scoring.rule_files import read_rulebook

CHECKOUT = Path(__file__).resolve().parent.parent.parent


def pages() -> dict[Path, str]:
    """Every page with its content, by the path below the checkout."""
    book = read_rulebook()
    examples = read_examples(CHECKOUT / "tests" / "guidelines")
    return {Path("docs/rules.md"): rules_page(book, examples), Path("docs/conflicts.md"): conflicts_page(book)}


if __name__ == "__main__":
    for path, content in pages().items():
        (CHECKOUT / path).write_text(content, encoding="utf-8")
