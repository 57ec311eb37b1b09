"""What is delivered of a result: one small JSON object that every sender makes its own message from."""

from collections.abc import Mapping
from typing import Any

from imaging.result import side_that_stands_out

Json = Mapping[str, Any]


def case_result(
    answer: Json, reading: Json | None, identity: Json | None, *, case_id: str, revision: int, status: str
) -> dict[str, Any]:
    """The result of a case: the ASPECTS that was judged, which is the clinician's where there is one.

    Parameters
    ----------
    answer
        As kept: the answer of POST /v1/triage.
    reading
        The software's reading of the scan, if there is one; its refusal is told where nothing else gives a score.
    identity
        As of `app.queue.queue.Identity`; ``None``: not known.
    status
        ``preliminary``, ``final`` or ``corrected``.
    """
    aspects = answer.get("aspects")
    refusal = None if reading is None else reading.get("refusal")
    told: dict[str, Any] = {
        "result_status": status,
        "report_id": case_id,
        "case_id": case_id,
        "revision": revision,
        "identity": identity,
        "observed_at": answer["evaluated_at"],
        "status": "scored" if aspects else "refused" if refusal else "not_scored",
        "refusal": None if aspects else refusal,
        "verdict": _verdict(answer),
        "notes": [_source(aspects), answer["not_for_clinical_use"]],
    }
    if aspects:
        side = aspects.get("side")
        told |= {"side": side, "total": aspects["total"], "total_low": aspects["low"], "total_high": aspects["high"]}
        told["regions"] = {side or "": aspects.get("regions") or {}}
    return told


def scan_result(reading: Json, identity: Json | None, *, job_id: str, observed_at: str, note: str) -> dict[str, Any]:
    """The result of a scan that came without a case: what the software read."""
    told: dict[str, Any] = {
        "result_status": "preliminary",
        "report_id": job_id,
        "job_id": job_id,
        "identity": identity,
        "observed_at": observed_at,
        "status": reading["status"],
        "refusal": reading.get("refusal"),
        "verdict": None,
        "notes": [_source({"source": "software"}), note],
    }
    if reading["status"] == "scored":
        side = side_that_stands_out(reading)
        told |= {"side": side.value if side else None}
        told |= {name: reading[name] for name in ("total", "total_low", "total_high")}
        told["regions"] = {
            side: {name: region["status"] for name, region in regions.items()}
            for side, regions in reading["regions"].items()
        }
    return told


def _verdict(answer: Json) -> dict[str, Any] | None:
    summary = answer.get("evt_summary")
    if summary is None:
        return None
    guidelines = [line for line in answer.get("evt", ()) if line["kind"] == "guideline" and not line["superseded"]]
    return {
        "code": summary["verdict"],
        "text": summary["text"],
        "clauses": [{name: line[name] for name in ("title", "outcome_text", "clause")} for line in guidelines],
    }


def _source(aspects: Json | None) -> str:
    """Who read the score, in words."""
    if not aspects:
        return "No ASPECTS."
    return "ASPECTS read by software; look at the scan." if "software" in aspects["source"] else "ASPECTS as entered."
