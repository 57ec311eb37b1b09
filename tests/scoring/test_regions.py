"""The shared words: levels, names, sides."""

from scoring.regions import Level, Region, Side


def test_the_three_upper_regions_are_above_the_ganglia() -> None:
    above = {region.value for region in Region if region.level is Level.SUPRAGANGLIONIC}
    assert above == {"M4", "M5", "M6"}
    assert {region.level for region in Region} == set(Level)


def test_every_region_has_a_name_of_its_own() -> None:
    names = [region.label for region in Region]
    assert len(set(names)) == len(names) == 10
    assert (Region.C.label, Region.I.label) == ("caudate nucleus", "insular ribbon")


def test_the_other_side() -> None:
    assert (Side.LEFT.other, Side.RIGHT.other) == (Side.RIGHT, Side.LEFT)
