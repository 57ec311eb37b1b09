"""pc-ASPECTS: weights of the parts, and what was not looked at."""

from itertools import combinations

from scoring.pc_aspects import POINTS, PosteriorFindings, score_pc_aspects
from scoring.regions import PosteriorRegion, Status

CLEAR = dict.fromkeys(PosteriorRegion, Status.UNAFFECTED)
DOUBLE = {PosteriorRegion.MIDBRAIN, PosteriorRegion.PONS}


def test_every_set_of_affected_parts() -> None:
    for count in range(9):
        for affected in combinations(PosteriorRegion, count):
            score = score_pc_aspects(PosteriorFindings(CLEAR | dict.fromkeys(affected, Status.AFFECTED)))
            assert score.total == score.low == score.high == 10 - count - len(DOUBLE.intersection(affected))


def test_a_part_that_was_not_looked_at_leaves_no_total() -> None:
    score = score_pc_aspects(PosteriorFindings({PosteriorRegion.PONS: Status.AFFECTED}))
    assert (score.total, score.low, score.high) == (None, 0, 8)


def test_a_part_that_is_not_assessable_widens_the_bounds_by_its_weight() -> None:
    score = score_pc_aspects(PosteriorFindings(CLEAR | {PosteriorRegion.MIDBRAIN: Status.NOT_ASSESSABLE}))
    assert (score.total, score.low, score.high) == (10, 8, 10)


def test_the_score_keeps_the_findings_in_the_order_of_the_form() -> None:
    backwards = dict(reversed(CLEAR.items()))
    assert list(score_pc_aspects(PosteriorFindings(backwards)).regions.items()) == list(CLEAR.items())
    one = {PosteriorRegion.PONS: Status.AFFECTED}
    assert score_pc_aspects(PosteriorFindings(one)).regions == one


def test_the_weights_make_ten_points() -> None:
    assert sum(POINTS.values()) == 10
    assert {part for part, points in POINTS.items() if points == 2} == DOUBLE
