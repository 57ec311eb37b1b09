"""Which public codes mean which of our facts; a fact without one is sent under its own name in our code system.

A code stands here only where it means the fact and nothing else. The modified Rankin scale of LOINC 75859-9 does not
say that it is the state before the stroke, and an internal carotid artery does not say at which height it is occluded.
"""

from scoring.facts import FACTS, Kind

LOINC_FACTS = {
    "72089-6": "nihss_total",
    "30525-0": "age_years",
    "29463-7": "weight_kg",
    "3141-9": "weight_kg",
    "8480-6": "systolic_bp_mmhg",
    "8462-4": "diastolic_bp_mmhg",
    "2345-7": "glucose_mmol_per_l",
    "2339-0": "glucose_mmol_per_l",
    "2340-8": "glucose_mmol_per_l",
    "41653-7": "glucose_mmol_per_l",
    "14749-6": "glucose_mmol_per_l",
    "15074-8": "glucose_mmol_per_l",
    "14743-9": "glucose_mmol_per_l",
    "777-3": "platelets_10e9_per_l",
    "778-1": "platelets_10e9_per_l",
    "26515-7": "platelets_10e9_per_l",
    "6301-6": "inr",
    "34714-6": "inr",
    "38875-1": "inr",
    "3173-2": "aptt_seconds",
    "14979-9": "aptt_seconds",
    "5902-2": "pt_seconds",
}
"""LOINC terms whose value is the fact's value, in whatever unit it comes."""

SNOMED_FACTS = {"450743008": "nihss_total", "1386000": "haemorrhage_on_imaging"}

BP_PANELS = frozenset({"85354-9", "55284-4"})
NIHSS_PANELS = frozenset({"70182-1"})
"""LOINC panels, whose components carry the values."""

ASPECTS_SCORE = "1290002002"
ASPECTS_ASSESSMENT = "1290003007"

NAMED_AFTER = {
    "75859-9": "does not say that it is the state before the stroke; send it as prestroke_mrs of our code system",
    "11368-8": "is the onset of an illness, which is not when the patient was last known well",
}
"""LOINC terms that callers may expect to be read and that mean something else; the answer says so."""

SNOMED_SITES = {
    "414722000": "mca_m1",
    "414723005": "mca_m2_unspecified",
    "415646005": "ica_intracranial",
    "59011009": "basilar",
}
SNOMED_SIDES = {"7771000": "left", "24028007": "right"}
SNOMED_CHOICES = {"occlusion_site": SNOMED_SITES, "affected_side": SNOMED_SIDES}

PRESENT, ABSENT, UNDETERMINED = "52101004", "2667000", "373068000"
SNOMED_ANSWERS = {PRESENT: True, ABSENT: False, "373066001": True, "373067005": False}
V2_YES_NO = "http://terminology.hl7.org/CodeSystem/v2-0136"
V2_ANSWERS = {"Y": True, "N": False}

ATC_ANTICOAGULANTS = {
    "B01AA03": "warfarin",
    "B01AB01": "heparin",
    "B01AB04": "lmwh",
    "B01AB05": "lmwh",
    "B01AB06": "lmwh",
    "B01AB10": "lmwh",
    "B01AE07": "doac",
    "B01AF01": "doac",
    "B01AF02": "doac",
    "B01AF03": "doac",
}
ATC_ANTICOAGULANT_CLASSES = ("B01AA", "B01AB", "B01AE", "B01AF", "B01AX")
RXNORM_ANTICOAGULANTS = {
    "11289": "warfarin",
    "5224": "heparin",
    "67108": "lmwh",
    "67109": "lmwh",
    "1037042": "doac",
    "1114195": "doac",
    "1364430": "doac",
    "1599538": "doac",
}
"""Ingredients only: products and packs carry their ingredient beside them or are listed as not read."""

ICD_10_FACTS = {"I67.5": "moyamoya", "I33.0": "infective_endocarditis"}
"""Diagnoses that mean a contraindication fact whatever their course; without one, nothing is known."""

INTRACRANIAL_HAEMORRHAGE = "1386000"
THROMBOLYSIS_PROCEDURES = frozenset({"472191000119101"})
HEAD_OR_BRAIN = frozenset({"69536005", "12738006"})
CT_HEAD = frozenset({"30799-1"})

_HISTORY = list(FACTS)[list(FACTS).index("evt_available") :]

LASTING = frozenset({"weight_kg", "prestroke_mrs", *_HISTORY})
"""Facts that an old record still tells; the others are of this hour, and an old record tells nothing of them."""

SENT_AS_OBSERVATIONS = {name: spec for name, spec in FACTS.items() if spec.kind is not Kind.NIHSS_ITEMS}
"""Facts that an Observation may carry under their own names."""
