"""Prehospital scales for suspected large-vessel occlusion: points or yes/no items, and whether the cut is passed."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from scoring.errors import CaseError
from scoring.rule_yaml import load_table
from scoring.ternary import Ternary, all_of, any_of

LOC = "lvo_scale"
"""Where a refused scale stands in the case; the item follows."""


@dataclass(frozen=True, slots=True)
class ScaleItem:
    """One item of a scale."""

    title: str
    scores: Mapping[int, str]
    """The points that may be given, each in words; empty: the item is answered yes or no."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A published figure for finding large-vessel occlusion, unless the population says otherwise.

    ``None``: the figure is not recorded.
    """

    population: str
    status: str
    """How the figure was checked, as ``Checked.status``."""
    sensitivity_percent: float | None = None
    specificity_percent: float | None = None
    auc: float | None = None


@dataclass(frozen=True, slots=True)
class OtherCut:
    """A cut-off that another publication gives."""

    at_least: int
    where: str


@dataclass(frozen=True, slots=True)
class LvoScale:
    """A scale: its items, when it is positive, and how accurate it was found to be."""

    name: str
    title: str
    source: str
    """Key of ``sources.yaml``."""
    status: str
    """How items and cut-off were checked, as ``Checked.status``."""
    items: Mapping[str, ScaleItem]
    suspected_at_least: int | None
    """The cut-off in points; ``None``: the scale has no points."""
    positive_when: tuple[tuple[str, ...], ...]
    """Groups of yes/no items, of each of which one must be yes; empty for a scale with points."""
    cuts_elsewhere: tuple[OtherCut, ...]
    notes: tuple[str, ...]
    accuracy: tuple[Accuracy, ...]


@dataclass(frozen=True, slots=True)
class LvoScore:
    """A patient's score. ``low``, ``high`` and ``total`` are ``None`` for a scale without points."""

    scale: LvoScale
    low: int | None
    """Points if every missing item has its lowest score."""
    high: int | None
    """Points if every missing item has its highest score."""
    suspected: bool | None
    """Whether occlusion is suspected; ``None``: a missing item could still decide."""
    missing: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def total(self) -> int | None:
        """The points; ``None`` while items are missing."""
        return None if self.missing else self.low


@cache
def lvo_scales() -> Mapping[str, LvoScale]:
    """Every scale by name, in the order of the data. Raises RuleFileError."""
    entries = load_table("lvo_scales")
    return MappingProxyType({name: _scale(name, entry) for name, entry in entries.items()})


def score_scale(name: str, items: Mapping[str, int | bool | None]) -> LvoScore:
    """Score a patient on one scale.

    Parameters
    ----------
    name
        Name of the scale, ``"RACE"``.
    items
        Points, or yes and no, by item; an item that is absent or ``None`` is not known, which is not zero.

    Raises
    ------
    CaseError
        There is no such scale or item, or the item cannot have that score.

    Examples
    --------
    >>> score_scale("LAMS", {"face": 1, "arm": 2, "grip": 1}).suspected
    True
    >>> score = score_scale("RACE", {"face": 2, "arm": 2, "leg": 1})  # positive, whatever the rest
    >>> score.total, score.low, score.high, score.suspected
    (None, 5, 8, True)
    """
    scale = _by_any_name().get(name)
    if scale is None:
        raise CaseError((LOC, "name"), f"There is no such scale; scales are {', '.join(lvo_scales())}.")
    given = {item: value for item, value in items.items() if value is not None}
    for item in items:
        _check(scale, item, given.get(item))
    missing = tuple(item for item in scale.items if item not in given)
    if scale.suspected_at_least is None:
        return LvoScore(scale, None, None, _positive(scale, given), missing, scale.notes)
    low = sum(given.values()) + sum(min(scale.items[item].scores) for item in missing)
    high = sum(given.values()) + sum(max(scale.items[item].scores) for item in missing)
    suspected = _reaches(low, high, scale.suspected_at_least)
    return LvoScore(scale, low, high, suspected, missing, (*scale.notes, *_disagreements(scale, low, high, suspected)))


def _check(scale: LvoScale, item: str, value: int | bool | None) -> None:  # noqa: FBT001 -- an item's value, not a switch
    known = scale.items.get(item)
    if known is None:
        raise CaseError((LOC, "items", item), f"{scale.name} has no such item; items are {', '.join(scale.items)}.")
    if value is None:
        return
    if not known.scores:
        if not isinstance(value, bool):
            raise CaseError((LOC, "items", item), f"'{known.title}' is answered yes or no: true or false.")
    elif type(value) is not int or value not in known.scores:
        allowed = ", ".join(f"{points} ({words})" for points, words in known.scores.items())
        raise CaseError((LOC, "items", item), f"'{known.title}' is scored {allowed}.")


def _reaches(low: int, high: int, cut: int) -> bool | None:
    return True if low >= cut else False if high < cut else None


def _positive(scale: LvoScale, given: Mapping[str, int | bool]) -> bool | None:
    groups = ([_answer(given.get(item)) for item in group] for group in scale.positive_when)
    together = all_of(any_of(group) for group in groups)
    return {Ternary.MET: True, Ternary.NOT_MET: False}.get(together)


def _answer(value: int | bool | None) -> Ternary:  # noqa: FBT001 -- an item's value, not a switch
    return Ternary.UNKNOWN if value is None else Ternary.MET if value else Ternary.NOT_MET


def _disagreements(scale: LvoScale, low: int, high: int, suspected: bool | None) -> list[str]:  # noqa: FBT001 -- one of the score's values
    """What other publications' cut-offs would say, where they say otherwise."""
    return [
        f"By the cut-off of {cut.at_least} the answer would differ: {cut.where}."
        for cut in scale.cuts_elsewhere
        if _reaches(low, high, cut.at_least) != suspected
    ]


@cache
def _by_any_name() -> dict[str, LvoScale]:
    entries = load_table("lvo_scales")
    aliases = {alias: lvo_scales()[name] for name, entry in entries.items() for alias in entry.get("also_called", ())}
    return {**lvo_scales(), **aliases}


def _scale(name: str, entry: Mapping[str, Any]) -> LvoScale:
    return LvoScale(
        name=name,
        title=entry["title"],
        source=entry["source"],
        status=entry["checked"]["status"],
        items={item: ScaleItem(told["title"], told.get("scores", {})) for item, told in entry["items"].items()},
        suspected_at_least=entry.get("suspected_at_least"),
        positive_when=tuple(tuple(group) for group in entry.get("positive_when", ())),
        cuts_elsewhere=tuple(OtherCut(**cut) for cut in entry.get("cuts_elsewhere", ())),
        notes=tuple(entry.get("notes", ())),
        accuracy=tuple(Accuracy(**figure) for figure in entry["accuracy"]),
    )
