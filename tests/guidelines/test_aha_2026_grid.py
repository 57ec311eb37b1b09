"""The AHA/ASA 2026 tables written out a second time, as a plain function, and compared over every cell.

The function follows the printed tables row by row and shares nothing with the rule files.
"""

from datetime import date
from itertools import product

import pytest

from scoring.eligibility import grid_in_force, judge
from scoring.facts import OCCLUSION_SITES
from scoring.rule_files import read_rulebook
from scoring.values import Known

GRID = grid_in_force(read_rulebook(), date(2026, 11, 22))
ANTERIOR = {"ica_intracranial", "tandem_ica_m1", "mca_m1"}
NO_BENEFIT = {"mca_m2_codominant", "mca_m2_nondominant", "mca_m3", "mca_m4", "aca_a1", "aca_a2", "aca_a3", "pca_p1",
              "pca_p2", "pca_p3"}  # fmt: skip
HOURS = (0, 3, 5.99, 6, 6.02, 15, 24, 24.02, 40)
AGES = (0.05, 3, 10, 40, 79, 80, 95)


def outcome_of(values: dict[str, Known]) -> str:
    return next(answer.outcome.value for answer in judge(GRID, values) if answer.ruleset.id == "aha-asa-2026")


def adult_anterior(hours: float, aspects: int, mrs: int, age: float, *, mass_effect: bool) -> str:
    """Adult, intracranial ICA or M1, NIHSS 6 or more."""
    if hours > 24:
        return "IDD"
    selected = age < 80 and not mass_effect
    if hours <= 6:
        if aspects >= 6:
            return ("COR1", "COR1", "COR2a", "COR2b", "COR2b", "IDD")[mrs]
        if mrs >= 2:
            return "IDD"
        return "COR1" if aspects >= 3 else "COR2a" if selected else "IDD"
    if mrs >= 2 or aspects <= 2:
        return "IDD"
    return "COR1" if aspects >= 6 or selected else "IDD"


@pytest.mark.parametrize("site", sorted(ANTERIOR))
def test_adult_anterior_large_vessel(site: str) -> None:
    for hours, aspects, mrs, age, mass_effect in product(
        HOURS, range(11), range(6), (18, 40, 79, 80, 95), (True, False)
    ):
        values: dict[str, Known] = {
            "occlusion_site": site, "minutes_since_last_known_well": round(hours * 60), "aspects_total": aspects,
            "prestroke_mrs": mrs, "age_years": age, "mass_effect": mass_effect, "nihss_total": 6,
        }  # fmt: skip
        assert outcome_of(values) == adult_anterior(hours, aspects, mrs, age, mass_effect=mass_effect), values
        assert outcome_of({**values, "nihss_total": 5}) == "NOT_ADDRESSED", values


def test_dominant_m2() -> None:
    for hours, aspects, mrs, nihss in product(HOURS, range(11), range(6), (5, 6, 20)):
        values: dict[str, Known] = {
            "occlusion_site": "mca_m2_dominant", "minutes_since_last_known_well": round(hours * 60),
            "aspects_total": aspects, "prestroke_mrs": mrs, "age_years": 60, "nihss_total": nihss,
        }  # fmt: skip
        reasonable = hours <= 6 and aspects >= 6 and mrs <= 1
        expected = "NOT_ADDRESSED" if nihss < 6 else "COR2a" if reasonable else "IDD"
        assert outcome_of(values) == expected, values


@pytest.mark.parametrize("site", sorted(NO_BENEFIT))
def test_medium_and_distal_vessels_have_no_benefit_whatever_the_rest(site: str) -> None:
    for hours, aspects, mrs, nihss in product(HOURS, (0, 6, 10), (0, 5), (0, 30)):
        values: dict[str, Known] = {
            "occlusion_site": site, "minutes_since_last_known_well": round(hours * 60), "aspects_total": aspects,
            "prestroke_mrs": mrs, "age_years": 60, "nihss_total": nihss,
        }  # fmt: skip
        assert outcome_of(values) == ("COR3NB" if hours <= 24 else "NOT_ADDRESSED"), values


def test_basilar() -> None:
    for hours, points, mrs, nihss in product(HOURS, (0, 5, 6, 10), range(6), (0, 5, 6, 9, 10, 42)):
        values: dict[str, Known] = {
            "occlusion_site": "basilar", "minutes_since_last_known_well": round(hours * 60),
            "pc_aspects_total": points, "prestroke_mrs": mrs, "age_years": 60, "nihss_total": nihss,
        }  # fmt: skip
        if hours > 24 or mrs >= 2:
            expected = "IDD"
        elif points < 6 or nihss < 6:
            expected = "NOT_ADDRESSED"
        else:
            expected = "COR1" if nihss >= 10 else "COR2b"
        assert outcome_of(values) == expected, values


def test_children() -> None:
    for hours, age, salvageable in product(HOURS, (0.05, 0.08, 3, 5.9, 6, 10, 17.9), (True, False)):
        values: dict[str, Known] = {
            "occlusion_site": "mca_m1", "minutes_since_last_known_well": round(hours * 60), "age_years": age,
            "salvageable_tissue": salvageable,
        }  # fmt: skip
        if age < 28 / 365.25:
            expected = "IDD"
        elif age < 6:
            expected = "COR2b" if hours <= 24 and salvageable else "NOT_ADDRESSED"
        elif hours <= 6:
            expected = "COR2a"
        else:
            expected = "COR2a" if hours <= 24 and salvageable else "NOT_ADDRESSED"
        assert outcome_of(values) == expected, values


def test_every_site_is_covered_or_named_as_not_addressed() -> None:
    addressed = ANTERIOR | NO_BENEFIT | {"mca_m2_dominant", "basilar"}
    for site in set(OCCLUSION_SITES) - addressed - {"mca_m2_unspecified"}:
        for hours, age in product(HOURS, AGES):
            values: dict[str, Known] = {
                "occlusion_site": site, "minutes_since_last_known_well": round(hours * 60), "age_years": age,
                "aspects_total": 8, "prestroke_mrs": 0, "nihss_total": 15, "mass_effect": False,
            }  # fmt: skip
            assert outcome_of(values) == "NOT_ADDRESSED", values


def test_m2_of_unknown_dominance_asks_for_it() -> None:
    (answer,) = [
        answer
        for answer in judge(GRID, {**_m2_values(), "occlusion_site": _unspecified_m2()})
        if answer.ruleset.id == "aha-asa-2026"
    ]
    assert answer.outcome.value == "NEED_DATA"
    assert answer.missing == ("occlusion_site",)


def _m2_values() -> dict[str, Known]:
    return {
        "minutes_since_last_known_well": 200,
        "aspects_total": 8,
        "prestroke_mrs": 0,
        "age_years": 60,
        "nihss_total": 9,
    }


def _unspecified_m2() -> Known:
    from scoring.facts import FACTS  # noqa: PLC0415 -- used by one test only
    from scoring.values import OneOf  # noqa: PLC0415 -- used by one test only

    return OneOf(FACTS["occlusion_site"].coarse["mca_m2_unspecified"])
