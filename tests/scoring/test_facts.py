"""Facts: what is known of a patient, and nothing in its place where it is not."""

import pytest

import scoring
from scoring.facts import FACTS, Facts, FactSpec, Kind


def test_facts_made_of_the_known_few_are_those_made_of_all() -> None:
    stated = {"nihss_total": 16, "age_years": 70, "mass_effect": False}
    assert Facts.of(stated) == Facts(**stated)  # type: ignore[arg-type]  # names are facts
    assert Facts.of(stated).known() == stated
    assert list(Facts.of(stated).known()) == ["nihss_total", "age_years", "mass_effect"], "as they were stated"


def test_what_is_not_known_is_none_and_no_and_zero_are_known() -> None:
    facts = Facts(mass_effect=False, prestroke_mrs=0, inr=None)
    assert facts.inr is None
    assert facts.known() == {"mass_effect": False, "prestroke_mrs": 0}


def test_a_fact_is_told_as_it_is_declared() -> None:
    """One of each kind: what it is called, its unit, which values it may take, and what to mind."""
    assert FACTS["weight_kg"] == FactSpec("weight_kg", Kind.NUMBER, "Weight", "kg", 0.5, 350)
    assert FACTS["mca_infarct_fraction"] == FactSpec(
        "mca_infarct_fraction", Kind.NUMBER, "Infarct on CT as a fraction of the MCA territory", None, 0, 1,
        help="0.5 is one half.",
    )  # fmt: skip
    assert FACTS["nihss_total"] == FactSpec("nihss_total", Kind.INTEGER, "NIHSS", "points", 0, 42)
    assert FACTS["age_days"] == FactSpec(
        "age_days", Kind.INTEGER, "Age below one year", "days", 0, 366, help="Instead of years, for infants."
    )
    assert FACTS["mass_effect"] == FactSpec("mass_effect", Kind.BOOLEAN, "Significant mass effect")
    assert FACTS["evt_available"] == FactSpec(
        "evt_available", Kind.BOOLEAN, "Thrombectomy can be reached", help="No: it cannot be had, here or elsewhere."
    )
    assert FACTS["affected_side"] == FactSpec(
        "affected_side", Kind.CHOICE, "Affected side of the brain", choices=("left", "right"),
        help="The patient's side.",
    )  # fmt: skip
    assert FACTS["arrived_at"] == FactSpec("arrived_at", Kind.TIME, "Arrived at this hospital")
    assert FACTS["last_known_well_at"].help.startswith("In hospital, the last normal check.")


def test_a_number_has_a_least_and_a_greatest_value_and_what_is_none_has_not() -> None:
    assert FACTS["nihss_total"].ends == (0, 42)
    with pytest.raises(ValueError, match="'mass_effect' is not a number"):
        _ = FACTS["mass_effect"].ends


def test_the_package_offers_what_it_names_and_nothing_else() -> None:
    for name in scoring.__all__:
        assert getattr(scoring, name).__name__ == name
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = scoring.no_such_thing
