"""From the case to the values that rules ask for: times as minutes, findings as scores, perfusion as mismatch."""

from dataclasses import dataclass
from decimal import Decimal

from scoring.aspects import AspectsScore, score_aspects
from scoring.case import Case
from scoring.conditions import DAYS_PER_YEAR
from scoring.errors import CaseError
from scoring.facts import FACTS, FactSpec, Kind, NihssItems
from scoring.nihss import NihssScore, score_nihss
from scoring.outcomes import Stance
from scoring.pc_aspects import PcAspectsScore, score_pc_aspects
from scoring.regions import PosteriorRegion, Status
from scoring.site import StrokeSystem
from scoring.timeline import Timeline, timeline
from scoring.values import Interval, Known, OneOf

DERIVED_FACTS: dict[str, FactSpec] = {
    spec.name: spec
    for spec in (
        FactSpec("mismatch_volume_ml", Kind.NUMBER, "Mismatch volume", "ml", -2000, 2000),
        FactSpec("mismatch_ratio", Kind.NUMBER, "Mismatch ratio", None, 0, float("inf")),
        FactSpec("large_vessel_occlusion_suspected", Kind.BOOLEAN, "Large-vessel occlusion is suspected"),
        FactSpec("thrombectomy_centre_is_local", Kind.BOOLEAN, "A thrombectomy centre is local"),
        FactSpec("bypass_loses_thrombolysis", Kind.BOOLEAN, "Driving on would lose the window for thrombolysis"),
        FactSpec("stroke_system", Kind.CHOICE, "Coordination of the stroke system", choices=tuple(StrokeSystem)),
        FactSpec("site_treats", Kind.BOOLEAN, "Thrombectomy is done at this site"),
        FactSpec("site_has_neurosurgery", Kind.BOOLEAN, "There is neurosurgery at this site"),
        FactSpec("woke_with_symptoms", Kind.BOOLEAN, "Woke with symptoms"),
        FactSpec("vessel_imaging_done", Kind.BOOLEAN, "The vessels were imaged"),
        FactSpec("inr_is_known", Kind.BOOLEAN, "The INR is known"),
        FactSpec("aptt_is_known", Kind.BOOLEAN, "The aPTT is known"),
        FactSpec("last_dose_is_known", Kind.BOOLEAN, "The time of the last dose is known"),
        FactSpec("ivt_stance", Kind.CHOICE, "What the guideline says of thrombolysis", choices=tuple(Stance)),
        FactSpec("evt_stance", Kind.CHOICE, "What the leading guideline says of thrombectomy", choices=tuple(Stance)),
        FactSpec("evt_stance_nice", Kind.CHOICE, "What NICE NG128 says of thrombectomy", choices=tuple(Stance)),
        FactSpec(
            "evt_stance_uk",
            Kind.CHOICE,
            "What the UK and Ireland guideline says of it",
            choices=tuple(Stance),
        ),
        FactSpec("neurosurgery_is_advised", Kind.BOOLEAN, "A guideline advises neurosurgery for the swelling infarct"),
    )
}
"""What rules may ask beyond the stated facts."""


MISMATCH_FACTS = ("mismatch_volume_ml", "mismatch_ratio")
"""Facts that follow from both perfusion volumes; of one volume alone follow bounds."""

VOLUME_BOUNDS_ML = {
    name: (Decimal(str(FACTS[name].minimum)), Decimal(str(FACTS[name].maximum)))
    for name in ("core_volume_ml", "tmax6_volume_ml")
}
"""The least and the most that a perfusion volume may be."""


def fact_spec(name: str) -> FactSpec | None:
    """What a rule may know of a fact, stated or derived; ``None`` if there is no such fact."""
    return FACTS.get(name) or DERIVED_FACTS.get(name)


STATED_FACTS_BEHIND = {
    "mismatch_volume_ml": ("core_volume_ml", "tmax6_volume_ml"),
    "mismatch_ratio": ("core_volume_ml", "tmax6_volume_ml"),
    "site_treats": ("site.capability",),
    "site_has_neurosurgery": ("site.capability",),
    "woke_with_symptoms": ("slept_at", "woke_at"),
    "vessel_imaging_done": (),
    "inr_is_known": (),
    "aptt_is_known": (),
    "last_dose_is_known": (),
    "ivt_stance": (),
    "evt_stance": (),
    "evt_stance_nice": (),
    "evt_stance_uk": (),
    "neurosurgery_is_advised": (),
}
"""Which stated facts a derived one needs, so that 'missing' names what a person can supply."""

_TIMES_AND_ITEMS = {name for name, spec in FACTS.items() if spec.kind in {Kind.TIME, Kind.NIHSS_ITEMS}}

_COARSE_FACTS = {name: spec for name, spec in FACTS.items() if spec.coarse}


@dataclass(frozen=True, slots=True)
class Assessment:
    """The case in the terms that rules ask for, with the scores and times behind them."""

    values: dict[str, Known]
    """What is known, by fact name; a fact of which nothing is known is absent."""
    timeline: Timeline
    aspects: AspectsScore | None
    pc_aspects: PcAspectsScore | None
    nihss: NihssScore | None


def assess(case: Case) -> Assessment:
    """Derive everything that follows from the case alone.

    Raises
    ------
    CaseError
        Two statements of the case contradict each other, or an item is out of range.
    """
    facts = case.facts
    times = timeline(facts, case.evaluated_at)
    aspects = score_aspects(case.findings) if case.findings is not None else None
    posterior = score_pc_aspects(case.posterior_findings) if case.posterior_findings is not None else None
    nihss = score_nihss(facts.nihss_items) if facts.nihss_items is not None else None
    values: dict[str, Known] = {n: value for n, value in facts.known().items() if n not in _TIMES_AND_ITEMS}
    values.update(times.minutes)
    _put_age(values)
    _put_score(values, "aspects_total", aspects)
    _put_score(values, "pc_aspects_total", posterior)
    _put_score(values, "nihss_total", nihss)
    _put_consciousness(values, facts.nihss_items)
    _put_pons_midbrain_index(values, case)
    _put_mismatch(values)
    for name, spec in _COARSE_FACTS.items():
        if (finer := spec.coarse.get(str(values.get(name)))) is not None:
            values[name] = OneOf(finer)
    values["vessel_imaging_done"] = facts.occlusion_site is not None
    values["inr_is_known"] = facts.inr is not None
    values["aptt_is_known"] = facts.aptt_seconds is not None
    values["last_dose_is_known"] = facts.hours_since_anticoagulant is not None
    if facts.woke_at is not None or "minutes_since_sleep_midpoint" in values:
        values["woke_with_symptoms"] = True
    elif facts.onset_witnessed_at is not None:
        values["woke_with_symptoms"] = False
    _put_site(values, case)
    _check_side(case)
    return Assessment(values, times, aspects, posterior, nihss)


def _put_site(values: dict[str, Known], case: Case) -> None:
    if case.site is None or case.site.capability is None:
        return
    told = {"site_treats": case.site.treats, "site_has_neurosurgery": case.site.capability.has_neurosurgery}
    values.update({name: known for name, known in told.items() if known is not None})


def _put_age(values: dict[str, Known]) -> None:
    days = values.pop("age_days", None)
    if not isinstance(days, int):
        return
    years = days / DAYS_PER_YEAR
    stated = values.setdefault("age_years", years)
    if isinstance(stated, (int, float)) and abs(stated - years) > 1:
        raise CaseError(("facts", "age_days"), "The age in days contradicts the age in years.")
    values["age_years"] = years


def _put_score(values: dict[str, Known], name: str, score: AspectsScore | PcAspectsScore | NihssScore | None) -> None:
    """Join a score from items with a stated total: they must agree, and the stated total is then the sharper one."""
    if score is None:
        return
    stated = values.get(name)
    if isinstance(stated, (int, float)):
        if not score.low <= stated <= score.high:
            raise CaseError(("facts", name), f"'{FACTS[name].title}' contradicts what was entered region by region.")
        return
    values[name] = score.low if score.low == score.high else Interval(score.low, score.high)


def _put_consciousness(values: dict[str, Known], items: NihssItems | None) -> None:
    """Item 1a of the NIHSS as a fact of its own; the form does not let it be untestable."""
    item = None if items is None else items.get("1a")
    if not isinstance(item, int):
        return
    if values.setdefault("nihss_1a", item) != item:
        raise CaseError(("facts", "nihss_1a"), "'NIHSS item 1a' contradicts the NIHSS items.")


def _put_pons_midbrain_index(values: dict[str, Known], case: Case) -> None:
    """A pons and a midbrain that were both seen to be unaffected have an index of 0."""
    if case.posterior_findings is None:
        return
    seen = [case.posterior_findings.regions.get(part) for part in (PosteriorRegion.PONS, PosteriorRegion.MIDBRAIN)]
    if all(status is Status.UNAFFECTED for status in seen) and values.setdefault("pons_midbrain_index", 0) != 0:
        raise CaseError(("facts", "pons_midbrain_index"), "The index contradicts an unaffected pons and midbrain.")


def _put_mismatch(values: dict[str, Known]) -> None:
    """Perfusion mismatch in decimal arithmetic: in binary, 125.82 / 69.9 falls just short of 1.8.

    Where one volume is not known, the bounds that the other leaves, whatever it may turn out to be: of 10 ml beyond
    6 s no core leaves more than 10 ml to save. A ratio that may be 0 to 0 is not bounded by anything.
    """
    core, tmax = values.get("core_volume_ml"), values.get("tmax6_volume_ml")
    if core is None and tmax is None:
        return
    least_core, most_core = _ends("core_volume_ml", core)
    least_tmax, most_tmax = _ends("tmax6_volume_ml", tmax)
    values["mismatch_volume_ml"] = _between(float(least_tmax - most_core), float(most_tmax - least_core))
    if least_core or least_tmax:
        values["mismatch_ratio"] = _between(_ratio(least_tmax, most_core), _ratio(most_tmax, least_core))


def _ends(volume: str, known: Known | None) -> tuple[Decimal, Decimal]:
    """The least and the most that a volume may be."""
    if known is None:
        return VOLUME_BOUNDS_ML[volume]
    exact = Decimal(str(known))
    return exact, exact


def _ratio(tmax: Decimal, core: Decimal) -> float:
    return float(tmax / core) if core else float("inf")


def _between(low: float, high: float) -> float | Interval:
    return low if low == high else Interval(low, high)


def _check_side(case: Case) -> None:
    stated = case.facts.affected_side
    if stated is not None and case.findings is not None and case.findings.side not in (None, stated):
        raise CaseError(("findings", "side"), "The side of the findings contradicts 'affected_side'.")
