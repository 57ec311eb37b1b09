"""The value of an Observation or a component as the value of a fact: converted, refused by name, or not known."""

import math
from collections.abc import Iterator
from typing import Any

from app.interop.fhir.fact_codes import SNOMED_ANSWERS, SNOMED_CHOICES, UNDETERMINED, V2_ANSWERS, V2_YES_NO
from app.interop.fhir.nodes import Node, Notes, fault
from app.interop.fhir.systems import SNOMED, UCUM, choice_system
from app.interop.fhir.units import OWN_UCUM, convert
from scoring.facts import FactSpec, Kind

_UNITLESS = frozenset({None, "points", "count"})


def value_element(node: Node) -> str | None:
    """Name of the one ``value[x]``; ``None``: there is none. Raises the 422 `Problem` for two."""
    found = [name for name in node.content if name.startswith("value") and node.content[name] is not None]
    if len(found) > 1:
        raise fault(node.place, "There are two values; an observation has one.", "structure")
    return found[0] if found else None


def fact_value(node: Node, spec: FactSpec, notes: Notes) -> Any:
    """The value in the fact's own words and unit.

    Parameters
    ----------
    node
        Observation, or one of its components.
    notes
        Takes why there is no value.

    Returns
    -------
    ``None``: nothing is known, or the value cannot be read without guessing; the notes say why.

    Raises
    ------
    Problem
        422: a unit that is not known, a value of the wrong type, a time without a zone.
    """
    name = value_element(node)
    if name is None:
        notes.tell(node.place, f"There is no value: {spec.name} is not known from here.")
        return None
    match spec.kind:
        case Kind.NUMBER | Kind.INTEGER:
            return _number(node, name, spec, notes)
        case Kind.BOOLEAN:
            return _answer(node, name, spec, notes)
        case Kind.CHOICE:
            return _choice(node, name, spec, notes)
        case Kind.TIME:
            return _time(node, name, spec)
        case Kind.NIHSS_ITEMS:
            raise fault(node.place, "NIHSS items are sent one by one, as components.", "structure")


def plain_number(node: Node, name: str) -> float:
    """A JSON number. Raises the 422 `Problem` for anything else."""
    value = node.content[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise fault(f"{node.place}.{name}", "This element is a number.", "structure")
    return value


def _number(node: Node, name: str, spec: FactSpec, notes: Notes) -> float | None:
    value = _quantity(node, spec, notes) if name == "valueQuantity" else _bare_number(node, name, spec)
    if value is None or spec.kind is Kind.NUMBER:
        return value
    if value != int(value):
        raise fault(f"{node.place}.{name}", f"{spec.name} is a whole number.", "value")
    return int(value)


def _bare_number(node: Node, name: str, spec: FactSpec) -> float:
    if name != "valueInteger":
        raise fault(f"{node.place}.{name}", f"{spec.name} is a number: send valueQuantity.", "value")
    if spec.unit not in _UNITLESS:
        raise fault(
            f"{node.place}.{name}", f"{spec.name} needs its unit: send valueQuantity with a UCUM unit.", "value"
        )
    return plain_number(node, name)


def _quantity(node: Node, spec: FactSpec, notes: Notes) -> float | None:
    quantity = node.node("valueQuantity")
    if quantity is None or quantity.content.get("value") is None:
        notes.tell(node.place, f"The quantity has no value: {spec.name} is not known from here.")
        return None
    if quantity.text("comparator") is not None:
        notes.warn(quantity.place, f"{spec.name} is only known to be above or below a bound and was not used.")
        return None
    value = plain_number(quantity, "value")
    system, ucum = quantity.text("system"), quantity.text("code")
    if ucum is None and spec.unit in _UNITLESS and quantity.text("unit") is None:
        return value
    if system != UCUM or ucum is None:
        raise fault(quantity.place, f"{spec.name} needs a unit of the system UCUM, with its code.", "value")
    converted = convert(value, ucum, spec)
    if converted is None:
        wanted = OWN_UCUM[spec.unit]
        raise fault(quantity.place, f"This unit is not one of {spec.name}; send it in {wanted}.", "value")
    return converted


def _answer(node: Node, name: str, spec: FactSpec, notes: Notes) -> bool | None:
    if name == "valueBoolean":
        return node.boolean(name)
    if name != "valueCodeableConcept":
        raise fault(f"{node.place}.{name}", f"{spec.name} is yes or no: send valueBoolean.", "value")
    tables = {SNOMED: SNOMED_ANSWERS, V2_YES_NO: V2_ANSWERS}
    meant: bool | None = _only(
        (tables[system][code] for system, code in node.codings(name) if code in tables.get(system, {})),
        node,
        spec,
        notes,
    )
    return meant


def _choice(node: Node, name: str, spec: FactSpec, notes: Notes) -> str | None:
    if name != "valueCodeableConcept":
        raise fault(f"{node.place}.{name}", f"{spec.name} is a word: send valueCodeableConcept.", "value")
    meant: str | None = _only(chosen_words(node, name, spec), node, spec, notes)
    return meant


def chosen_words(node: Node, name: str, spec: FactSpec) -> Iterator[str]:
    """The words of a fact that the codings of a concept mean."""
    own, public = choice_system(spec.name), SNOMED_CHOICES.get(spec.name, {})
    for system, code in node.codings(name):
        if system == own and code in spec.choices:
            yield code
        elif system == SNOMED and code in public:
            yield public[code]


def _only(meant: Iterator[Any], node: Node, spec: FactSpec, notes: Notes) -> Any:
    found = set(meant)
    if len(found) > 1:
        raise fault(node.place, f"The codes say two different things of {spec.name}.", "conflict")
    if found:
        return found.pop()
    if node.has_code("valueCodeableConcept", SNOMED, frozenset({UNDETERMINED})):
        notes.tell(node.place, f"{spec.name} could not be told: it is not known.")
    else:
        notes.warn(node.place, f"No code of this value says unmistakably what {spec.name} is; it was not used.")
    return None


def _time(node: Node, name: str, spec: FactSpec) -> str:
    if name != "valueDateTime":
        raise fault(f"{node.place}.{name}", f"{spec.name} is a time: send valueDateTime.", "value")
    moment = node.moment(name)
    if moment is None:
        raise fault(f"{node.place}.{name}", f"{spec.name} needs the time of day and its zone.", "value")
    return moment.isoformat()
