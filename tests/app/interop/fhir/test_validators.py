"""Three validators of other projects find nothing wrong: each misses some faults, together they miss few."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import fhirkit
import pytest
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from app.interop.fhir.publish import published
from tests.app.interop.calling import Caller
from tests.app.interop.fhir.case_bundles import Json, bundle, case_bundle, observation
from tests.app.interop.fhir.test_equality import SAMPLES, answered

UNREAD = observation({"text": "no code"})


@pytest.fixture(scope="module")
def outputs(caller: Caller) -> dict[str, Json]:
    """Every kind of thing that the endpoint answers with."""
    made = {path.stem: answered(caller, case_bundle(json.loads(path.read_text())))[1] for path in SAMPLES}
    made["unread"] = answered(caller, bundle(UNREAD))[1]
    made["refused"] = answered(caller, {"resourceType": "Bundle", "type": "batch"})[1]
    made["not-found"] = caller.get("/fhir/nothing").json()
    made["code-systems"] = caller.get("/fhir/CodeSystem").json()
    return made | {name.removesuffix(".json"): resource for name, resource in published()}


def faults_by_resources(resource: Json) -> list[str]:
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValidationError as error:
        return [str(error)]
    return []


def faults_by_fhirkit(resource: Json) -> list[str]:
    return [str(issue) for issue in fhirkit.validate(json.dumps(resource))]


def errors_by_pyrofile(folder: Path) -> list[Json]:
    """One run over a folder; it writes its evidence where it is started, so that is a folder of the test."""
    program = Path(sys.executable).with_name("pyrofile")
    report = folder.parent / "report.json"
    subprocess.run(
        [program, "folder", folder, "--json-output", report],
        cwd=folder.parent, check=False, capture_output=True, env=os.environ, timeout=120,
    )  # fmt: skip
    return [issue for issue in issues_of(json.loads(report.read_text())) if issue["severity"] in {"error", "fatal"}]


def issues_of(report: Json) -> list[Json]:
    if "issues" in report:
        listed: list[Json] = report["issues"]
        return listed
    return [issue for result in report["results"] for issue in result["issues"]]


@pytest.mark.parametrize("faults", [faults_by_resources, faults_by_fhirkit])
def test_all_outputs_are_valid(outputs: dict[str, Json], faults: Callable[[Json], list[str]]) -> None:
    assert {name: found for name, resource in outputs.items() if (found := faults(resource))} == {}


def mutants(answer: Json) -> dict[str, Json]:
    """One fault each, in the Observation of an answer."""

    def changed(**content: object) -> Json:
        mutant = copy.deepcopy(answer)
        score = next(e["resource"] for e in mutant["entry"] if e["resource"]["resourceType"] == "Observation")
        for name, value in content.items():
            if value is None:
                del score[name]
            else:
                score[name] = value
        return mutant

    return {
        "status": changed(status="banana"),
        "unknown": changed(nonsense=1),
        "two-values": changed(valueString="9"),
        "no-code": changed(code=None),
        "reference": changed(subject="Patient/1"),
    }


@pytest.mark.peers
def test_pyrofile_finds_no_error_and_together_they_find_every_mutant(outputs: dict[str, Json], tmp_path: Path) -> None:
    wrong = mutants(outputs["nihss_with_untestable_items"])
    for folder, resources in ((tmp_path / "right" / "in", outputs), (tmp_path / "wrong" / "in", wrong)):
        folder.mkdir(parents=True)
        for name, resource in resources.items():
            (folder / f"{name}.json").write_text(json.dumps(resource))
    assert errors_by_pyrofile(tmp_path / "right" / "in") == []
    found = {issue["path"].rsplit(".", 1)[-1] for issue in errors_by_pyrofile(tmp_path / "wrong" / "in")}
    missed = {name for name, one in wrong.items() if not faults_by_resources(one) and not faults_by_fhirkit(one)}
    assert missed <= {"status", "reference"}
    assert {"status", "subject"} <= found
