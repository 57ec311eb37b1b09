"""The NIHSS in LOINC: a code for each item, and an answer code for each of its grades."""

from typing import Literal

NIHSS_ITEMS = {
    "70184-7": "1a", "70185-4": "1b", "70186-2": "1c", "70187-0": "2", "70188-8": "3", "70189-6": "4", "70190-4": "5a",
    "70967-5": "5b", "70191-2": "6a", "70968-3": "6b", "70192-0": "7", "70193-8": "8", "70194-6": "9", "70195-3": "10",
    "70196-1": "11",
}  # fmt: skip
"""LOINC codes of the items."""

_ARM = ("LA18456-6", "LA18457-4", "LA18458-2", "LA18459-0", "LA18460-8")
_LEG = ("LA18462-4", "LA18463-2", "LA18464-0", "LA18465-7", "LA18460-8")
_LIMB_UNTESTABLE = "LA18461-6"
_SPEECH_UNTESTABLE = "LA18477-2"

GRADES: dict[str, tuple[str, ...]] = {
    "1a": ("LA18436-8", "LA18437-6", "LA18438-4", "LA18439-2"),
    "1b": ("LA18440-0", "LA18441-8", "LA18442-6"),
    "1c": ("LA18443-4", "LA18444-2", "LA18445-9"),
    "2": ("LA6626-1", "LA18446-7", "LA18447-5"),
    "3": ("LA18448-3", "LA18449-1", "LA18450-9", "LA18451-7"),
    "4": ("LA18452-5", "LA18453-3", "LA18454-1", "LA18455-8"),
    "5a": _ARM,
    "5b": _ARM,
    "6a": _LEG,
    "6b": _LEG,
    "7": ("LA9634-2", "LA18466-5", "LA18467-3"),
    "8": ("LA18468-1", "LA18469-9", "LA18470-7"),
    "9": ("LA18471-5", "LA18472-3", "LA18473-1", "LA18474-9"),
    "10": ("LA6626-1", "LA18475-6", "LA18476-4"),
    "11": ("LA18478-0", "LA18479-8", "LA18480-6"),
}
"""LOINC answer codes by item, from grade 0 upwards."""

UNTESTABLE_ANSWERS = {**dict.fromkeys(("5a", "5b", "6a", "6b", "7"), _LIMB_UNTESTABLE), "10": _SPEECH_UNTESTABLE}
"""Answer codes for amputation, joint fusion and intubation."""


def grade_of(item: str, answer: str) -> int | Literal["UN"] | None:
    """The grade that an answer code gives an item; ``None``: the code is none of this item's.

    >>> grade_of("5b", "LA18460-8"), grade_of("10", "LA18477-2"), grade_of("1a", "LA18460-8")
    (4, 'UN', None)
    """
    if UNTESTABLE_ANSWERS.get(item) == answer:
        return "UN"
    grades = GRADES[item]
    return grades.index(answer) if answer in grades else None
