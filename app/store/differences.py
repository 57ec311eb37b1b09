"""Lists where two answers differ, place by place."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

MOST_DIFFERENCES = 500
_MISSING = object()
_NAMED_BY = ("ruleset", "fact", "site_id")
"""Members of a list are matched by what names them, so that one more does not move all others."""


def differences(kept: Any, now: Any) -> list[dict[str, Any]]:
    """Every place in which two JSON values differ, at most `MOST_DIFFERENCES`; ``null`` where one lacks it.

    >>> differences({"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 3]})
    [{'path': '/b/1', 'kept': 2, 'now': 3}]
    """
    return list(islice(_differ("", kept, now), MOST_DIFFERENCES))


def _differ(path: str, kept: Any, now: Any) -> Iterator[dict[str, Any]]:
    if isinstance(kept, list) and isinstance(now, list):
        kept, now = _by_name(kept, now)
    if not isinstance(kept, dict) or not isinstance(now, dict):
        if kept != now or type(kept) is not type(now):
            yield {"path": path, "kept": _or_none(kept), "now": _or_none(now)}
        return
    for name in [*kept, *(name for name in now if name not in kept)]:
        yield from _differ(f"{path}/{name}", kept.get(name, _MISSING), now.get(name, _MISSING))


def _or_none(value: Any) -> Any:
    return None if value is _MISSING else value


def _by_name(kept: Sequence[Any], now: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    for name in _NAMED_BY:
        if all(isinstance(member, dict) and name in member for member in (*kept, *now)):
            names = [[str(member[name]) for member in members] for members in (kept, now)]
            if all(len(set(members)) == len(members) for members in names):
                return dict(zip(names[0], kept, strict=True)), dict(zip(names[1], now, strict=True))
    return (
        {str(place): member for place, member in enumerate(kept)},
        {str(place): member for place, member in enumerate(now)},
    )
