"""The brain map in words, for those who do not see it."""

from collections.abc import Mapping

from app.web.words.catalogue import _
from scoring.regions import Level, Region, Status

STATUS_WORDS = {
    Status.AFFECTED: "affected",
    Status.UNAFFECTED: "unaffected",
    Status.NOT_ASSESSABLE: "cannot be assessed",
    None: "not looked at",
}

_CORTEX = "darker cortex without a border to the white matter; swelling alone does not count"

REGION_TIPS = {
    Region.C: "C, caudate: its head lies on the frontal horn. Look for an edge that is lost against the white matter.",
    Region.L: "L, lentiform: putamen and pallidum, between the capsules. Look for darkening and a blurred outline.",
    Region.IC: "IC, internal capsule: between the nuclei. Look for darkening that blurs its borders to them.",
    Region.I: "I, insula: the ribbon of cortex lateral to the lentiform nucleus. Look for a ribbon that is lost.",
    Region.M1: f"M1, in front of the insula: {_CORTEX}.",
    Region.M2: f"M2, lateral to the insula: {_CORTEX}.",
    Region.M3: f"M3, behind the insula: {_CORTEX}.",
    Region.M4: f"M4, above M1: {_CORTEX}.",
    Region.M5: f"M5, above M2: {_CORTEX}.",
    Region.M6: f"M6, above M3: {_CORTEX}.",
}
"""What each region is and what to look for, after Barber and others, Lancet 2000;355:1670."""


def score_in_words(states: Mapping[str, str]) -> list[str]:
    """Which regions the score rests on, but for those that are unaffected; empty where only the total is known.

    >>> score_in_words({region: "unaffected" for region in Region} | {"L": "affected", "I": "affected"})
    ['Affected: L, I']
    >>> score_in_words({})
    []
    """
    listed: dict[Status | None, list[str]] = {}
    for region in Region:
        listed.setdefault(Status(states[region]) if region in states else None, []).append(region)
    lines = [
        _("Affected: {regions}", regions=", ".join(listed.get(Status.AFFECTED, ()))),
        _("Cannot be assessed: {regions}", regions=", ".join(listed.get(Status.NOT_ASSESSABLE, ()))),
        _("Not looked at: {regions}", regions=", ".join(listed.get(None, ()))),
    ]
    shown = (Status.AFFECTED, Status.NOT_ASSESSABLE, None)
    return [line for line, status in zip(lines, shown, strict=True) if states and status in listed]


def map_in_words(level: str, states: Mapping[str, str], side: str | None) -> str:
    """Every region of one level with its status.

    >>> map_in_words("supraganglionic", {"M4": "affected", "M5": "unaffected"}, "left")
    "ASPECTS map, patient's left side: M4 affected; M5 unaffected; M6 not looked at"
    """
    regions = [region for region in Region if region.level is Level(level)]
    said = (f"{region} {_(STATUS_WORDS[Status(states[region]) if region in states else None])}" for region in regions)
    where = _({"left": "patient's left side", "right": "patient's right side"}.get(side or "", "side not stated"))
    return f"{_('ASPECTS map')}, {where}: {'; '.join(said)}"
