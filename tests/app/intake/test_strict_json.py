"""What the strict parser takes; what it refuses is in test_hostile_input."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.intake import strict_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_any_ordinary_value_survives(value: Any, ensure_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=ensure_ascii)
    assert strict_json.parse(text.encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_refused(body: bytes) -> None:
    try:
        value = strict_json.parse(body)
    except strict_json.UnreadableJson:  # any other exception fails the test
        return
    assert value == json.loads(body)


@pytest.mark.parametrize("text", ['"\\ud83e\\udde0"', '"\U0001f9e0"', '{"caf\\u00e9": 1}'])
def test_whole_surrogate_pairs_and_escapes_are_fine(text: str) -> None:
    assert strict_json.parse(text.encode()) == json.loads(text)


def test_the_deepest_nesting_is_taken_and_one_more_is_not() -> None:
    deepest = strict_json.DEEPEST_NESTING
    strict_json.parse(b"[" * deepest + b"]" * deepest)
    with pytest.raises(strict_json.UnreadableJson, match="nested"):
        strict_json.parse(b"[" * (deepest + 1) + b"]" * (deepest + 1))


def test_many_shallow_brackets_are_fine() -> None:
    assert len(strict_json.parse(b"[" + b"{}," * 5000 + b"{}]")) == 5001  # type: ignore[arg-type]


def test_a_syntax_error_is_named_by_place_without_the_text() -> None:
    with pytest.raises(strict_json.UnreadableJson, match="line 2, column 11") as caught:
        strict_json.parse(b'{\n  "name": Canary}')
    assert "Canary" not in str(caught.value)


TEXTS = st.text(alphabet='{}[]",:\\0123456789.eE+-unltrfasINdNy \n\t\ud83e\ufeff\0a', max_size=60)


@given(TEXTS | st.builds(json.dumps, VALUES))
def test_the_fast_reader_takes_nothing_that_the_standard_library_refuses(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    try:
        fast = strict_json.parse(body)
    except strict_json.UnreadableJson:
        return
    assert repr(fast) == repr(json.loads(body))
