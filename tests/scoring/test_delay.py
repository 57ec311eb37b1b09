"""The cost of waiting agrees with the package that the model comes from, and is silent outside its group."""

import warnings
from typing import Any

import pandas as pd
import pytest

from scoring.delay import delay_model, outcomes_by_delay
from scoring.values import Known

PATIENT: dict[str, Known] = {
    "occlusion_site": "mca_m1",
    "age_years": 60,
    "nihss_total": 14,
    "aspects_total": 8,
    "prestroke_mrs": 1,
    "minutes_since_last_known_well": 150,
}


def outcomes_of_the_package(minutes: int) -> dict[str, Any]:
    """What stroke-outcome finds for one patient treated by thrombectomy that many minutes after onset."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it compiles with warnings of its own
        from stroke_outcome.continuous_outcome import Continuous_outcome  # noqa: PLC0415 -- see above

        model = Continuous_outcome()
        patient = {"stroke_type_code": 2, "onset_to_needle_mins": 0.0, "ivt_chosen_bool": 0}
        patient |= {"onset_to_puncture_mins": float(minutes), "mt_chosen_bool": 1}
        model.assign_patients_to_trial(pd.DataFrame([patient]))
        full_cohort = model.calculate_outcomes()[-1]
    outcomes: dict[str, Any] = full_cohort
    return outcomes


@pytest.mark.parametrize("minutes", [0, 1, 60, 240, 270, 400, 479])
def test_the_model_is_that_of_the_package(minutes: int) -> None:
    theirs = outcomes_of_the_package(minutes)
    expected = list(theirs["each_patient_mrs_dist_post_stroke"][0])
    assert delay_model().distribution(minutes) == pytest.approx(expected, abs=1e-9)
    mean_mrs = delay_model().outcome(minutes, 0).mean_mrs
    assert mean_mrs == pytest.approx(theirs["each_patient_mrs_post_stroke"][0], abs=0.005)


def test_every_minute_costs() -> None:
    told = outcomes_by_delay(PATIENT, 90)
    assert [one.delay_minutes for one in told] == [0, 15, 30, 60]
    assert [one.minutes_from_onset for one in told] == [240, 255, 270, 300]
    independent = [one.independent_percent for one in told]
    assert independent == sorted(independent, reverse=True)
    assert len(set(independent)) == len(independent)
    assert told[0].independent_percent == pytest.approx(39.2)
    assert all(one.mean_mrs == round(one.mean_mrs, 2) for one in told), "two decimals: the model knows no more"


def test_delays_end_where_the_model_does() -> None:
    assert [one.delay_minutes for one in outcomes_by_delay(PATIENT, 330)] == [0]
    assert outcomes_by_delay(PATIENT, 331) == ()


@pytest.mark.parametrize("outside", [-1, 481])
def test_the_model_refuses_times_that_it_does_not_cover(outside: float) -> None:
    with pytest.raises(ValueError, match="0 to 480 minutes"):
        delay_model().distribution(outside)


@pytest.mark.parametrize(
    "changed",
    [
        {"occlusion_site": "basilar"},
        {"occlusion_site": None},
        {"age_years": 12},
        {"age_years": None},
        {"nihss_total": 5},
        {"aspects_total": 5},
        {"aspects_total": None},
        {"prestroke_mrs": 3},
        {"prestroke_mrs": None},
        {"minutes_since_last_known_well": None},
        {"haemorrhage_on_imaging": True},
    ],
)
def test_silent_for_patients_outside_the_group(changed: dict[str, Known | None]) -> None:
    values = {name: value for name, value in {**PATIENT, **changed}.items() if value is not None}
    assert outcomes_by_delay(values, 90) == ()


def test_silent_without_a_projected_puncture() -> None:
    assert outcomes_by_delay(PATIENT, None) == ()
