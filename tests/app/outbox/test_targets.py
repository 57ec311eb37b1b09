"""The deliveries file: what cannot be used is told at start, by its place."""

from pathlib import Path

import pytest

from app.outbox.targets import DeliveriesUnusable, read_targets

GOOD = "targets: [{name: a, kind: hl7, events: [result.final], host: x, port: 1}]"


def test_a_good_file_names_its_targets(tmp_path: Path) -> None:
    (tmp_path / "f").write_text(GOOD)
    (target,) = read_targets(tmp_path / "f")
    assert (target.name, target.kind, target.events) == ("a", "hl7", {"result.final"})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[", "not YAML"),
        ("targets: 5", "targets"),
        ("other: []", "other"),
        ("targets: [{name: a, kind: fax, events: [result.final]}]", "the kinds are"),
        ("targets: [{name: a, kind: hl7, events: [lunch]}]", "no such event: lunch"),
        ("targets: [{name: a, kind: hl7, events: []}]", "events"),
        ("targets: [{name: ../a, kind: hl7, events: [result.final]}]", "name"),
        (GOOD[:-1] + ", {name: a, kind: hl7, events: [result.final]}]", "named twice"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "f").write_text(content)
    with pytest.raises(DeliveriesUnusable, match=told):
        read_targets(tmp_path / "f")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeliveriesUnusable, match="No such file"):
        read_targets(tmp_path / "none")
