"""What is read from FHIR resources, what is refused by name, and that nothing is dropped without a word."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.interop.fhir.case_reading import FhirCase, read_case
from app.problems import Problem
from tests.app.interop.fhir.case_bundles import (
    LOINC,
    OWN,
    PATIENT,
    SNOMED,
    UCUM,
    Json,
    aspects,
    bundle,
    coded,
    fact_observation,
    nihss,
    observation,
    quantity,
)

NOW = datetime(2026, 3, 14, 10, 0, tzinfo=UTC)


def read(*resources: Json, **options: Any) -> FhirCase:
    return read_case(bundle(*resources, **options), NOW, 24)


def facts_of(case: FhirCase) -> Json:
    stated: Json = case.request.model_dump(exclude_none=True, by_alias=True)["facts"]
    return stated


def refused(*resources: Json, **options: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        read(*resources, **options)
    assert caught.value.status_code == 422
    return caught.value


def loinc(code: str, **content: Any) -> Json:
    return observation(coded(LOINC, code), **content)


@pytest.mark.parametrize(
    ("code", "value", "unit", "fact", "expected"),
    [
        ("2345-7", 180.16, "mg/dL", "glucose_mmol_per_l", 10.0),
        ("14749-6", 7.5, "mmol/L", "glucose_mmol_per_l", 7.5),
        ("777-3", 150000, "/uL", "platelets_10e9_per_l", 150.0),
        ("777-3", 150, "10*3/uL", "platelets_10e9_per_l", 150),
        ("29463-7", 80000, "g", "weight_kg", 80.0),
        ("6301-6", 1.2, "{INR}", "inr", 1.2),
        ("3173-2", 32, "s", "aptt_seconds", 32),
        ("8480-6", 158, "mm[Hg]", "systolic_bp_mmhg", 158),
        ("30525-0", 71, "a", "age_years", 71),
    ],
)
def test_units_are_converted(code: str, value: float, unit: str, fact: str, expected: float) -> None:
    assert facts_of(read(loinc(code, **quantity(value, unit)))) == {fact: pytest.approx(expected)}


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("2345-7", quantity(7.5, "mmol")),
        ("2345-7", quantity(7.5, "g/L")),
        ("2345-7", {"valueQuantity": {"value": 7.5}}),
        ("2345-7", {"valueQuantity": {"value": 7.5, "unit": "mmol/L"}}),
        ("2345-7", {"valueQuantity": {"value": 7.5, "system": "urn:mine", "code": "mmol/L"}}),
        ("2345-7", {"valueInteger": 7}),
        ("2345-7", {"valueString": "7.5 mmol/L"}),
        ("6301-6", quantity(90, "%")),
        ("8480-6", quantity(158.5, "mm[Hg]")),
        ("8480-6", quantity(21, "kPa")),
        ("8480-6", quantity(900, "mm[Hg]")),
        ("72089-6", {"valueInteger": 43}),
        ("72089-6", {"valueInteger": -1}),
        ("72089-6", {"valueInteger": True}),
        ("72089-6", {"valueInteger": "16"}),
        ("72089-6", {"valueInteger": 16, "valueString": "16"}),
        ("70184-7", {"valueInteger": 4}),
        ("70184-7", {"valueCodeableConcept": coded(LOINC, "LA18460-8")}),
    ],
)
def test_values_that_would_need_a_guess_are_refused_by_place(code: str, content: Json) -> None:
    problem = refused(loinc(code, **content))
    assert problem.errors[0]["loc"][0].startswith("Bundle.entry[1].resource")


def test_a_value_known_only_to_lie_below_a_bound_is_not_known() -> None:
    low = {"valueQuantity": {"value": 10, "comparator": "<", "system": UCUM, "code": "10*9/L"}}
    case = read(loinc("777-3", **low))
    assert facts_of(case) == {}
    assert case.notes.listed[-1].severity == "warning"


@pytest.mark.parametrize(
    "value", ["2026-03-14T07:00:00", "2026-03-14", "2026-03", "yesterday", "2026-02-30T07:00:00Z", 1741935600]
)
def test_a_time_without_its_zone_is_refused(value: Any) -> None:
    refused(observation(coded(f"{OWN}facts", "last_known_well_at"), valueDateTime=value))


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "registered", "unknown", None])
def test_an_observation_that_does_not_hold_is_not_used(status: str | None) -> None:
    case = read(loinc("72089-6", valueInteger=16) | {"status": status})
    assert facts_of(case) == {}
    assert "status" in case.notes.listed[-1].text


@pytest.mark.parametrize("kind", ["Flag", "Consent", "Coverage", "MedicationRequest", "QuestionnaireResponse"])
def test_resources_that_are_not_read_are_named(kind: str) -> None:
    case = read({"resourceType": kind, "id": "x"})
    assert [note.place for note in case.notes.listed if "type" in note.text] == ["Bundle.entry[1].resource"]


def test_an_unknown_code_is_named() -> None:
    case = read(loinc("718-7", **quantity(14, "g/dL")))
    assert facts_of(case) == {}
    assert case.notes.listed[-1].place == "Bundle.entry[1].resource"


def test_a_rankin_scale_of_today_is_not_the_one_before_the_stroke() -> None:
    case = read(loinc("75859-9", valueInteger=4))
    assert "prestroke_mrs" not in facts_of(case)
    assert "before the stroke" in case.notes.listed[-1].text


def test_the_newest_of_several_values_counts_and_the_others_are_named() -> None:
    old = loinc("72089-6", valueInteger=16, effectiveDateTime="2026-03-14T08:00:00Z")
    new = loinc("72089-6", valueInteger=12, effectiveDateTime="2026-03-14T09:00:00Z")
    case = read(new, old)
    assert facts_of(case) == {"nihss_total": 12}
    assert [note.place for note in case.notes.listed if "newer" in note.text] == ["Bundle.entry[2].resource"]


def test_two_values_of_the_same_moment_or_of_none_contradict() -> None:
    refused(loinc("72089-6", valueInteger=16), loinc("72089-6", valueInteger=12))
    at = {"effectiveDateTime": "2026-03-14T08:00:00Z"}
    refused(loinc("72089-6", valueInteger=16, **at), loinc("72089-6", valueInteger=12, **at))


def test_a_moved_last_known_well_is_a_question_for_a_person() -> None:
    def well(value: str, said: str) -> Json:
        return fact_observation("last_known_well_at", value) | {"effectiveDateTime": said}

    refused(well("2026-03-14T07:00:00Z", "2026-03-14T08:00:00Z"), well("2026-03-14T05:00:00Z", "2026-03-14T09:00:00Z"))
    same = read(
        well("2026-03-14T07:00:00Z", "2026-03-14T08:00:00Z"), well("2026-03-14T08:00:00+01:00", "2026-03-14T09:00:00Z")
    )
    assert "last_known_well_at" in facts_of(same)


def test_what_was_measured_long_ago_says_nothing_of_now() -> None:
    case = read(
        loinc("72089-6", valueInteger=16, effectiveDateTime="2026-03-10T08:00:00Z"),
        loinc("2345-7", **quantity(7, "mmol/L"), effectiveDateTime="2024"),
        loinc("8480-6", **quantity(140, "mm[Hg]"), effectiveDateTime="2026-03-11"),
        fact_observation("prestroke_mrs", 1) | {"effectiveDateTime": "2025-11-01"},
    )
    assert facts_of(case) == {"prestroke_mrs": 1}
    assert sum("Older" in note.text for note in case.notes.listed) == 3


def test_what_was_measured_after_the_decision_is_not_used() -> None:
    case = read(loinc("72089-6", valueInteger=16, effectiveDateTime="2026-03-14T11:00:00Z"))
    assert facts_of(case) == {}


def test_a_span_of_time_grows_from_the_moment_when_it_was_said() -> None:
    said = fact_observation("minutes_since_last_known_well", 120) | {"effectiveDateTime": "2026-03-14T09:30:00Z"}
    assert facts_of(read(said)) == {"minutes_since_last_known_well": 150}


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        ("1955-03-14", {"age_years": 71}),
        ("1955-03-15", {"age_years": 70}),
        ("2025-03-15", {"age_days": 364}),
        ("1955", {}),
        ("1955-03", {}),
    ],
)
def test_age_comes_from_a_full_date_of_birth_alone(born: str, expected: Json) -> None:
    assert facts_of(read(patient=PATIENT | {"birthDate": born})) == expected


@pytest.mark.parametrize("born", ["2026-03-15", "1899-01-01", "1955-02-30", 1955])
def test_impossible_dates_of_birth_are_refused(born: Any) -> None:
    refused(patient=PATIENT | {"birthDate": born})


@pytest.mark.parametrize("dead", [{"deceasedBoolean": True}, {"deceasedDateTime": "2026-03-14"}])
def test_a_patient_who_is_dead_is_refused(dead: Json) -> None:
    refused(patient=PATIENT | dead)


def test_a_bundle_is_about_one_patient() -> None:
    refused({"resourceType": "Patient", "id": "p2"})
    refused({"resourceType": "Patient"})
    refused(loinc("72089-6", valueInteger=16) | {"subject": {"reference": "Patient/p2"}})
    assert facts_of(
        read(loinc("72089-6", valueInteger=16) | {"subject": {"reference": "https://ehr.example/fhir/Patient/p1"}})
    )


def test_subjects_without_a_patient_must_agree() -> None:
    one = loinc("72089-6", valueInteger=16)
    body = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one}]}
    assert read_case(body, NOW, 24).subject == "Patient/p1"
    other = loinc("8480-6", **quantity(158, "mm[Hg]")) | {"subject": {"reference": "Patient/p2"}}
    body["entry"] = [{"resource": one}, {"resource": other}]
    with pytest.raises(Problem):
        read_case(body, NOW, 24)


@pytest.mark.parametrize("kind", ["transaction", "batch", "message", "history", "banana", None])
def test_bundles_that_would_change_something_are_refused(kind: str | None) -> None:
    with pytest.raises(Problem):
        read_case({"resourceType": "Bundle", "type": kind}, NOW, 24)


def test_a_modifier_extension_that_is_not_known_keeps_a_resource_out() -> None:
    case = read(loinc("72089-6", valueInteger=16) | {"modifierExtension": [{"url": "urn:not", "valueBoolean": True}]})
    assert facts_of(case) == {}
    assert case.notes.listed[0].severity == "warning"


def test_nihss_answers_and_untestable_items() -> None:
    case = read(nihss({"1a": 1, "5b": "UN", "10": 2}))
    assert facts_of(case)["nihss_items"] == {"1a": 1, "5b": "UN", "10": 2}
    limb = loinc("70967-5", valueCodeableConcept=coded(LOINC, "LA18461-6"))
    assert facts_of(read(limb))["nihss_items"] == {"5b": "UN"}


def test_items_and_total_of_two_examinations_are_not_mixed() -> None:
    items = nihss({"1a": 1}) | {"effectiveDateTime": "2026-03-14T08:00:00Z"}
    later = loinc("72089-6", valueInteger=12, effectiveDateTime="2026-03-14T09:00:00Z")
    assert facts_of(read(items, later)) == {"nihss_total": 12}


def test_the_total_of_an_aspects_with_regions_keeps_its_bounds() -> None:
    regions = dict.fromkeys(["C", "L", "IC", "I", "M1", "M2", "M3", "M5", "M6"], "unaffected")
    scored = aspects({"side": "left", "regions": {**regions, "M4": "not_assessable"}})
    case = read(scored | {"valueInteger": 10})
    assert "aspects_total" not in facts_of(case)
    assert case.request.findings is not None
    refused(scored | {"valueInteger": 3})


def test_a_total_alone_is_a_stated_total_with_its_side() -> None:
    side = {"bodySite": coded(SNOMED, "7771000")}
    case = read(observation(coded(SNOMED, "1290002002"), valueInteger=7, **side))
    assert facts_of(case) == {"aspects_total": 7, "affected_side": "left"}


def test_a_preliminary_score_of_a_device_is_no_readers_finding() -> None:
    score = observation(coded(SNOMED, "1290002002"), valueInteger=7, device={"reference": "Device/1"})
    assert read(score | {"status": "preliminary"}).findings_from_software
    assert not read(score | {"status": "final"}).findings_from_software


def condition(system: str, code: str, **content: Any) -> Json:
    active = coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active")
    return {
        "resourceType": "Condition",
        "subject": {"reference": "Patient/p1"},
        "clinicalStatus": active,
        "code": coded(system, code),
        **content,
    }


def test_diagnoses_that_mean_a_fact() -> None:
    icd = "http://hl7.org/fhir/sid/icd-10"
    refuted = coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", "refuted")
    over = coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "resolved")
    assert facts_of(read(condition(icd, "I67.5"))) == {"moyamoya": True}
    assert facts_of(read(condition(icd, "I67.5", verificationStatus=refuted))) == {}
    assert facts_of(read(condition(icd, "I63.9"))) == {}
    assert facts_of(read(condition(SNOMED, "1386000"))) == {}
    assert facts_of(read(condition(SNOMED, "1386000", clinicalStatus=over))) == {"prior_intracranial_haemorrhage": True}


def medicine(code: str, status: str = "active") -> Json:
    return {
        "resourceType": "MedicationStatement",
        "status": status,
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": coded("http://www.whocc.no/atc", code),
    }


def test_anticoagulants() -> None:
    assert facts_of(read(medicine("B01AF02"))) == {"anticoagulant": "doac"}
    assert facts_of(read(medicine("B01AA03", "stopped"))) == {}
    assert facts_of(read()) == {}
    for unclear in ([medicine("B01AA03"), medicine("B01AF02")], [medicine("B01AA04")]):
        case = read(*unclear)
        assert facts_of(case) == {}
        assert case.notes.listed[-1].severity == "warning"


def test_arrival_imaging_and_thrombolysis() -> None:
    encounter = {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "EMER"},
        "period": {"start": "2026-03-14T09:00:00Z"},
    }
    scan = {
        "resourceType": "ImagingStudy",
        "id": "s1",
        "status": "available",
        "started": "2026-03-14T09:30:00Z",
        "procedureCode": [coded(LOINC, "30799-1")],
    }
    given = {
        "resourceType": "Procedure",
        "status": "completed",
        "code": coded(SNOMED, "472191000119101"),
        "performedDateTime": "2026-03-14T09:45:00Z",
    }
    case = read(encounter, scan, given)
    assert set(facts_of(case)) == {"arrived_at", "imaged_at", "thrombolysis_given"}
    assert case.imaging == ("ImagingStudy/s1",)
    assert facts_of(read(given | {"performedDateTime": "2024-03-14T09:45:00Z"})) == {}
    assert facts_of(read(encounter | {"status": "finished"})) == {}


@pytest.mark.parametrize(
    "parameter",
    [
        {"name": "nonsense", "valueString": "x"},
        {"name": "facts", "part": [{"name": "nihss_totl", "valueInteger": 16}]},
        {"name": "facts", "part": [{"name": "nihss_total", "valueString": "16"}]},
        {"name": "facts", "part": [{"name": "nihss_total", "valueInteger": 16}] * 2},
        {"name": "facts", "part": [{"valueInteger": 16}]},
        {"name": "evaluated_at", "valueDateTime": "2026-03-14"},
        {"name": "bundle", "resource": {"resourceType": "Patient"}},
    ],
)
def test_parameters_know_no_other_names_and_types(parameter: Json) -> None:
    with pytest.raises(Problem) as caught:
        read_case({"resourceType": "Parameters", "parameter": [parameter]}, NOW, 24)
    assert caught.value.status_code == 422


def test_parameters_and_bundle_may_not_contradict() -> None:
    stated = {"name": "facts", "part": [{"name": "nihss_total", "valueInteger": 16}]}
    inner = {"name": "bundle", "resource": bundle(loinc("72089-6", valueInteger=12))}
    with pytest.raises(Problem):
        read_case({"resourceType": "Parameters", "parameter": [stated, inner]}, NOW, 24)


def test_without_a_moment_of_decision_it_is_now() -> None:
    assert read(timestamp=None).evaluated_at == NOW
