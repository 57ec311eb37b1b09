"""Everything that a catalogue should have words for: what templates, modules and scripts say, and the closed lists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

from app.web.answer import changes, parts, wording
from app.web.answer import words as answer_words
from app.web.form import layout, nihss_words
from app.web.form import words as form_words
from app.web.map import words as map_words
from app.web.pages import cases, faults, field, plain
from app.web.scan import beside
from app.web.times import reading
from app.web.words.catalogue import SCRIPTS, words_of_scripts
from scoring.derived import DERIVED_FACTS
from scoring.facts import FACTS
from scoring.lvo_scales import lvo_scales
from scoring.nihss import ITEM_TITLES
from scoring.outcomes import Action, Outcome, Stance, Tier
from scoring.regions import Region
from scoring.rule_files import read_rulebook

WEB = Path(__file__).parents[1]
_SAYING = {"_": (0,), "counted": (0, 1)}


def keys() -> frozenset[str]:
    """All words that the pages say, in English."""
    found = {*_of_templates(), *_of_modules(), *words_of_scripts(), *_of_lists()}
    return frozenset(words for words in found if re.search(r"[A-Za-z]", words))


def _of_templates() -> Iterator[str]:
    environment = Environment(autoescape=True)
    for path in sorted((WEB / "templates").glob("*.html")):
        tree = environment.parse(path.read_text(encoding="utf-8"))
        for call in tree.find_all(nodes.Call):
            places = _SAYING.get(call.node.name, ()) if isinstance(call.node, nodes.Name) else ()
            for place in places:
                said = call.args[place] if place < len(call.args) else None
                if isinstance(said, nodes.Const) and isinstance(said.value, str):
                    yield said.value


def _of_modules() -> Iterator[str]:
    for path in sorted(WEB.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                for place in _SAYING.get(call.func.id, ()):
                    said = call.args[place] if place < len(call.args) else None
                    if isinstance(said, ast.Constant) and isinstance(said.value, str):
                        yield said.value


def _of_lists() -> Iterator[str]:
    """Words that stand in tables and are looked up when they are shown."""
    for spec in (*FACTS.values(), *DERIVED_FACTS.values()):
        yield from (spec.title, spec.help, spec.unit or "")
    for name in layout.names_on_the_form():
        if layout.asks_by_choice(name):
            yield from layout.choices_of(name).values()
    for choices in layout.CHOICE_WORDS.values():
        yield from choices.values()
    for group in (*layout.MORE_TIMES, *layout.MORE_FACTS):
        yield from (group.title, group.hint)
    yield from layout.UNKNOWN_WORDS.values()
    yield from ITEM_TITLES.values()
    yield from (words for points in nihss_words.POINTS.values() for words in points.values())
    yield from (one.label for kind in (Outcome, Action, Tier) for one in kind)
    yield from (clause.outcome_text for ruleset in read_rulebook().rulesets for clause in ruleset.clauses)
    yield from (wording.state_of(stance).words for stance in Stance)
    yield wording.OUT_OF_SCOPE.words
    yield from wording.TITLES_OF_PLACES.values()
    yield from wording.COMPARING
    yield from wording.LEVELS.values()
    yield from map_words.STATUS_WORDS.values()
    yield from map_words.REGION_TIPS.values()
    yield from (region.label for region in Region)
    yield from form_words.LISTED_WORDS
    yield from (words for _, words in parts.STANCE_COUNTS)
    yield from changes.FAMILIES
    yield from cases.STATUS_WORDS.values()
    yield from (
        "The record says no",
        faults.NOTHING_HERE,
        faults.NOT_ANSWERED,
        "This service keeps no cases",
        "The form could not be read",
        "The scan was not read",
    )
    yield from field.MINUTES.values()
    yield plain.NO_WORD_OF_A_TRIAL
    for scale in lvo_scales().values():
        yield from (scale.title, *scale.notes, *(figure.population for figure in scale.accuracy))
        for item in scale.items.values():
            yield from (item.title, *item.scores.values())
    yield from ("left side", "right side", "Yes", "No", "Right", "Left")
    yield from (answer_words.ANCHORS[name] for name in answer_words.ANCHORS)
    yield from (*beside.DECISIONS.values(), reading.HOW_TO_WRITE, "second-hand", "memory", "side not stated")


def scripts() -> list[Path]:
    """The scripts of the pages."""
    return sorted(SCRIPTS.glob("*.js"))
