"""docs/fhir.md: its examples are what the service takes and answers, and its tables name what is read."""

import json
import re
from pathlib import Path

import pytest
import yaml

from app.interop.cds_hooks.discovery import NEEDED, SERVICES
from app.interop.cds_hooks.ehr_file import EhrFile
from app.interop.fhir.fact_codes import ICD_10_FACTS, LOINC_FACTS, NAMED_AFTER, SNOMED_FACTS, SNOMED_SITES
from app.interop.fhir.nihss_codes import NIHSS_ITEMS
from tests.app.interop.calling import Caller
from tests.app.interop.fhir.case_bundles import Json
from tests.app.interop.fhir.test_equality import answered, resources

PAGE = (Path(__file__).parents[4] / "docs" / "fhir.md").read_text()
REQUEST, *ANSWERS, REFUSED = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture(scope="module")
def answer(caller: Caller) -> Json:
    status, answer = answered(caller, REQUEST)
    assert status == 200
    return answer


@pytest.mark.parametrize("shown", ANSWERS, ids=lambda shown: shown["resourceType"])
def test_excerpts_are_of_the_answer(answer: Json, shown: Json) -> None:
    made = resources(answer, shown["resourceType"])
    assert any(shown.items() <= resource.items() for resource in made)


def test_the_refusal_is_that_of_the_wrong_unit(caller: Caller) -> None:
    wrong = json.loads(json.dumps(REQUEST).replace('"mg/dL"', '"mg"'))
    assert answered(caller, wrong) == (422, REFUSED)


def test_every_code_that_is_read_is_told() -> None:
    codes = {*LOINC_FACTS, *SNOMED_FACTS, *SNOMED_SITES, *NIHSS_ITEMS, *ICD_10_FACTS, "75859-9"}
    assert {code for code in codes if code not in PAGE} == set()
    assert "75859-9" in NAMED_AFTER


def test_services_and_their_needs_are_told() -> None:
    assert all(f"`{name}`" in PAGE for name in {*SERVICES, *NEEDED})


def test_the_file_of_ehrs_is_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert EhrFile.model_validate(yaml.safe_load(block)).ehrs
