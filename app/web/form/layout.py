"""Which facts stand where on the form, and the words for their choices; ranges and titles come from `scoring.facts`."""

from dataclasses import dataclass

from scoring.facts import FACTS, Kind
from scoring.site import Capability, StrokeSystem


@dataclass(frozen=True, slots=True)
class Group:
    """Facts that are asked for together, out of sight until somebody opens them."""

    key: str
    title: str
    names: tuple[str, ...]
    hint: str = ""


FIRST_TIMES = ("last_known_well_at", "onset_witnessed_at")
"""Times that are always in view."""

FIRST_FACTS = ("nihss_total", "prestroke_mrs", "age_years", "occlusion_site")
"""Facts that are always in view, beside the question about haemorrhage and the regions."""

MORE_TIMES = (
    Group(
        "wake-up",
        "Woke with symptoms",
        ("slept_at", "woke_at"),
        "When the patient fell asleep well, and when they woke.",
    ),
    Group("on-the-way", "First noticed, arrived here, imaged", ("recognised_at", "arrived_at", "imaged_at")),
)
MORE_TIME_NAMES = tuple(name for group in MORE_TIMES for name in group.names)

MORE_FACTS = (
    Group(
        "imaging",
        "More from imaging: mass effect, perfusion, collaterals",
        (
            "mass_effect",
            "extensive_hypodensity",
            "salvageable_tissue",
            "core_volume_ml",
            "tmax6_volume_ml",
            "collaterals",
            "dwi_flair_mismatch",
            "dwi_lesion_fraction_of_mca",
            "microbleed_count",
        ),
    ),
    Group(
        "patient",
        "More about the patient: deficit, pressure, bloods, weight",
        (
            "disabling_deficit",
            "deficit_worsening",
            "systolic_bp_mmhg",
            "diastolic_bp_mmhg",
            "glucose_mmol_per_l",
            "platelets_10e9_per_l",
            "inr",
            "aptt_seconds",
            "pt_seconds",
            "weight_kg",
            "age_days",
        ),
    ),
    Group(
        "swelling",
        "Brain swelling: extent of the infarct, cerebellum, hydrocephalus",
        (
            "nihss_1a",
            "mca_infarct_fraction",
            "dwi_lesion_volume_ml",
            "malignant_mca_infarct",
            "cerebellar_infarct",
            "cerebellar_infarct_volume_ml",
            "obstructive_hydrocephalus",
        ),
    ),
    Group(
        "thrombolysis",
        "Thrombolysis: anticoagulants and contraindications",
        (
            "thrombolysis_given",
            "evt_available",
            "anticoagulant",
            "hours_since_anticoagulant",
            *(name for name in FACTS if name.startswith("days_since_")),
            "prior_intracranial_haemorrhage",
            "infective_endocarditis",
            "aortic_arch_dissection",
            "intra_axial_neoplasm",
            "extra_axial_neoplasm",
            "amyloid_immunotherapy",
            "pregnancy_or_postpartum",
            "intracranial_dissection",
            "extracranial_dissection",
            "vascular_malformation",
            "unruptured_aneurysm",
            "recent_stemi",
            "pericarditis",
            "intracardiac_thrombus",
            "active_cancer",
            "moyamoya",
            "sickle_cell_disease",
            "stroke_during_angiography",
            "remote_myocardial_infarction",
            "recreational_drug_use",
            "stroke_mimic_possible",
            "antiplatelet_therapy",
        ),
    ),
)

POSTERIOR_FACTS = ("pc_aspects_total", "pons_midbrain_index")
"""Asked for beside the posterior regions."""

NOT_ON_THE_FORM = frozenset(
    {
        # The form asks for the side once, beside the regions.
        "affected_side",
        # Durations serve data sets; at the bedside '-3h30' in a time field says the same.
        *(name for name in FACTS if name.startswith("minutes_since_")),
    }
)

CHOICE_WORDS: dict[str, dict[str, str]] = {
    "affected_side": {"right": "right", "left": "left"},
    "occlusion_site": {
        "none": "No occlusion on vessel imaging",
        "ica_intracranial": "ICA, intracranial",
        "tandem_ica_m1": "Tandem: cervical ICA and M1",
        "mca_m1": "MCA M1",
        "mca_m2_dominant": "MCA M2, dominant",
        "mca_m2_codominant": "MCA M2, codominant",
        "mca_m2_nondominant": "MCA M2, non-dominant",
        "mca_m2_unspecified": "MCA M2, dominance not stated",
        "mca_m3": "MCA M3",
        "mca_m4": "MCA M4",
        "ica_extracranial": "ICA, extracranial only",
        "aca_a1": "ACA A1",
        "aca_a2": "ACA A2",
        "aca_a3": "ACA A3",
        "basilar": "Basilar",
        "vertebral": "Vertebral",
        "pca_p1": "PCA P1",
        "pca_p2": "PCA P2",
        "pca_p3": "PCA P3",
    },
    "prestroke_mrs": {
        "0": "0: no symptoms",
        "1": "1: symptoms, no disability",
        "2": "2: slight disability",
        "3": "3: needs some help, walks alone",
        "4": "4: cannot walk or care for self alone",
        "5": "5: bedridden, constant care",
    },
    "anticoagulant": {
        "none": "None",
        "warfarin": "Warfarin",
        "heparin": "Heparin",
        "lmwh": "Low molecular weight heparin",
        "doac": "Direct oral anticoagulant",
    },
    "capability": {
        Capability.ACUTE_STROKE_READY: "Acute stroke ready: CT, thrombolysis",
        Capability.PRIMARY: "Primary stroke centre: stroke unit",
        Capability.THROMBECTOMY_CAPABLE: "Thrombectomy capable",
        Capability.COMPREHENSIVE: "Comprehensive: thrombectomy, neurosurgery",
    },
    "stroke_system": {
        StrokeSystem.WELL_COORDINATED: "Well coordinated",
        StrokeSystem.POORLY_COORDINATED: "Poorly coordinated",
    },
}
"""Words for values that do not speak for themselves, in the order in which they are offered."""

UNKNOWN_WORDS = {"occlusion_site": "Not imaged, not known"}
"""Words for 'not known' where a plain 'not known' would leave a doubt."""


def choices_of(name: str) -> dict[str, str]:
    """The values that are offered for a fact, with their words."""
    if name in CHOICE_WORDS:
        return dict(CHOICE_WORDS[name])
    return {value: value.replace("_", " ").capitalize() for value in FACTS[name].choices}


def asks_by_choice(name: str) -> bool:
    """Whether the form offers a list instead of a box to type in."""
    return name in CHOICE_WORDS or FACTS[name].kind is Kind.CHOICE


def names_on_the_form() -> tuple[str, ...]:
    """Every fact that has a field of its own name."""
    grouped = (name for group in (*MORE_TIMES, *MORE_FACTS) for name in group.names)
    rest = ("haemorrhage_on_imaging", "aspects_total", *POSTERIOR_FACTS)
    return (*FIRST_TIMES, *FIRST_FACTS, *rest, *grouped)
