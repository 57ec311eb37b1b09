"""The conformance statement names every code and every outcome of sending."""

import re

from pydicom.sr.coding import Code

from app.interop.dicom_out import codes
from app.interop.dicom_out.identity import Kind
from app.interop.dicom_out.outcomes import SendFault
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "dicom-conformance.md").read_text(encoding="utf-8")


def codes_used() -> list[Code]:
    found: list[Code] = []
    for value in (value for name, value in vars(codes).items() if name.isupper()):
        if isinstance(value, Code):
            found.append(value)
        elif isinstance(value, dict):
            found += [code for one in value.values() for code in ([one] if isinstance(one, Code) else one)]
    return found


def test_every_code_is_told() -> None:
    told = PAGE.replace("`ASPECTS-M1` … `ASPECTS-M6`", " ".join(f"`ASPECTS-M{n}`" for n in range(1, 7)))
    own = {"1", "{score}", "[hnsf'U]", "123037004", "123111"}
    """Units, and what only frames the segments."""
    missing = {code.value for code in codes_used()} - own - set(re.findall(r"[\w-]+", told))
    assert missing == set()


def test_every_outcome_and_series_is_told() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert set(SendFault) <= rows
    assert all(str(kind.series_number) in PAGE for kind in Kind)
