"""The patient's facts: one vocabulary for JSON, tables, rule files, the form and the docs. ``None``: not known."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

NihssItems = dict[str, int | Literal["UN"]]


class Kind(StrEnum):
    """What sort of value a fact takes."""

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    TIME = "time"
    NIHSS_ITEMS = "nihss_items"


@dataclass(frozen=True, slots=True)
class FactSpec:
    """What a fact means and which values it may take; bounds are inclusive."""

    name: str
    kind: Kind
    title: str
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    help: str = ""
    coarse: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Choices that leave open which of several finer choices holds; rules ask for the finer ones only."""

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest value of a number. Raises ValueError for what is none."""
        if self.minimum is None or self.maximum is None:
            raise ValueError(f"'{self.name}' is not a number")
        return self.minimum, self.maximum


def _fact(kind: Kind, title: str, **details: Any) -> Any:
    return field(default=None, metadata={"kind": kind, "title": title, **details})


def _number(title: str, unit: str | None, minimum: float, maximum: float, help: str = "") -> Any:  # noqa: A002 -- mirrors FactSpec.help
    return _fact(Kind.NUMBER, title, unit=unit, minimum=minimum, maximum=maximum, help=help)


def _integer(title: str, unit: str | None, minimum: int, maximum: int, help: str = "") -> Any:  # noqa: A002 -- mirrors FactSpec.help
    return _fact(Kind.INTEGER, title, unit=unit, minimum=minimum, maximum=maximum, help=help)


def _boolean(title: str, help: str = "") -> Any:  # noqa: A002 -- mirrors FactSpec.help
    return _fact(Kind.BOOLEAN, title, help=help)


def _choice(title: str, *choices: str, **details: Any) -> Any:
    return _fact(Kind.CHOICE, title, choices=choices, **details)


def _time(title: str, help: str = "") -> Any:  # noqa: A002 -- mirrors FactSpec.help
    return _fact(Kind.TIME, title, help=help)


_YEAR_MINUTES = 366 * 24 * 60
"""Longest duration that a caller may state; anything near it is a slip of units, and time windows end at days."""

_LONG_AGO_DAYS = 36_500
"""Longest 'days since' that a caller may state: a hundred years."""

OCCLUSION_SITES = (
    "none", "ica_extracranial", "ica_intracranial", "tandem_ica_m1", "mca_m1", "mca_m2_dominant", "mca_m2_codominant",
    "mca_m2_nondominant", "mca_m2_unspecified", "mca_m3", "mca_m4", "aca_a1", "aca_a2", "aca_a3", "pca_p1", "pca_p2",
    "pca_p3", "basilar", "vertebral",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of one patient. Every field may be ``None``, and that means not known: never no, zero or normal."""

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> "Facts":
        """Make the facts from the few that are known, by name, as checked before; a tenth of the cost of all ninety."""
        facts = object.__new__(cls)
        facts.__dict__.update(known)
        return facts

    def known(self) -> dict[str, Any]:
        """The facts that are known, by name, in the order in which they were stated."""
        return {name: value for name, value in self.__dict__.items() if value is not None}

    age_years: float | None = _number("Age", "years", 0, 120)
    age_days: int | None = _integer("Age below one year", "days", 0, 366, "Instead of years, for infants.")
    weight_kg: float | None = _number("Weight", "kg", 0.5, 350)
    prestroke_mrs: int | None = _integer("Modified Rankin scale before the stroke", None, 0, 5)

    onset_witnessed_at: datetime | None = _time("Onset, if someone saw it")
    last_known_well_at: datetime | None = _time(
        "Last known well",
        "In hospital, the last normal check. After an attack that cleared fully, the end of it; a deficit that only"
        " wavers does not start the clock anew.",
    )
    recognised_at: datetime | None = _time("Symptoms first noticed")
    slept_at: datetime | None = _time("Fell asleep, well")
    woke_at: datetime | None = _time("Woke with symptoms")
    arrived_at: datetime | None = _time("Arrived at this hospital")
    imaged_at: datetime | None = _time("First brain imaging")
    minutes_since_last_known_well: int | None = _integer("Time since last known well", "min", 0, _YEAR_MINUTES)
    minutes_since_recognition: int | None = _integer("Time since symptoms were noticed", "min", 0, _YEAR_MINUTES)
    minutes_since_sleep_midpoint: int | None = _integer("Time since the midpoint of sleep", "min", 0, _YEAR_MINUTES)
    minutes_since_imaging: int | None = _integer("Time since first imaging", "min", 0, _YEAR_MINUTES)

    nihss_total: int | None = _integer("NIHSS", "points", 0, 42)
    nihss_items: NihssItems | None = _fact(Kind.NIHSS_ITEMS, "NIHSS items", help="Instead of the total.")
    disabling_deficit: bool | None = _boolean("Deficit is disabling")
    deficit_worsening: bool | None = _boolean("Deficit is getting worse")
    nihss_1a: int | None = _integer(
        "NIHSS item 1a, level of consciousness",
        "points",
        0,
        3,
        "0 is alert. Taken from the NIHSS items where they are given.",
    )

    occlusion_site: str | None = _choice(
        "Occluded vessel",
        *OCCLUSION_SITES,
        help="Absent: no vessel imaging yet. M1 here is the artery, not the region.",
        coarse={"mca_m2_unspecified": frozenset({"mca_m2_dominant", "mca_m2_codominant", "mca_m2_nondominant"})},
    )
    affected_side: str | None = _choice("Affected side of the brain", "left", "right", help="The patient's side.")
    aspects_total: int | None = _integer("ASPECTS", "points", 0, 10, "When no region findings are given.")
    pc_aspects_total: int | None = _integer("pc-ASPECTS", "points", 0, 10)
    pons_midbrain_index: int | None = _integer("Pons-midbrain index", "points", 0, 8)
    haemorrhage_on_imaging: bool | None = _boolean("Haemorrhage on imaging")
    mass_effect: bool | None = _boolean("Significant mass effect")
    salvageable_tissue: bool | None = _boolean("Salvageable tissue on perfusion or MRI")
    core_volume_ml: float | None = _number("Perfusion core", "ml", 0, 2000)
    tmax6_volume_ml: float | None = _number("Hypoperfused volume, Tmax above 6 s", "ml", 0, 2000)
    collaterals: str | None = _choice("Collaterals", "absent", "poor", "moderate", "good")
    dwi_flair_mismatch: bool | None = _boolean("DWI-FLAIR mismatch")
    dwi_lesion_fraction_of_mca: float | None = _number("DWI lesion as a fraction of the MCA territory", None, 0, 1)

    mca_infarct_fraction: float | None = _number(
        "Infarct on CT as a fraction of the MCA territory", None, 0, 1, "0.5 is one half."
    )
    dwi_lesion_volume_ml: float | None = _number("DWI lesion volume", "ml", 0, 2000)
    malignant_mca_infarct: bool | None = _boolean("Swelling (malignant) MCA infarct")
    cerebellar_infarct: bool | None = _boolean("Cerebellar infarct")
    cerebellar_infarct_volume_ml: float | None = _number("Cerebellar infarct volume", "ml", 0, 500)
    obstructive_hydrocephalus: bool | None = _boolean("Obstructive hydrocephalus")

    systolic_bp_mmhg: int | None = _integer("Systolic blood pressure", "mmHg", 30, 350)
    diastolic_bp_mmhg: int | None = _integer("Diastolic blood pressure", "mmHg", 30, 350)
    glucose_mmol_per_l: float | None = _number("Glucose", "mmol/l", 0, 100)
    platelets_10e9_per_l: float | None = _number("Platelets", "10^9/l", 0, 5000)
    inr: float | None = _number("INR", None, 0, 50)
    aptt_seconds: float | None = _number("aPTT", "s", 0, 1000)
    pt_seconds: float | None = _number("Prothrombin time", "s", 0, 1000)
    anticoagulant: str | None = _choice("Anticoagulant", "none", "warfarin", "heparin", "lmwh", "doac")
    hours_since_anticoagulant: float | None = _number("Time since the last dose", "h", 0, 9000)
    thrombolysis_given: bool | None = _boolean("Thrombolysis given")
    evt_available: bool | None = _boolean("Thrombectomy can be reached", "No: it cannot be had, here or elsewhere.")

    extensive_hypodensity: bool | None = _boolean("Extensive frank hypodensity that explains the deficit")
    infective_endocarditis: bool | None = _boolean("Infective endocarditis")
    aortic_arch_dissection: bool | None = _boolean("Aortic arch dissection")
    intra_axial_neoplasm: bool | None = _boolean("Intra-axial neoplasm")
    extra_axial_neoplasm: bool | None = _boolean("Extra-axial neoplasm")
    amyloid_immunotherapy: bool | None = _boolean("Amyloid immunotherapy or its imaging abnormalities (ARIA)")
    pregnancy_or_postpartum: bool | None = _boolean("Pregnancy or post partum")
    prior_intracranial_haemorrhage: bool | None = _boolean("Earlier intracranial haemorrhage")
    intracranial_dissection: bool | None = _boolean("Intracranial arterial dissection")
    extracranial_dissection: bool | None = _boolean("Extracranial cervical dissection")
    vascular_malformation: bool | None = _boolean("Intracranial vascular malformation")
    unruptured_aneurysm: bool | None = _boolean("Unruptured intracranial aneurysm")
    recent_stemi: bool | None = _boolean("Recent ST-elevation myocardial infarction")
    pericarditis: bool | None = _boolean("Acute pericarditis")
    intracardiac_thrombus: bool | None = _boolean("Thrombus in the left heart")
    active_cancer: bool | None = _boolean("Active systemic cancer")
    moyamoya: bool | None = _boolean("Moyamoya")
    sickle_cell_disease: bool | None = _boolean("Sickle cell disease")
    stroke_during_angiography: bool | None = _boolean("Stroke during angiography")
    remote_myocardial_infarction: bool | None = _boolean("Myocardial infarction in the past, not recent")
    recreational_drug_use: bool | None = _boolean("Recreational drug use")
    stroke_mimic_possible: bool | None = _boolean("Perhaps no stroke but a mimic")
    antiplatelet_therapy: bool | None = _boolean("Antiplatelet drugs, one or two")
    microbleed_count: int | None = _integer("Cerebral microbleeds", "count", 0, 10_000)
    days_since_head_injury: int | None = _integer("Moderate or severe head injury", "days ago", 0, _LONG_AGO_DAYS)
    days_since_neurosurgery: int | None = _integer("Intracranial or spinal surgery", "days ago", 0, _LONG_AGO_DAYS)
    days_since_spinal_cord_injury: int | None = _integer("Spinal cord injury", "days ago", 0, _LONG_AGO_DAYS)
    days_since_ischaemic_stroke: int | None = _integer("Earlier ischaemic stroke", "days ago", 0, _LONG_AGO_DAYS)
    days_since_major_surgery_or_trauma: int | None = _integer("Major surgery or trauma", "days ago", 0, _LONG_AGO_DAYS)
    days_since_gi_gu_bleed: int | None = _integer("Gastrointestinal or urinary bleed", "days ago", 0, _LONG_AGO_DAYS)
    days_since_dural_puncture: int | None = _integer("Dural puncture", "days ago", 0, _LONG_AGO_DAYS)
    days_since_arterial_puncture: int | None = _integer(
        "Arterial puncture at a site that cannot be compressed", "days ago", 0, _LONG_AGO_DAYS
    )


FACTS: dict[str, FactSpec] = {entry.name: FactSpec(name=entry.name, **entry.metadata) for entry in fields(Facts)}
"""Every fact by name, in the order of :class:`Facts`."""
