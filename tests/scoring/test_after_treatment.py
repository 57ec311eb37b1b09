"""The reference for the time after treatment cites its sources and says how each line was checked."""

import yaml

from scoring.after_treatment import after_treatment
from scoring.outcomes import Outcome
from scoring.rule_files import CHECK_STATUSES, RULES_FOLDER


def test_every_line_cites_a_known_source_and_how_it_was_checked() -> None:
    sources = yaml.safe_load((RULES_FOLDER / "sources.yaml").read_text(encoding="utf-8"))
    for part in (
        *after_treatment().first_24_hours,
        *after_treatment().later,
        *after_treatment().scales,
        *after_treatment().definitions,
    ):
        assert part.source in sources, part.id
        assert part.checked in CHECK_STATUSES, part.id


def test_the_harm_of_a_low_blood_pressure_target_is_told() -> None:
    harm = {item.id: item for item in after_treatment().first_24_hours}["bp-too-low-harm"]
    assert (harm.strength, harm.level) == (Outcome.COR3HARM, "A")


def test_scales_run_from_best_known_to_worst_without_gaps() -> None:
    scales = {scale.id: list(scale.grades) for scale in after_treatment().scales}
    assert scales["mrs"] == [str(grade) for grade in range(7)]
    assert scales["etici"] == ["0", "1", "2a", "2b50", "2b67", "2c", "3"]
