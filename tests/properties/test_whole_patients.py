"""What must hold for every patient from the request to the text of the answer: sides, order, and who came before."""

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.triage import triage, triage_text
from scoring.aspects import Findings
from scoring.case import Case
from scoring.facts import FACTS, OCCLUSION_SITES, Facts
from scoring.regions import Region, Side, Status
from scoring.site import Capability, Site

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OTHER = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}
SITES = (
    None,
    Site(capability=Capability.PRIMARY, minutes_to_thrombectomy_centre=70, door_to_groin_minutes=60),
    Site(capability=Capability.COMPREHENSIVE, door_to_groin_minutes=75),
)
VALUES: dict[str, tuple[Any, ...]] = {
    "age_years": (5, 17.9, 40, 79, 80, 86, 92), "nihss_total": (0, 5, 6, 9, 10, 19, 20, 30),
    "prestroke_mrs": tuple(range(6)), "occlusion_site": OCCLUSION_SITES, "mass_effect": (True, False),
    "haemorrhage_on_imaging": (True, False), "core_volume_ml": (0, 20, 31, 50, 70, 101),
    "tmax6_volume_ml": (10, 20, 60, 90, 200), "collaterals": ("absent", "poor", "good"),
    "salvageable_tissue": (True, False),
    "disabling_deficit": (True, False), "deficit_worsening": (True, False), "dwi_flair_mismatch": (True, False),
    "anticoagulant": ("none", "warfarin", "doac"), "inr": (1.2, 1.8), "pc_aspects_total": (5, 6, 7, 10),
    "mca_infarct_fraction": (0.2, 0.6), "weight_kg": (55, 70, 120), "minutes_since_imaging": (30, 100),
}  # fmt: skip


def patients(seed: int, how_many: int) -> Iterator[Case]:
    draw = random.Random(seed)
    for number in range(how_many):
        facts = {fact: draw.choice(values) for fact, values in VALUES.items() if draw.random() < 0.8}
        minutes = draw.choice((None, 60, 200, 271, 359, 361, 700, 961, 1439, 1500, 2000))
        known_well = None if minutes is None else NOW - timedelta(minutes=minutes)
        seen = {region: draw.choice(list(Status)) for region in Region if draw.random() < 0.95}
        yield Case(
            evaluated_at=NOW,
            case_id=str(number),
            facts=Facts(**facts, last_known_well_at=known_well),
            findings=Findings(draw.choice(list(Side)), seen),
            site=draw.choice(SITES),
        )


def mirrored(case: Case) -> Case:
    assert case.findings is not None
    assert case.findings.side is not None
    return replace(case, findings=replace(case.findings, side=OTHER[case.findings.side]))


def test_a_mirrored_patient_gets_the_mirrored_answer_and_no_other() -> None:
    for case in patients(seed=1, how_many=150):
        one, other = triage(case), triage(mirrored(case))
        assert one["aspects"]["side"] != other["aspects"]["side"]
        assert {**one["aspects"], "side": None} == {**other["aspects"], "side": None}
        assert {**one, "aspects": None, "transfer": None} == {**other, "aspects": None, "transfer": None}
        assert one["transfer"]["action"] == other["transfer"]["action"]


def test_an_answer_does_not_depend_on_who_came_before_byte_for_byte() -> None:
    cases = list(patients(seed=2, how_many=120))
    forget_what_is_kept()
    first = [triage_text(case) for case in cases]
    again = [triage_text(case) for case in cases]
    forget_what_is_kept()
    backwards = [triage_text(case) for case in reversed(cases)]
    assert first == again == backwards[::-1]


def forget_what_is_kept() -> None:
    """Empty every cache of the rules."""
    for module in [module for name, module in sys.modules.items() if name.startswith("scoring.")]:
        for value in vars(module).values():
            if callable(forget := getattr(value, "cache_clear", None)):
                forget()


@settings(max_examples=30)
@given(st.randoms(use_true_random=False))
def test_the_order_in_which_facts_are_stated_does_not_matter(order: random.Random) -> None:
    (case,) = patients(seed=order.randint(0, 10_000), how_many=1)
    stated = [(name, getattr(case.facts, name)) for name in FACTS if getattr(case.facts, name) is not None]
    order.shuffle(stated)
    assert triage_text(replace(case, facts=Facts(**dict(stated)))) == triage_text(case)
