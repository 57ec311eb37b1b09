"""The typical patients of docs/conflicts.md: tables of cases that differ in one or two facts."""

from collections.abc import Mapping
from dataclasses import dataclass

Stated = Mapping[str, int | float | str | bool]


@dataclass(frozen=True, slots=True)
class PatientTable:
    """Patients who share some facts and vary in others; every row states the same facts."""

    title: str
    shared: Stated
    rows: tuple[Stated, ...]
    shown: tuple[str, ...] = ()
    """Facts that get a column; empty: all facts of a row."""
    remark: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Facts that tell the rows apart on the page."""
        return self.shown or tuple(self.rows[0])


def _hours(*hours: float) -> list[int]:
    return [round(hour * 60) for hour in hours]


def _perfusion(core: Stated) -> str:
    volumes = f"core {core['core_volume_ml']} ml, hypoperfused {core['tmax6_volume_ml']} ml"
    return f"ASPECTS {core['aspects_total']}, {volumes}"


ADULT: Stated = {"age_years": 70, "prestroke_mrs": 0, "nihss_total": 16, "mass_effect": False}
M1: Stated = {**ADULT, "occlusion_site": "mca_m1"}
BASILAR: Stated = {**ADULT, "occlusion_site": "basilar", "pons_midbrain_index": 0, "salvageable_tissue": True}

# Perfusion that goes with the score: the smaller the score, the larger the core.
SMALL_CORE: Stated = {"aspects_total": 8, "core_volume_ml": 20, "tmax6_volume_ml": 120}
LARGE_CORE: Stated = {"aspects_total": 4, "core_volume_ml": 90, "tmax6_volume_ml": 170}
VERY_LARGE_CORE: Stated = {"aspects_total": 1, "core_volume_ml": 160, "tmax6_volume_ml": 190}

CORES = (SMALL_CORE, LARGE_CORE, VERY_LARGE_CORE)

SALVAGEABLE: Stated = {"salvageable_tissue": True, "collaterals": "good"}

THROMBECTOMY_TABLES = (
    PatientTable(
        "M1 occlusion by time and ASPECTS, perfusion done",
        {**M1, **SALVAGEABLE},
        tuple(
            {"minutes_since_last_known_well": minutes, **core}
            for minutes in _hours(3, 10, 14, 20, 26)
            for core in CORES
        ),
        shown=("minutes_since_last_known_well", "aspects_total"),
        remark="Perfusion that goes with the score: " + "; ".join(map(_perfusion, CORES)) + ".",
    ),
    PatientTable(
        "M1 occlusion, ASPECTS 8, perfusion not done",
        {**M1, "aspects_total": 8},
        tuple({"minutes_since_last_known_well": minutes} for minutes in _hours(3, 10, 14, 20)),
        remark="Who asks for perfusion or collaterals, and who does not.",
    ),
    PatientTable(
        "M1 occlusion with a large core, by age",
        {**M1, **SALVAGEABLE, **LARGE_CORE},
        tuple(
            {"minutes_since_last_known_well": minutes, "age_years": age}
            for minutes in _hours(3, 10)
            for age in (79, 80, 86, 91)
        ),
    ),
    PatientTable(
        "M1 occlusion, ASPECTS 8, by disability before the stroke",
        {**M1, **SALVAGEABLE, **SMALL_CORE},
        tuple(
            {"minutes_since_last_known_well": minutes, "prestroke_mrs": mrs}
            for minutes in _hours(3, 10)
            for mrs in (1, 2, 3, 5)
        ),
    ),
    PatientTable(
        "M1 occlusion with a mild but disabling deficit",
        {**M1, **SMALL_CORE, **SALVAGEABLE, "disabling_deficit": True, "deficit_worsening": False},
        tuple(
            {"minutes_since_last_known_well": minutes, "nihss_total": nihss}
            for minutes in _hours(3, 10)
            for nihss in (3, 5, 6)
        ),
    ),
    PatientTable(
        "Medium and distal vessels",
        {**ADULT, **SMALL_CORE, **SALVAGEABLE, "nihss_total": 9},
        tuple(
            {"minutes_since_last_known_well": minutes, "occlusion_site": site}
            for minutes in _hours(3, 10)
            for site in ("mca_m2_dominant", "mca_m2_codominant", "mca_m2_nondominant", "mca_m3", "aca_a1", "pca_p1")
        ),
    ),
    PatientTable(
        "Basilar occlusion by time and NIHSS",
        {**BASILAR, "pc_aspects_total": 8},
        tuple(
            {"minutes_since_last_known_well": minutes, "nihss_total": nihss}
            for minutes in _hours(3, 10, 14, 26)
            for nihss in (4, 7, 16)
        ),
    ),
    PatientTable(
        "Basilar occlusion by extent of infarction, age and earlier disability",
        {**BASILAR, "minutes_since_last_known_well": 300},
        (
            {"pc_aspects_total": 8, "age_years": 70, "prestroke_mrs": 0},
            {"pc_aspects_total": 6, "age_years": 70, "prestroke_mrs": 0},
            {"pc_aspects_total": 5, "age_years": 70, "prestroke_mrs": 0},
            {"pc_aspects_total": 8, "age_years": 85, "prestroke_mrs": 0},
            {"pc_aspects_total": 8, "age_years": 92, "prestroke_mrs": 0},
            {"pc_aspects_total": 8, "age_years": 70, "prestroke_mrs": 2},
        ),
    ),
)

DECOMPRESSION_TABLES = (
    PatientTable(
        "Malignant MCA infarct, 30 hours, getting worse",
        {
            "minutes_since_last_known_well": 1800, "nihss_1a": 1, "deficit_worsening": True,
            "cerebellar_infarct": False, "cerebellar_infarct_volume_ml": 0, "dwi_lesion_volume_ml": 100,
            "malignant_mca_infarct": False,
        },
        tuple(
            {"age_years": age, "nihss_total": nihss, "mca_infarct_fraction": fraction}
            for age in (55, 60, 61)
            for nihss, fraction in ((18, 0.6), (15, 0.6), (18, 0.4))
        ),
    ),
)  # fmt: skip
