"""The NIH stroke scale: fifteen items, their ranges, and a total in which an untestable item adds nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from scoring.errors import CaseError

UNTESTABLE: Literal["UN"] = "UN"

ITEM_MAXIMA = {
    "1a": 3, "1b": 2, "1c": 2, "2": 2, "3": 3, "4": 3, "5a": 4, "5b": 4, "6a": 4, "6b": 4, "7": 2, "8": 2, "9": 3,
    "10": 2, "11": 2,
}  # fmt: skip
"""Highest score of each item of the NINDS form; the lowest is 0."""

ITEM_TITLES = {
    "1a": "level of consciousness", "1b": "questions", "1c": "commands", "2": "gaze", "3": "visual fields", "4": "face",
    "5a": "left arm", "5b": "right arm", "6a": "left leg", "6b": "right leg", "7": "ataxia", "8": "sensory",
    "9": "language", "10": "dysarthria", "11": "extinction and inattention",
}  # fmt: skip

MAY_BE_UNTESTABLE = frozenset({"5a", "5b", "6a", "6b", "7", "10"})
"""Items that the form lets be untestable: amputation or joint fusion (limbs, ataxia), intubation (dysarthria)."""

_PLEGIC = 4
"""Limb item: no movement."""


@dataclass(frozen=True, slots=True)
class NihssScore:
    """The total, its bounds when items are missing, and what the reader should know."""

    low: int
    high: int
    untestable: tuple[str, ...]
    missing: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def total(self) -> int | None:
        """The total; ``None`` while items are missing. Untestable items add 0, as the form asks."""
        return None if self.missing else self.low


def score_nihss(items: Mapping[str, int | Literal["UN"]]) -> NihssScore:
    """Add up the items.

    Raises
    ------
    CaseError
        An item is unknown, out of its range, or untestable where the form does not allow it.

    Examples
    --------
    >>> score_nihss(dict.fromkeys(ITEM_MAXIMA, 0) | {"5b": "UN", "4": 1}).total
    1
    >>> score_nihss({"1a": 1}).high
    40
    """
    for item, value in items.items():
        _check_item(item, value)
    missing = tuple(item for item in ITEM_MAXIMA if item not in items)
    low = sum(value for value in items.values() if value != UNTESTABLE)
    return NihssScore(
        low=low,
        high=low + sum(ITEM_MAXIMA[item] for item in missing),
        untestable=tuple(item for item in ITEM_MAXIMA if items.get(item) == UNTESTABLE),
        missing=missing,
        warnings=tuple(_warnings(items)),
    )


def _check_item(item: str, value: int | str) -> None:
    if item not in ITEM_MAXIMA:
        raise CaseError(("facts", "nihss_items"), f"The NIHSS has no such item; items are {', '.join(ITEM_MAXIMA)}.")
    if value == UNTESTABLE:
        if item not in MAY_BE_UNTESTABLE:
            raise CaseError(("facts", "nihss_items", item), f"Item {item} must be scored; it cannot be untestable.")
        return
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= ITEM_MAXIMA[item]:
        raise CaseError(("facts", "nihss_items", item), f"Item {item} is 0 to {ITEM_MAXIMA[item]}; some may be UN.")


def _warnings(items: Mapping[str, int | Literal["UN"]]) -> list[str]:
    warnings = []
    untestable = [item for item in ITEM_MAXIMA if items.get(item) == UNTESTABLE]
    if untestable:
        warnings.append(f"NIHSS items {', '.join(untestable)} are untestable and add 0.")
    limbs = [items.get(item) for item in ("5a", "5b", "6a", "6b")]
    ataxia = items.get("7")
    if all(limb == _PLEGIC for limb in limbs) and ataxia not in (None, UNTESTABLE, 0):
        warnings.append("Ataxia cannot be scored when no limb moves; item 7 should be 0.")
    return warnings
