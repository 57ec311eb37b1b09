"""Facts: what is known of a patient, and nothing in its place where it is not."""

import pytest

import scoring
from scoring.facts import FACTS, Facts


def test_facts_made_of_the_known_few_are_those_made_of_all() -> None:
    stated = {"nihss_total": 16, "age_years": 70, "mass_effect": False}
    assert Facts.of(stated) == Facts(**stated)  # type: ignore[arg-type]  # names are facts
    assert Facts.of(stated).known() == stated
    assert list(Facts.of(stated).known()) == ["nihss_total", "age_years", "mass_effect"], "as they were stated"


def test_what_is_not_known_is_none_and_no_and_zero_are_known() -> None:
    facts = Facts(mass_effect=False, prestroke_mrs=0, inr=None)
    assert facts.inr is None
    assert facts.known() == {"mass_effect": False, "prestroke_mrs": 0}


def test_a_number_has_a_least_and_a_greatest_value_and_what_is_none_has_not() -> None:
    assert FACTS["nihss_total"].ends == (0, 42)
    with pytest.raises(ValueError, match="'mass_effect' is not a number"):
        _ = FACTS["mass_effect"].ends


def test_the_package_offers_what_it_names_and_nothing_else() -> None:
    for name in scoring.__all__:
        assert getattr(scoring, name).__name__ == name
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = scoring.no_such_thing
