"""Our own CodeSystems and ValueSets, made from the same lists that the software reads and writes by."""

from collections.abc import Iterable
from functools import cache

from app.interop.fhir.fact_codes import SENT_AS_OBSERVATIONS
from app.interop.fhir.nihss_codes import NIHSS_ITEMS
from app.interop.fhir.region_scores import ASPECTS_PREFIX, POSTERIOR_PREFIX
from app.interop.fhir.systems import (
    ACTIONS_SYSTEM,
    FACTS_SYSTEM,
    LOINC,
    NIHSS_SYSTEM,
    OUTCOMES_SYSTEM,
    OVERRIDE_SYSTEM,
    OWN,
    REGIONS_SYSTEM,
    RESULTS_SYSTEM,
    RULESETS_SYSTEM,
    STANCES_SYSTEM,
    STATUS_SYSTEM,
    Json,
    choice_system,
)
from app.interop.fhir.units import OWN_UCUM
from app.triage import rulebook
from app.version import __version__
from scoring.facts import FACTS, FactSpec, Kind
from scoring.nihss import ITEM_TITLES, UNTESTABLE
from scoring.outcomes import Action, Outcome, Stance
from scoring.regions import PosteriorRegion, Region, Status

Concept = tuple[str, str]

_RESULTS: list[Concept] = [
    ("aspects-low", "Lowest ASPECTS that is possible while regions are not assessed"),
    ("aspects-high", "Highest ASPECTS that is possible while regions are not assessed"),
    ("pc-aspects", "Posterior circulation ASPECTS"),
    ("pc-aspects-low", "Lowest pc-ASPECTS that is possible while regions are not assessed"),
    ("pc-aspects-high", "Highest pc-ASPECTS that is possible while regions are not assessed"),
    ("old_infarct", "A region with an old infarct: recorded, not scored"),
    ("swelling_only", "A region that is swollen but not dark: recorded, not scored"),
    ("thrombectomy-suitability", "Suitability for thrombectomy by one rule set"),
    ("triage", "Triage by published rules"),
    ("sign-off", "Signed by a clinician, as it was or changed"),
    ("restated", "Repeats what the request stated"),
    ("site", "The hospital where the patient is"),
]

OVERRIDE_REASONS: tuple[Concept, ...] = (
    ("clinical-judgement", "Clinical judgement"),
    ("data-wrong", "The data behind the card are wrong or old"),
    ("declined", "The patient or family declined"),
    ("not-a-stroke", "Not a stroke"),
)
"""Why a card may be overridden, for EHRs to offer."""


def code_id(system: str) -> str:
    """The id under which a code system of ours is published."""
    return system.rsplit(":", 1)[-1]


@cache
def code_systems() -> dict[str, Json]:
    """By id, every code system of ours."""
    regions = [(f"{ASPECTS_PREFIX}{region}", region.label) for region in Region]
    regions += [(f"{POSTERIOR_PREFIX}{part}", part.replace("_", ", ")) for part in PosteriorRegion]
    rulesets = [(ruleset.id, ruleset.title) for ruleset in rulebook().rulesets]
    made = [
        _code_system(
            FACTS_SYSTEM, "Facts of a stroke patient", [_fact(spec) for spec in SENT_AS_OBSERVATIONS.values()]
        ),
        _code_system(REGIONS_SYSTEM, "Regions of ASPECTS and pc-ASPECTS", regions),
        _code_system(
            STATUS_SYSTEM, "What was seen in a region", [(status, status.replace("_", " ")) for status in Status]
        ),
        _code_system(RESULTS_SYSTEM, "Parts of an answer", _RESULTS),
        _code_system(OUTCOMES_SYSTEM, "Outcomes of guidelines and trials", [(one, one.label) for one in Outcome]),
        _code_system(STANCES_SYSTEM, "How far an outcome speaks for treatment", [(one, _words(one)) for one in Stance]),
        _code_system(ACTIONS_SYSTEM, "What to do next with the patient", [(one, one.label) for one in Action]),
        _code_system(RULESETS_SYSTEM, "Rule sets: guideline editions and trials", rulesets),
        _code_system(OVERRIDE_SYSTEM, "Why a card was overridden", OVERRIDE_REASONS),
        _code_system(NIHSS_SYSTEM, "An NIHSS item that cannot be tested", [(UNTESTABLE, "Untestable")]),
        *(
            _code_system(
                choice_system(spec.name), f"Values of: {spec.title}", [(one, _words(one)) for one in spec.choices]
            )
            for spec in FACTS.values()
            if spec.kind is Kind.CHOICE
        ),
    ]
    return {system["id"]: system for system in made}


@cache
def value_sets() -> dict[str, Json]:
    """By id, a value set for each code system of ours, and one of the LOINC items of the NIHSS that are read."""
    made = [
        _value_set(system["id"], system["title"], [{"system": system["url"]}]) for system in code_systems().values()
    ]
    items = [{"code": code, "display": ITEM_TITLES[item]} for code, item in NIHSS_ITEMS.items()]
    made.append(_value_set("nihss-items", "NIHSS items", [{"system": LOINC, "concept": items}]))
    return {value_set["id"]: value_set for value_set in made}


def _fact(spec: FactSpec) -> Concept:
    unit = f", in {OWN_UCUM[spec.unit]}" if spec.unit else ""
    return spec.name, f"{spec.title}{unit}"


def _words(code: str) -> str:
    return code.replace("_", " ")


def _code_system(url: str, title: str, concepts: Iterable[Concept]) -> Json:
    listed = [{"code": str(code), "display": display} for code, display in concepts]
    identifier = code_id(url)
    return {
        "resourceType": "CodeSystem",
        "id": identifier,
        "url": url,
        "version": __version__,
        "name": _name(identifier),
        "title": title,
        "status": "active",
        "experimental": False,
        "publisher": "The ASPECTS triage contributors",
        "caseSensitive": True,
        "valueSet": f"{OWN}valueset:{identifier}",
        "content": "complete",
        "count": len(listed),
        "concept": listed,
    }


def _value_set(identifier: str, title: str, include: list[Json]) -> Json:
    return {
        "resourceType": "ValueSet",
        "id": identifier,
        "url": f"{OWN}valueset:{identifier}",
        "version": __version__,
        "name": f"{_name(identifier)}Codes",
        "title": title,
        "status": "active",
        "experimental": False,
        "publisher": "The ASPECTS triage contributors",
        "compose": {"include": include},
    }


def _name(identifier: str) -> str:
    return "Aspects" + "".join(part.capitalize() for part in identifier.split("-"))
