"""From a Bundle or Parameters to the triage request that they state, with a note on everything that was not used."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from app.intake.schemas import TriageRequest
from app.interop.fhir.bundles import Contents, Resource, open_bundle
from app.interop.fhir.freshness import Freshness
from app.interop.fhir.history import READERS, study_uids
from app.interop.fhir.nodes import Node, Notes, fault
from app.interop.fhir.observations import Observed, read_observation
from app.interop.fhir.parameters import Stated, read_parameters
from app.interop.fhir.patients import read_patient
from app.interop.fhir.region_scores import RegionScore
from app.interop.fhir.statements import Statement, is_same, settle_all
from app.problems import Problem
from scoring.aspects import Findings, score_aspects
from scoring.regions import Region, Status

_SILENT = frozenset({"OperationOutcome", "Provenance", "Device", "Practitioner", "PractitionerRole", "Organization"})
"""Resources that tell nothing of the patient's state."""

_ITEM = "nihss_items."


@dataclass(frozen=True, slots=True)
class FhirCase:
    """What a request states, and where it stated it."""

    request: TriageRequest
    evaluated_at: datetime
    subject: str | None
    patient: Resource | None
    used: tuple[str, ...]
    """References to the resources that were used and that can be referred to."""
    imaging: tuple[str, ...]
    """References to the imaging studies of the Bundle that can be referred to."""
    studies: tuple[str, ...]
    """DICOM UIDs of the imaging studies."""
    findings_from_software: bool
    notes: Notes
    places: Mapping[str, str]
    """By fact, where it was stated."""


def read_case(body: object, now: datetime, fresh_hours: float, default_site_id: str | None = None) -> FhirCase:
    """Read the body of ``$triage``.

    Parameters
    ----------
    body
        Bundle or Parameters, parsed.
    now
        The moment of decision where the request names none.
    fresh_hours
        Age in hours beyond which observations of the present state are not used.
    default_site_id
        Hospital of the network file for requests that name none.

    Raises
    ------
    Problem
        422: wrong structure, units, times or codes, contradictions, or more than one patient; it names the place.
    """
    notes = Notes()
    stated, contents = _opened(body, notes)
    evaluated_at = _evaluated_at(stated, body, now)
    freshness = Freshness(evaluated_at, fresh_hours)
    observed = Observed()
    statements: list[Statement] = []
    used: list[Resource] = []
    if contents.patient is not None:
        statements += read_patient(contents.patient, evaluated_at, notes)
        used.append(contents.patient)
    for resource in contents.resources:
        told = _read(resource, freshness, observed, notes)
        statements += told
        if told:
            used.append(resource)
    settled = settle_all([*observed.statements, *_one_of_each(statements, notes)], notes)
    scores = _Scores(observed, notes)
    request, places = _request(stated, settled, scores)
    if "site_id" not in request and "site" not in request and default_site_id is not None:
        request["site_id"] = default_site_id
    imaging = [resource for resource in contents.resources if resource.kind == "ImagingStudy"]
    return FhirCase(
        request=_checked(request, places),
        evaluated_at=evaluated_at,
        subject=contents.subject,
        patient=contents.patient,
        used=_references([*used, *observed.used]),
        imaging=_references(imaging),
        studies=tuple(dict.fromkeys(uid for study in imaging for uid in study_uids(study))),
        findings_from_software=scores.from_software and "findings" not in stated.request,
        notes=notes,
        places=places,
    )


def _opened(body: object, notes: Notes) -> tuple[Stated, Contents]:
    if not isinstance(body, dict):
        raise fault("$this", "Send a Bundle or Parameters.", "structure")
    kind = body.get("resourceType")
    if kind == "Parameters":
        stated = read_parameters(Node(body, "Parameters"))
        if len(stated.bundles) > 1:
            raise fault(stated.bundles[1].place, "Send one Bundle.", "duplicate")
        contents = open_bundle(stated.bundles[0], notes) if stated.bundles else Contents()
    elif kind == "Bundle":
        stated, contents = Stated(), open_bundle(Node(body, "Bundle"), notes)
    else:
        raise fault("$this", "Send a Bundle or Parameters.", "structure")
    for resource in contents.resources:
        if resource.kind == "Parameters":
            inner = read_parameters(resource.node)
            if inner.bundles:
                raise fault(resource.node.place, "Parameters within a Bundle hold no Bundle of their own.", "structure")
            stated.merge(inner)
    return stated, contents


def _evaluated_at(stated: Stated, body: object, now: datetime) -> datetime:
    """The moment of decision: as stated, else when the Bundle was put together, else now."""
    if "evaluated_at" in stated.request:
        place = stated.places["evaluated_at"]
        moment = Node({"value": stated.request["evaluated_at"]}, place).moment("value")
        if moment is None:
            raise fault(place, "evaluated_at needs the time of day and its zone.", "value")
        return moment
    bundles = stated.bundles or [Node(body if isinstance(body, dict) else {}, "Bundle")]
    stamped = bundles[0].moment("timestamp") if bundles[0].content.get("resourceType") == "Bundle" else None
    moment = stamped or now
    stated.request["evaluated_at"] = moment.isoformat()
    stated.places["evaluated_at"] = f"{bundles[0].place}.timestamp"
    return moment


def _read(resource: Resource, freshness: Freshness, observed: Observed, notes: Notes) -> list[Statement]:
    if resource.kind == "Observation":
        read_observation(resource, freshness, observed, notes)
    elif reader := READERS.get(resource.kind):
        return list(reader(resource, freshness, notes))
    elif resource.kind not in {"Patient", "Parameters"}:
        told = "tells nothing of the patient's state" if resource.kind in _SILENT else "is not read"
        notes.tell(resource.node.place, f"A resource of this type {told}; it was not used.")
    return []


def _one_of_each(statements: list[Statement], notes: Notes) -> list[Statement]:
    """Of several head scans the first, and no anticoagulant where the patient takes several."""
    scans = sorted(
        (said for said in statements if said.fact == "imaged_at"), key=lambda said: datetime.fromisoformat(said.value)
    )
    for later in scans[1:]:
        notes.tell(later.place, "There is an earlier head scan; this time was not used.")
    medicines = [said for said in statements if said.fact == "anticoagulant"]
    if len({said.value for said in medicines}) > 1:
        for said in medicines:
            notes.warn(said.place, "Several anticoagulants are being taken; state the fact anticoagulant.")
        medicines = []
    others = [said for said in statements if said.fact not in {"imaged_at", "anticoagulant"}]
    return [*others, *scans[:1], *medicines]


class _Scores:
    """The newest ASPECTS and pc-ASPECTS of a Bundle, each from one Observation as a whole."""

    def __init__(self, observed: Observed, notes: Notes) -> None:
        self.aspects = _newest(observed.scores, notes)
        self.posterior = _newest(observed.posterior_scores, notes)
        self.from_software = self.aspects is not None and self.aspects.from_software

    def put(self, request: dict[str, Any], places: dict[str, str]) -> None:
        for score, fact, name in (
            (self.aspects, "aspects_total", "findings"),
            (self.posterior, "pc_aspects_total", "posterior_findings"),
        ):
            if score is None:
                continue
            findings = score.findings
            if findings is None and score.total is not None:
                _put_fact(request, places, Statement(fact, score.total, score.place, score.at))
                if name == "findings" and score.side is not None:
                    _put_fact(request, places, Statement("affected_side", score.side, score.place, score.at))
            elif findings is not None:
                if name == "posterior_findings":
                    findings = {"regions": findings["regions"]}
                if name in request:
                    raise fault(score.place, "The regions are stated twice.", "duplicate")
                request[name] = findings
                places[name] = score.place


def _newest(scores: list[RegionScore], notes: Notes) -> RegionScore | None:
    stated = [score for score in scores if not score.is_restated] or scores
    for score in scores:
        if score not in stated:
            notes.tell(score.place, "An earlier answer of this service; what it repeats is used from its source.")
    scores = stated
    if not scores:
        return None
    first = scores[0]
    if all(score.content == first.content for score in scores):
        return first
    moments = [score.at for score in scores if score.at is not None]
    newest = [score for score in scores if score.at == max(moments)] if len(moments) == len(scores) else scores
    if any(score.content != newest[0].content for score in newest):
        raise fault(scores[-1].place, "Two scores differ, and nothing says which is newer.", "conflict")
    for older in scores:
        if older.at != newest[0].at:
            notes.tell(older.place, "There is a newer score; this one was not used.")
    return newest[0]


def _request(stated: Stated, settled: dict[str, Statement], scores: _Scores) -> tuple[dict[str, Any], dict[str, str]]:
    request, places = dict(stated.request), dict(stated.places)
    request["facts"] = dict(request.get("facts", {}))
    places |= {f"facts.{fact}": stated.places["facts"] for fact in request["facts"]}
    items = {fact: said for fact, said in settled.items() if fact.startswith(_ITEM)}
    total = settled.get("nihss_total")
    if total is not None and items:
        items, total = _of_one_examination(items, total)
    for fact, said in settled.items():
        if not fact.startswith(_ITEM) and (fact != "nihss_total" or total is not None):
            _put_fact(request, places, said)
    if items:
        told = {fact.removeprefix(_ITEM): said.value for fact, said in items.items()}
        _put_fact(request, places, Statement("nihss_items", told, next(iter(items.values())).place))
    scores.put(request, places)
    _check_total(scores)
    return request, places


def _of_one_examination(items: dict[str, Statement], total: Statement) -> tuple[dict[str, Statement], Statement | None]:
    """Items and total of the newer examination, where they are of two."""
    moments = [said.at for said in items.values() if said.at is not None]
    if total.at is None or not moments or max(moments) == total.at:
        return items, total
    return ({}, total) if total.at > max(moments) else (items, None)


def _put_fact(request: dict[str, Any], places: dict[str, str], said: Statement) -> None:
    facts = request["facts"]
    if facts.get(said.fact) is None:
        facts[said.fact] = said.value
        places[f"facts.{said.fact}"] = said.place
    elif not is_same(said.fact, facts[said.fact], said.value):
        raise fault(said.place, f"{said.fact} is stated twice with different values.", "conflict")


def _check_total(scores: _Scores) -> None:
    """The total of an Observation with regions only has to agree with them: the regions know the bounds."""
    score = scores.aspects
    if score is None or not score.regions or score.total is None:
        return
    scored = score_aspects(
        Findings(regions={Region(region): Status(status) for region, status in score.regions.items()})
    )
    if not scored.low <= score.total <= scored.high:
        raise fault(score.place, "The total contradicts the regions.", "conflict")


def _checked(request: dict[str, Any], places: Mapping[str, str]) -> TriageRequest:
    try:
        return TriageRequest.model_validate(request)
    except ValidationError as error:
        listed = [
            {"loc": [place_of(entry["loc"], places)], "msg": _told(entry), "type": "value"} for entry in error.errors()
        ]
        raise Problem(422, "Some values are not valid; nothing was evaluated.", listed) from None


def _told(entry: Any) -> str:
    known = [str(part) for part in entry["loc"] if str(part).replace("_", "").isalnum()][:2]
    return f"{'.'.join(known)}: {entry['msg']}" if entry["type"] != "extra_forbidden" else "There is no such name here."


def place_of(loc: tuple[str | int, ...], places: Mapping[str, str]) -> str:
    """The place in the resource of a place in the request."""
    parts = [str(part) for part in loc]
    for length in (2, 1):
        if place := places.get(".".join(parts[:length])):
            return place
    return "$this"


def _references(resources: list[Resource]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reference for one in resources if (reference := one.reference) is not None))
