"""The brain map in words, for those who do not see it."""

from collections.abc import Mapping

from scoring.regions import Level, Region, Status

STATUS_WORDS = {
    Status.AFFECTED: "affected",
    Status.UNAFFECTED: "unaffected",
    Status.NOT_ASSESSABLE: "cannot be assessed",
    None: "not looked at",
}


def map_in_words(level: str, states: Mapping[str, str], side: str | None) -> str:
    """Every region of one level with its status.

    >>> map_in_words("supraganglionic", {"M4": "affected", "M5": "unaffected"}, "left")
    "ASPECTS map, patient's left side: M4 affected; M5 unaffected; M6 not looked at"
    """
    regions = [region for region in Region if region.level is Level(level)]
    said = (f"{region} {STATUS_WORDS[Status(states[region]) if region in states else None]}" for region in regions)
    where = f"patient's {side} side" if side else "side not stated"
    return f"ASPECTS map, {where}: {'; '.join(said)}"
