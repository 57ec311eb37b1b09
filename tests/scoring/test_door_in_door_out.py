"""The clock between arriving at the first hospital and leaving it."""

from scoring.door_in_door_out import door_in_door_out_dispute, door_in_door_out_targets


def test_targets_stand_from_the_strictest_on_and_are_missed_once_the_time_is_over() -> None:
    targets = door_in_door_out_targets()
    assert [target.minutes for target in targets] == sorted(target.minutes for target in targets)
    for target in targets:
        assert not target.is_missed(target.minutes)
        assert target.is_missed(target.minutes + 1)


def test_the_dispute_is_told() -> None:
    assert door_in_door_out_dispute().startswith("The target is contested")
    assert door_in_door_out_dispute().endswith(".")
