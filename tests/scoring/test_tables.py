"""Every figure, name and note of the tables reaches the program as its file states it, read here a second time."""

from typing import Any

import pytest
import yaml

from scoring.after_treatment import after_treatment
from scoring.benefit import STOPPED_EARLY_NOTE, Arms, BenefitFigure, Effect, all_figures
from scoring.delay import delay_model
from scoring.door_in_door_out import door_in_door_out_dispute, door_in_door_out_targets
from scoring.doses import alteplase_dose, dose_source, tenecteplase_dose
from scoring.lvo_scales import lvo_scales
from scoring.near_bounds import margins
from scoring.rule_yaml import TABLES_FOLDER
from scoring.transfer_checklist import checklist_items


def table(name: str) -> Any:
    """A table as any YAML reader sees it."""
    return yaml.safe_load((TABLES_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def test_figures_of_trials_are_those_of_the_table() -> None:
    figures, entries = {figure.id: figure for figure in all_figures()}, table("benefit")
    assert list(figures) == list(entries)
    for key, entry in entries.items():
        figure: BenefitFigure = figures[key]
        outcome = entry.get("outcome")
        told = (figure.title, figure.source, figure.status, figure.population, figure.taken_by)
        assert told == (
            entry["title"], entry["source"], entry["checked"]["status"], entry["population"], entry.get("taken_by"),
        )  # fmt: skip
        assert figure.outcome == (outcome["name"] if outcome else None)
        assert figure.arms == (Arms(*outcome["arms"], outcome["unit"]) if outcome else None)
        assert figure.death_percent == _percent(entry.get("death_percent"))
        assert figure.sich_percent == _percent(entry.get("sich_percent"))
        assert figure.effect == (Effect(**entry["effect"]) if "effect" in entry else None)
        assert figure.death_effect == (Effect(**entry["death_effect"]) if "death_effect" in entry else None)
        assert figure.stopped_early is entry.get("stopped_early")
        first = [STOPPED_EARLY_NOTE] if entry.get("stopped_early") is True else []
        assert figure.notes == (*first, *entry.get("notes", []))
        assert (figure.nnt is None) == ("nnt" not in entry)


def _percent(pair: list[float] | None) -> Arms | None:
    return Arms(*pair, "percent") if pair else None


def test_the_reference_for_the_time_after_treatment_is_that_of_the_table() -> None:
    care, entries = after_treatment(), table("after_treatment")
    for part in ("first_24_hours", "later", "scales", "definitions"):
        told = getattr(care, part)
        assert [
            {field: getattr(item, field) for field in entry} for item, entry in zip(told, entries[part], strict=True)
        ] == entries[part]


def test_prehospital_scales_are_those_of_the_table() -> None:
    scales, entries = lvo_scales(), table("lvo_scales")
    assert list(scales) == list(entries)
    for name, entry in entries.items():
        scale = scales[name]
        assert (scale.name, scale.title, scale.source, scale.status) == (
            name, entry["title"], entry["source"], entry["checked"]["status"],
        )  # fmt: skip
        assert {key: item.title for key, item in scale.items.items()} == {
            key: item["title"] for key, item in entry["items"].items()
        }
        assert {key: item.scores for key, item in scale.items.items()} == {
            key: item.get("scores", {}) for key, item in entry["items"].items()
        }
        assert scale.suspected_at_least == entry.get("suspected_at_least")
        assert [list(group) for group in scale.positive_when] == entry.get("positive_when", [])
        assert list(scale.notes) == entry.get("notes", [])
        assert [(cut.at_least, cut.where) for cut in scale.cuts_elsewhere] == [
            (cut["at_least"], cut["where"]) for cut in entry.get("cuts_elsewhere", [])
        ]
        figures = [
            (f.population, f.status, f.sensitivity_percent, f.specificity_percent, f.auc) for f in scale.accuracy
        ]
        assert figures == [
            (f["population"], f["status"], f.get("sensitivity_percent"), f.get("specificity_percent"), f.get("auc"))
            for f in entry["accuracy"]
        ]


def test_margins_are_those_of_the_table() -> None:
    told = {
        fact: {"within": m.within, "unit": m.unit, "note": m.note, "checked": m.checked}
        for fact, m in margins().items()
    }
    assert told == table("near_bounds")


def test_the_model_of_delay_is_that_of_the_table() -> None:
    model, entries = delay_model(), table("outcome_by_delay")
    for name in ("at_onset", "at_no_effect", "delays_minutes"):
        assert list(getattr(model, name)) == entries[name]
    for name in ("no_effect_minutes", "source", "checked"):
        assert getattr(model, name) == entries[name]
    assert model.limits == entries["limits"].strip()
    assert [condition.fact for condition in model.applies_to] == [line["fact"] for line in entries["applies_to"]]


def test_the_checklist_of_a_transfer_is_that_of_the_table() -> None:
    told = [(item.id, item.title, list(item.facts)) for item in checklist_items()]
    assert told == [(e["id"], e["title"], e.get("facts", [])) for e in table("transfer_checklist")["items"]]


def test_targets_of_leaving_are_those_of_the_table() -> None:
    entries = table("door_in_door_out")
    told = [{"minutes": t.minutes, "title": t.title, "checked": t.checked} for t in door_in_door_out_targets()]
    assert told == entries["targets"]
    assert door_in_door_out_dispute() == entries["dispute"].strip()


@pytest.mark.parametrize(
    ("weight_kg", "dose_mg", "volume_ml"),
    [(40, 15, 3), (59.9, 15, 3), (60, 17.5, 3.5), (69.9, 17.5, 3.5), (70, 20, 4), (79.9, 20, 4), (80, 22.5, 4.5),
     (89.9, 22.5, 4.5), (90, 25, 5), (150, 25, 5)],
)  # fmt: skip
def test_tenecteplase_steps_by_weight_at_5_mg_per_ml(weight_kg: float, dose_mg: float, volume_ml: float) -> None:
    dose = tenecteplase_dose(weight_kg)
    assert (dose.dose_mg, dose.volume_ml) == (dose_mg, volume_ml)


@pytest.mark.parametrize(
    ("weight_kg", "total", "bolus", "infusion"),
    [
        (50, 45, 4.5, 40.5),
        (70, 63, 6.3, 56.7),
        (68.37, 61.53, 6.15, 55.38),
        (68.3, 61.47, 6.15, 55.32),
        (100, 90, 9, 81),
        (140, 90, 9, 81),
    ],
)
def test_alteplase_is_nine_tenths_of_a_milligram_up_to_ninety(
    weight_kg: float, total: float, bolus: float, infusion: float
) -> None:
    dose = alteplase_dose(weight_kg)
    assert (dose.total_mg, dose.bolus_mg, dose.infusion_mg, dose.infusion_minutes) == (total, bolus, infusion, 60)


def test_the_source_of_the_doses_is_told() -> None:
    entries = table("doses")
    assert dose_source() == {
        "source": entries["source"], "locator": entries["locator"], "checked": entries["checked"]["status"],
    }  # fmt: skip
