"""Builds the result message: HL7 v2.5.1 ORU^R01, one OBR, an OBX for every value. Text in, text out; no network."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from app.interop.hl7.target import Hl7Target
from app.interop.hl7.text import components, escaped, segment

ResultStatus = Literal["preliminary", "final", "corrected"]

_STATUS: dict[str, str] = {"preliminary": "P", "final": "F", "corrected": "C"}
"""HL7 tables 0085 and 0123."""
_NO_RESULT = "X"
"""Result cannot be obtained (HL7 table 0085)."""

_OWN_CODES = "99ASPCTS"
_ASPECTS = ("1290002002", "Alberta Stroke Program Early CT score", "SCT")
_HEAD_CT = ("30799-1", "CT Head WO contrast", "LN")
_FINDINGS = {
    "affected": ("52101004", "Present", "SCT"),
    "unaffected": ("2667000", "Absent", "SCT"),
    "not_assessable": ("373068000", "Undetermined", "SCT"),
}


class NoPatient(ValueError):
    """The result is not known to belong to a patient whom the receiver knows: such a message could be misfiled."""


def oru_r01(target: Hl7Target, message_id: str, created_at: str, result: Mapping[str, Any]) -> str:
    """The message, segments ended by carriage returns.

    Parameters
    ----------
    message_id
        MSH-10, at most 20 characters; the same when the message is sent again.
    created_at
        ISO 8601 with zone; MSH-7.
    result
        As made by `app.outbox.results`.

    Raises
    ------
    NoPatient
        The result names no patient.
    """
    identity = result.get("identity") or {}
    if not identity.get("patient_id"):
        raise NoPatient
    status = _STATUS[result["result_status"]]
    observed = _time(result.get("observed_at") or created_at)
    observations = [
        segment("OBX", str(number), *fields, "", "", observed)
        for number, fields in enumerate(_observations(result, status), start=1)
    ]
    notes = [segment("NTE", str(number), "L", escaped(note)) for number, note in enumerate(result["notes"], start=1)]
    lines = [
        _header(target, message_id, _time(created_at)),
        segment(
            "PID",
            "1",
            "",
            components(identity["patient_id"], "", "", identity.get("issuer") or "", "MR"),
            "",
            "^^^^^^U",
        ),
        _report(result, identity, status, observed, _time(created_at)),
        *notes,
        *observations,
    ]
    return "\r".join(lines) + "\r"


def _header(target: Hl7Target, message_id: str, created: str) -> str:
    names = (
        target.sending_application,
        target.sending_facility,
        target.receiving_application,
        target.receiving_facility,
    )
    return "|".join(
        (
            "MSH", r"^~\&", *map(escaped, names), created, "", "ORU^R01^ORU_R01", message_id, target.processing_id,
            "2.5.1", "", "", "AL", "NE", "", target.charset,
        )
    )  # fmt: skip


def _report(result: Mapping[str, Any], identity: Mapping[str, Any], status: str, observed: str, changed: str) -> str:
    filler = components(result["report_id"], _OWN_CODES)
    fields = [""] * 25
    fields[0] = "1"
    fields[1] = escaped(identity.get("accession_number") or "")
    fields[2] = filler
    fields[3] = components(*_HEAD_CT)
    fields[6] = observed
    fields[21] = changed
    fields[23] = "CT"
    fields[24] = status
    return segment("OBR", *fields)


def _observations(result: Mapping[str, Any], status: str) -> Iterator[tuple[str, ...]]:
    """OBX-2 to OBX-11 of every value."""
    if result["status"] == "scored":
        yield from _score(result, status)
    else:
        yield _no_score()
        if refusal := result.get("refusal"):
            coded = components(refusal["code"], refusal["text"], _OWN_CODES)
            yield _observation("CWE", ("ASPECTS-REFUSAL", "Why the scan has no score", _OWN_CODES), "", coded, status)
    yield from _verdict(result, status)


def _score(result: Mapping[str, Any], status: str) -> Iterator[tuple[str, ...]]:
    if result["total"] is None:
        yield _no_score()
    else:
        total = str(result["total"])
        yield "NM", components(*_ASPECTS), "", total, "{score}^score^UCUM", "0-10", "", "", "", status
    for name, words in (("low", "Lowest"), ("high", "Highest")):
        code = (f"ASPECTS-{name.upper()}", f"{words} ASPECTS that the unassessable regions allow", _OWN_CODES)
        if (bound := result[f"total_{name}"]) is not None:
            yield _observation("NM", code, "", str(bound), status)
    if result.get("side"):
        coded = components(*_side(result["side"]))
        yield _observation("CWE", ("ASPECTS-SIDE", "Affected side of the patient", _OWN_CODES), "", coded, status)
    for side, regions in result.get("regions", {}).items():
        where = f"patient's {side}" if side else "side not stated"
        for region, finding in regions.items():
            code = (f"ASPECTS-{region}", f"ASPECTS region {region}, {where}", _OWN_CODES)
            yield _observation("CWE", code, side, components(*_FINDINGS[finding]), status)


def _no_score() -> tuple[str, ...]:
    return "NM", components(*_ASPECTS), "", "", "", "", "", "", "", _NO_RESULT


def _verdict(result: Mapping[str, Any], status: str) -> Iterator[tuple[str, ...]]:
    verdict = result.get("verdict")
    if not verdict:
        return
    coded = components(verdict["code"], verdict["text"], _OWN_CODES)
    yield _observation("CWE", ("ASPECTS-EVT", "Thrombectomy, by published rules", _OWN_CODES), "", coded, status)
    for number, clause in enumerate(verdict.get("clauses", ()), start=1):
        text = f"{clause['title']}: {clause['outcome_text']}, clause {clause['clause'] or 'none'}"
        coded = components(clause["clause"] or "none", text, _OWN_CODES)
        code = ("ASPECTS-EVT-CLAUSE", "Clause behind the verdict", _OWN_CODES)
        yield _observation("CWE", code, str(number), coded, status)


def _observation(kind: str, code: tuple[str, str, str], sub_id: str, value: str, status: str) -> tuple[str, ...]:
    return kind, components(*code), sub_id, value, "", "", "", "", "", status


def _side(side: str) -> tuple[str, str, str]:
    return {"left": ("7771000", "Left", "SCT"), "right": ("24028007", "Right", "SCT")}[side]


def _time(iso: str) -> str:
    """An HL7 time stamp in UTC, to the second, with its offset."""
    return datetime.fromisoformat(iso).astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")
