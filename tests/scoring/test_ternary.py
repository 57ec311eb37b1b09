"""How answers combine: a checklist fails by one line, alternatives hold by one, and unknown is never no."""

import pytest

from scoring.ternary import Ternary, all_of, any_of

MET, NOT_MET, UNKNOWN = Ternary.MET, Ternary.NOT_MET, Ternary.UNKNOWN


@pytest.mark.parametrize(
    ("one", "two", "both", "either"),
    [
        (MET, MET, MET, MET),
        (MET, UNKNOWN, UNKNOWN, MET),
        (MET, NOT_MET, NOT_MET, MET),
        (UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
        (UNKNOWN, NOT_MET, NOT_MET, UNKNOWN),
        (NOT_MET, NOT_MET, NOT_MET, NOT_MET),
    ],
)
def test_two_answers_combine(one: Ternary, two: Ternary, both: Ternary, either: Ternary) -> None:
    for answers in ([one, two], [two, one]):
        assert all_of(answers) is both
        assert any_of(answers) is either


def test_a_list_without_lines_holds_and_no_alternatives_do_not() -> None:
    assert all_of([]) is MET
    assert any_of([]) is NOT_MET
