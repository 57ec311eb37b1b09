"""A reading of a scan as a note for the terminal."""

from app.answers.note_lines import Json, labelled, listed_under, without_double_gaps
from imaging.result import side_that_stands_out


def reading_text(reading: Json) -> str:
    """A reading of a scan: the score and what was measured where, or why there is none."""
    if reading["status"] != "scored":
        refusal = reading["refusal"]
        return "\n".join(
            [
                *labelled("Not scored", f"{refusal['text']} ({refusal['code']})"),
                *labelled("Do", refusal["remedy"]),
            ]
        )
    side = _side(reading)
    bounds = f"{reading['total_low']} to {reading['total_high']}"
    lines = labelled(
        "Score", f"ASPECTS {reading['total']} (bounds {bounds}), {side}. Made by software; look at the scan."
    )
    lines += [
        "",
        f"{'region':8}" + "".join(f"{name + ' HU':>14}{'difference':>12}{'call':>16}" for name in ("left", "right")),
    ]
    left, right = reading["regions"].get("left", {}), reading["regions"].get("right", {})
    lines += [f"{name:8}" + _measured(left.get(name)) + _measured(right.get(name)) for name in left or right]
    lines += ["", *listed_under("Mind", [f"{warning['text']} ({warning['code']})" for warning in reading["warnings"]])]
    return "\n".join(without_double_gaps(lines))


def _side(reading: Json) -> str:
    if side := side_that_stands_out(reading):
        return side
    likely = reading["quality"]["side_probability"]
    return f"no side stands out (change on the left {likely['left']:.2f}, on the right {likely['right']:.2f})"


def _measured(region: Json | None) -> str:
    if region is None:
        return f"{'':14}{'':12}{'':16}"
    hu = "-" if region["hu"] is None else f"{region['hu']:.1f}"
    difference = "-" if region["delta_hu"] is None else f"{region['delta_hu']:+.1f}"
    return f"{hu:>14}{difference:>12}{region['status'].replace('_', ' '):>16}"
