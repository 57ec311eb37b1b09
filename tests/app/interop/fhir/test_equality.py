"""A case means the same however it comes: as a triage request, as a Bundle, or as Parameters."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from app.interop.fhir.case_reading import read_case
from scoring.facts import FACTS, FactSpec, Kind
from scoring.nihss import ITEM_MAXIMA, MAY_BE_UNTESTABLE
from scoring.regions import PosteriorRegion, Region, Status
from tests.app.interop.calling import Caller
from tests.app.interop.fhir.case_bundles import Json, case_bundle, parameters

SAMPLES = sorted((Path(__file__).parents[4] / "sample_data" / "cases").glob("*.json"))
NOW = datetime(2026, 3, 14, 10, 0, tzinfo=UTC)


def answered(caller: Caller, body: Json) -> tuple[int, Json]:
    response = caller.post("/fhir/$triage", content=json.dumps(body), headers={"content-type": "application/fhir+json"})
    return response.status_code, response.json()


def resources(answer: Json, kind: str) -> list[Json]:
    return [entry["resource"] for entry in answer["entry"] if entry["resource"]["resourceType"] == kind]


def of_parts(parts: list[Json]) -> dict[str, Any]:
    values: dict[str, Any] = {"missing": []}
    for part in parts:
        value = next((part[name] for name in part if name.startswith("value")), None)
        if part["name"] == "missing":
            values["missing"].append(value)
        elif "part" not in part:
            values[part["name"]] = value
    return values


def told(answer: Json) -> Json:
    """What the Bundle says, read back from it."""
    (guidance,) = resources(answer, "GuidanceResponse")
    groups: dict[str, list[Json]] = {}
    for parameter in guidance["contained"][0]["parameter"]:
        if "part" in parameter:
            groups.setdefault(parameter["name"], []).append(of_parts(parameter["part"]))
    risks = {
        risk["method"]["coding"][0]["code"]: risk["prediction"][0]["qualitativeRisk"]["coding"][0]["code"]
        for risk in resources(answer, "RiskAssessment")
    }
    return {
        "evt": [(one["ruleset"], one["outcome"], one.get("clause"), one["missing"]) for one in groups["evt"]],
        "at_puncture": [one.get("at_projected_puncture") for one in groups["evt"]],
        "ivt": [(one["ruleset"], one["outcome"], one["contraindicated"]) for one in groups.get("ivt", [])],
        "action": groups["transfer"][0]["action"],
        "verdict": groups["evt_summary"][0]["verdict"],
        "risks": risks,
        "status": guidance["status"],
        "proposed": [one["code"]["coding"][0]["code"] for one in resources(answer, "ServiceRequest")],
    }


def expected(answer: Json) -> Json:
    action = answer["transfer"]["action"]
    return {
        "evt": [(one["ruleset"], one["outcome"], one["clause"], one["missing"]) for one in answer["evt"]],
        "at_puncture": [one["at_projected_puncture"] for one in answer["evt"]],
        "ivt": [(one["ruleset"], one["outcome"], one["contraindicated"]) for one in answer["ivt"]],
        "action": action,
        "verdict": answer["evt_summary"]["verdict"],
        "risks": {one["ruleset"]: one["outcome"] for one in answer["evt"]},
        "status": "data-required" if answer["evt_summary"]["verdict"] == "need_data" else "success",
        "proposed": [] if action == "NO_TRANSFER_FOR_EVT" else [action],
    }


def assert_same(caller: Caller, request: Json) -> None:
    plain = caller.post("/v1/triage", json=request)
    for body in (case_bundle(request), parameters(request)):
        status, answer = answered(caller, body)
        assert status == plain.status_code, answer
        if status == 200:
            assert told(answer) == expected(plain.json())
        else:
            assert answer["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample_cases_get_the_same_answer(caller: Caller, path: Path) -> None:
    assert_same(caller, json.loads(path.read_text()))


def values_of(spec: FactSpec) -> st.SearchStrategy[Any]:
    least, most = spec.minimum or 0, spec.maximum or 0
    match spec.kind:
        case Kind.BOOLEAN:
            return st.booleans()
        case Kind.CHOICE:
            return st.sampled_from(spec.choices)
        case Kind.INTEGER:
            return st.integers(int(least), int(most)) | st.integers(int(least), int(min(most, least + 40)))
        case Kind.NUMBER:
            return st.floats(least, most).map(lambda value: round(value, 3)).filter(lambda value: least <= value)
        case Kind.TIME:
            return st.integers(0, 40 * 60).map(lambda minutes: (NOW - timedelta(minutes=minutes)).isoformat())
        case Kind.NIHSS_ITEMS:
            return st.fixed_dictionaries(
                {}, optional={item: grades(item, highest) for item, highest in ITEM_MAXIMA.items()}
            )


def grades(item: str, highest: int) -> st.SearchStrategy[Any]:
    known = st.integers(0, highest)
    return known | st.just("UN") if item in MAY_BE_UNTESTABLE else known


PLAUSIBLE = {
    "age_years": st.integers(18, 92),
    "nihss_total": st.integers(4, 28),
    "prestroke_mrs": st.integers(0, 3),
    "minutes_since_last_known_well": st.integers(30, 1500),
    "occlusion_site": st.sampled_from(
        ["mca_m1", "ica_intracranial", "basilar", "mca_m2_dominant", "mca_m2_unspecified"]
    ),
    "aspects_total": st.integers(0, 10),
    "pc_aspects_total": st.integers(4, 10),
    "haemorrhage_on_imaging": st.just(value=False),
    "mass_effect": st.booleans(),
    "core_volume_ml": st.integers(0, 150),
    "disabling_deficit": st.booleans(),
    "glucose_mmol_per_l": st.sampled_from([2.5, 7, 23.1]),
}
"""Facts of patients for whom guidelines say something."""


@st.composite
def requests(draw: st.DrawFn) -> Json:
    names = draw(st.lists(st.sampled_from(sorted(FACTS)), max_size=5, unique=True))
    usual = draw(st.fixed_dictionaries(PLAUSIBLE) | st.fixed_dictionaries({}, optional=PLAUSIBLE))
    request: Json = {
        "evaluated_at": NOW.isoformat(),
        "facts": {**{name: draw(values_of(FACTS[name])) for name in names}, **usual},
    }
    if draw(st.booleans()):
        request["findings"] = draw(
            st.fixed_dictionaries(
                {
                    "side": st.sampled_from(["left", "right"]),
                    "regions": st.dictionaries(
                        st.sampled_from([str(region) for region in Region]),
                        st.sampled_from([str(status) for status in Status]),
                        min_size=1,
                    ),
                    "old_infarct": st.lists(st.sampled_from([str(region) for region in Region]), unique=True),
                }
            )
        )
    if draw(st.booleans()):
        request["posterior_findings"] = {
            "regions": draw(
                st.dictionaries(
                    st.sampled_from([str(region) for region in PosteriorRegion]),
                    st.sampled_from([str(status) for status in Status]),
                    min_size=1,
                )
            )
        }
    return request


@hypothesis.settings(max_examples=80, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(request=requests())
def test_random_cases_get_the_same_answer(caller: Caller, request: Json) -> None:
    assert_same(caller, request)


@pytest.mark.parametrize("fact", sorted(FACTS))
def test_every_fact_arrives_as_it_was_sent(fact: str) -> None:
    spec = FACTS[fact]
    example: Any = {
        Kind.BOOLEAN: False,
        Kind.CHOICE: spec.choices[-1] if spec.choices else None,
        Kind.TIME: "2026-03-14T09:00:00+01:00",
        Kind.NIHSS_ITEMS: {"1a": 1, "10": "UN", "5b": 4},
    }.get(spec.kind, int((spec.minimum or 0) + 1))
    request = {"evaluated_at": NOW.isoformat(), "facts": {fact: example}}
    for body in (case_bundle(request), parameters(request)):
        read = read_case(body, NOW, 24)
        stated = read.request.model_dump(mode="json", exclude_none=True, by_alias=True)["facts"]
        if spec.kind is Kind.TIME:
            stated = {name: datetime.fromisoformat(value) for name, value in stated.items()}
            example = datetime.fromisoformat(example) if isinstance(example, str) else example
        assert stated == {fact: example}
