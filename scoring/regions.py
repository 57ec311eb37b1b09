"""The words that all three packages share: regions, levels, sides and what was seen in a region."""

from enum import StrEnum


class Level(StrEnum):
    """The two heights of the brain at which ASPECTS is read."""

    GANGLIONIC = "ganglionic"
    SUPRAGANGLIONIC = "supraganglionic"


class Region(StrEnum):
    """The ten ASPECTS regions of one middle cerebral artery territory.

    ``Region.M1`` is the anterior MCA cortex; the artery segment M1 is the occlusion site ``mca_m1``.
    """

    C = "C"
    L = "L"
    IC = "IC"
    I = "I"  # noqa: E741 -- the letter that the field uses for the insular ribbon
    M1 = "M1"
    M2 = "M2"
    M3 = "M3"
    M4 = "M4"
    M5 = "M5"
    M6 = "M6"

    @property
    def level(self) -> Level:
        """Whether the region is read at, or above, the basal ganglia."""
        return Level.SUPRAGANGLIONIC if self in _ABOVE_GANGLIA else Level.GANGLIONIC

    @property
    def label(self) -> str:
        """The region's anatomical name, in lower case."""
        return _REGION_TITLES[self]


_ABOVE_GANGLIA = frozenset({Region.M4, Region.M5, Region.M6})

_REGION_TITLES = {
    Region.C: "caudate nucleus",
    Region.L: "lentiform nucleus",
    Region.IC: "internal capsule",
    Region.I: "insular ribbon",
    Region.M1: "anterior MCA cortex",
    Region.M2: "MCA cortex lateral to the insular ribbon",
    Region.M3: "posterior MCA cortex",
    Region.M4: "anterior MCA territory above M1",
    Region.M5: "lateral MCA territory above M2",
    Region.M6: "posterior MCA territory above M3",
}


class PosteriorRegion(StrEnum):
    """The eight parts of the posterior circulation score, pc-ASPECTS."""

    THALAMUS_LEFT = "thalamus_left"
    THALAMUS_RIGHT = "thalamus_right"
    OCCIPITAL_LEFT = "occipital_left"
    OCCIPITAL_RIGHT = "occipital_right"
    CEREBELLUM_LEFT = "cerebellum_left"
    CEREBELLUM_RIGHT = "cerebellum_right"
    MIDBRAIN = "midbrain"
    PONS = "pons"


class Side(StrEnum):
    """A side of the patient, never of the screen."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> "Side":
        """The opposite side.

        >>> Side.LEFT.other
        <Side.RIGHT: 'right'>
        """
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


class Status(StrEnum):
    """What was seen in a region that was looked at. A region that was not looked at has no status."""

    AFFECTED = "affected"
    UNAFFECTED = "unaffected"
    NOT_ASSESSABLE = "not_assessable"
