"""Sections of docs/rules.md on what trials found and on prehospital scales."""

from collections.abc import Iterator

from app.rule_pages.lines import HOW_CHECKED, condition_in_words
from scoring.benefit import Arms, BenefitFigure, Effect, all_figures
from scoring.lvo_scales import Accuracy, LvoScale, lvo_scales
from scoring.rule_files import RULES_FOLDER
from scoring.rule_yaml import load_yaml
from scoring.rulebook import RuleBook

NOT_RECORDED = "–"


FIGURES_HEAD = """\
<a id="trial-figures"></a>

## What the trials found

Shown only to patients whom the trial would have taken. Treated before control, outcomes at 90 days. A dash: not
recorded here. A number needed to treat (NNT) is given where the outcome is binary and primary, or where the source
printed one; a shift of the whole mRS gives none.

| trial or pool | outcome | treated v control | effect (95% interval) | NNT | death % | sICH % | stopped early | checked |
|---|---|---|---|---|---|---|---|---|"""  # noqa: E501 -- a row of a table

SCALES_HEAD = """\
<a id="prehospital-scales"></a>

## Prehospital scales

An item that is not known is not zero: a scale says *suspected* or *not suspected* only where no missing item could
change that."""


def figures_section(book: RuleBook) -> Iterator[str]:
    """One row for each trial or pool, and to whom it is shown."""
    yield FIGURES_HEAD
    for figure in all_figures():
        yield _figure_row(figure)
    yield ""
    for figure in all_figures():
        told = [f"**{figure.title}** ({reference_of(figure.source)}): {figure.population}.", _shown_to(figure, book)]
        told += figure.notes
        yield f"- {' '.join(told)}"


def scales_section() -> Iterator[str]:
    """Every scale with its items, cut-off and accuracy."""
    yield SCALES_HEAD
    for scale in lvo_scales().values():
        yield from _scale(scale)


def _figure_row(figure: BenefitFigure) -> str:
    stopped = {True: "yes", False: "no", None: NOT_RECORDED}[figure.stopped_early]
    cells = [
        figure.title, figure.outcome or NOT_RECORDED, _arms(figure.arms), _effect(figure.effect), _nnt(figure),
        _with_effect(figure.death_percent, figure.death_effect), _arms(figure.sich_percent), stopped, figure.status,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _arms(arms: Arms | None) -> str:
    if arms is None:
        return NOT_RECORDED
    return f"{arms.treated:g} v {arms.control:g}"


def _effect(effect: Effect | None) -> str:
    if effect is None:
        return NOT_RECORDED
    interval = f" ({effect.low:g} to {effect.high:g})" if effect.low is not None and effect.high is not None else ""
    return f"{effect.measure} {effect.value:g}{interval}"


def _with_effect(arms: Arms | None, effect: Effect | None) -> str:
    return f"{_arms(arms)}, {_effect(effect)}" if effect is not None else _arms(arms)


def _nnt(figure: BenefitFigure) -> str:
    if figure.nnt is None:
        return NOT_RECORDED
    how = "published" if figure.nnt.is_published else "from the arms"
    return f"{figure.nnt.value:g} for {figure.nnt.counts} ({how})"


def _shown_to(figure: BenefitFigure, book: RuleBook) -> str:
    if figure.taken_by is not None:
        return (
            f"Shown to patients who meet the criteria of [{book.ruleset(figure.taken_by).title}](#{figure.taken_by})."
        )
    return f"Shown where {'; '.join(condition_in_words(condition) for condition in figure.applies_to)}."


def reference_of(key: str) -> str:
    """Where a document of ``sources.yaml`` is found."""
    reference: str = load_yaml(RULES_FOLDER / "sources.yaml")[key]["reference"]
    return reference


def _scale(scale: LvoScale) -> Iterator[str]:
    yield ""
    yield f"### {scale.name}"
    yield ""
    yield f"{scale.title} ({reference_of(scale.source)}); items and cut-off {HOW_CHECKED[scale.status]}."
    yield _when_positive(scale)
    yield ""
    yield "| item | scored |"
    yield "|---|---|"
    for item in scale.items.values():
        scores = "; ".join(f"{points} {words}" for points, words in item.scores.items()) or "yes or no"
        yield f"| {item.title} | {scores} |"
    yield ""
    yield from (f"- {_accuracy(figure)}" for figure in scale.accuracy)
    yield from (f"- Elsewhere {cut.at_least} points or more: {cut.where}." for cut in scale.cuts_elsewhere)
    yield from (f"- {note}" for note in scale.notes)


def _when_positive(scale: LvoScale) -> str:
    if scale.suspected_at_least is not None:
        most = sum(max(item.scores) for item in scale.items.values())
        return f"0 to {most} points; occlusion is suspected at {scale.suspected_at_least} or more."
    groups = (" or ".join(scale.items[item].title.lower() for item in group) for group in scale.positive_when)
    return f"Occlusion is suspected with {', and '.join(groups)}."


def _accuracy(figure: Accuracy) -> str:
    told = []
    if figure.sensitivity_percent is not None and figure.specificity_percent is not None:
        told.append(f"sensitivity {figure.sensitivity_percent:g}%, specificity {figure.specificity_percent:g}%")
    if figure.auc is not None:
        told.append(f"area under the curve {figure.auc:.2f}")
    return f"{', '.join(told)} ({figure.population}; {HOW_CHECKED[figure.status]})"
