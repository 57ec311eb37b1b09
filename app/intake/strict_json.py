"""Turns bytes from outside into JSON values, and refuses whatever two readers could understand differently.

The standard parser lets the last of two equal keys win, reads ``NaN`` and lone surrogates, and guesses UTF-16. A case
that reached us in such a state was not sent as it was meant, so nothing of it is used.
"""

import json
from typing import NoReturn

import jiter

DEEPEST_NESTING = 32
"""Levels of brackets that a request may have; a triage request needs four."""


class UnreadableJson(ValueError):
    """The bytes are not one unambiguous JSON value. The message says why and holds nothing of the input."""


def parse(body: bytes) -> object:
    """Read one JSON value.

    Parameters
    ----------
    body
        The whole text in UTF-8, without a byte order mark.

    Raises
    ------
    UnreadableJson
        Empty, not UTF-8, not JSON, a key twice in one object, ``NaN`` or ``Infinity``, a lone surrogate, brackets
        nested deeper than `DEEPEST_NESTING`, or a number too long to be one.

    Examples
    --------
    >>> parse(b'{"nihss_total": 16}')
    {'nihss_total': 16}
    >>> parse(b'{"mass_effect": true, "mass_effect": false}')
    Traceback (most recent call last):
        ...
    app.intake.strict_json.UnreadableJson: A key stands twice in the same object.
    """
    try:
        value = jiter.from_json(body, catch_duplicate_keys=True, allow_inf_nan=False, cache_mode="keys")
    except ValueError:
        value = _parsed_or_refused(body)
    if body.count(b"[") + body.count(b"{") > DEEPEST_NESTING:
        _refuse_odd_values(value)
    return value


def _parsed_or_refused(body: bytes) -> object:
    """What the fast reader did not take, read by the standard library to say what is wrong with it."""
    if not body.strip():
        raise UnreadableJson("The body is empty.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableJson("The body is not valid UTF-8.") from None
    if text.startswith("\ufeff"):
        raise UnreadableJson("The body starts with a byte order mark.")
    value = _decode(text)
    _refuse_odd_values(value)
    return value


def _decode(text: str) -> object:
    try:
        return _DECODER.decode(text)
    except UnreadableJson:
        raise
    except json.JSONDecodeError as error:
        raise UnreadableJson(f"Not valid JSON at line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise UnreadableJson("The brackets are nested too deeply.") from None
    except ValueError:
        # int() refuses thousands of digits, which would take quadratic time.
        raise UnreadableJson("A number is too long.") from None


def _object_with_single_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise UnreadableJson("A key stands twice in the same object.")
    return value


def _refuse_constant(_name: str) -> NoReturn:
    raise UnreadableJson("NaN and Infinity are not JSON numbers.")


_DECODER = json.JSONDecoder(object_pairs_hook=_object_with_single_keys, parse_constant=_refuse_constant)
"""One for all texts: ``json.loads`` with hooks makes a new one at each call."""


def _refuse_odd_values(value: object) -> None:
    """Refuse lone surrogates, which no UTF-8 answer could hold, and nesting that no request needs."""
    waiting: list[tuple[object, int]] = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if depth > DEEPEST_NESTING:
            raise UnreadableJson("The brackets are nested too deeply.")
        if isinstance(item, str):
            if not _is_encodable(item):
                raise UnreadableJson("A text holds half of a surrogate pair.")
        elif isinstance(item, dict):
            waiting += [(key, depth) for key in item]
            waiting += [(inner, depth + 1) for inner in item.values()]
        elif isinstance(item, list):
            waiting += [(inner, depth + 1) for inner in item]


def _is_encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
