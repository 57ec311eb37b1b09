"""ASPECTS: every set of affected regions, and what cannot be judged."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from scoring.aspects import Findings, score_aspects
from scoring.regions import Region, Side, Status

CLEAR = dict.fromkeys(Region, Status.UNAFFECTED)
findings = st.dictionaries(st.sampled_from(Region), st.sampled_from(Status)).map(lambda seen: Findings(Side.LEFT, seen))


def test_every_set_of_affected_regions_takes_one_point_each() -> None:
    for count in range(11):
        for affected in combinations(Region, count):
            score = score_aspects(Findings(Side.RIGHT, CLEAR | dict.fromkeys(affected, Status.AFFECTED)))
            assert (score.total, score.low, score.high) == (10 - count,) * 3
            assert score.band == ("6-10" if count <= 4 else "3-5" if count <= 7 else "0-2")


def test_a_region_that_was_not_looked_at_leaves_no_total() -> None:
    score = score_aspects(Findings(Side.LEFT, {Region.I: Status.AFFECTED}))
    assert (score.total, score.low, score.high) == (None, 0, 9)
    assert score.band is None
    assert "Not looked at: C, L, IC, M1" in score.warnings[0]


def test_a_region_that_is_not_assessable_widens_the_bounds() -> None:
    score = score_aspects(Findings(Side.LEFT, CLEAR | {Region.M4: Status.NOT_ASSESSABLE, Region.L: Status.AFFECTED}))
    assert (score.total, score.low, score.high) == (9, 8, 9)
    assert score.band == "6-10"
    assert score.prognostic_band == "8-10"


def test_an_old_infarct_is_recorded_and_not_scored() -> None:
    score = score_aspects(Findings(Side.LEFT, CLEAR, old_infarct=frozenset({Region.M5})))
    assert score.total == 10
    assert "M5" in score.warnings[0]


def test_swelling_alone_is_not_scored_and_the_older_practice_is_named() -> None:
    score = score_aspects(Findings(Side.LEFT, CLEAR, swelling_only=frozenset({Region.M5})))
    assert score.total == 10
    assert "Barber 2000" in score.warnings[0]


@given(findings, st.sampled_from(Region))
def test_one_more_affected_region_never_raises_the_score(seen: Findings, region: Region) -> None:
    before, after = score_aspects(seen), score_aspects(Findings(seen.side, {**seen.regions, region: Status.AFFECTED}))
    assert after.high <= before.high
    if before.total is not None:
        assert after.total is not None
        assert after.total <= before.total


@given(findings)
def test_the_bounds_hold_the_total_and_the_side_changes_nothing(seen: Findings) -> None:
    score = score_aspects(seen)
    assert 0 <= score.low <= score.high <= 10
    assert score.total is None or score.low <= score.total <= score.high
    other = score_aspects(Findings(Side.RIGHT, seen.regions))
    assert (other.total, other.low, other.high) == (score.total, score.low, score.high)


def test_every_doubt_is_told_in_words() -> None:
    seen = dict.fromkeys(Region, Status.UNAFFECTED) | {
        Region.M4: Status.NOT_ASSESSABLE,
        Region.L: Status.NOT_ASSESSABLE,
    }
    del seen[Region.M6]
    score = score_aspects(
        Findings(
            Side.RIGHT,
            seen,
            old_infarct=frozenset({Region.M5, Region.C}),
            swelling_only=frozenset({Region.M2, Region.I}),
        )
    )
    assert score.warnings == (
        "Not assessable: L, M4. The total counts them as unaffected; see the bounds.",
        "Not looked at: M6. There is no total until they are.",
        "Old infarct, not scored: C, M5.",
        "Swelling without hypodensity, not scored: I, M2. The first publication (Barber 2000) would take 2 more off.",
    )
    assert (score.total, score.low, score.high) == (None, 7, 10)


def test_the_score_keeps_the_side_and_the_findings_in_the_order_of_the_form() -> None:
    backwards = dict(reversed(CLEAR.items()))
    score = score_aspects(Findings(Side.LEFT, backwards))
    assert score.side is Side.LEFT
    assert list(score.regions.items()) == list(CLEAR.items())
    assert score.warnings == ()
    assert score_aspects(Findings(None, {Region.I: Status.AFFECTED})).regions == {Region.I: Status.AFFECTED}
