"""Statistics of agreement beside those of other libraries and of published examples."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from app.batch.agreement.statistics import (
    agreement_within,
    binary_statistics,
    bootstrap,
    cross_table,
    differences,
    gwet_ac1,
    intraclass_correlation,
    percentile_intervals,
    sensitivity_and_specificity,
    total_statistics,
    weighted_kappa,
)

Scores = NDArray[np.int64]


def two_readers(seed: int, cases: int = 60) -> tuple[Scores, Scores]:
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 11, cases)
    return (np.clip(truth + draw.integers(-2, 3, cases), 0, 10) for _ in range(2))  # type: ignore[return-value]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.filterwarnings("ignore")
def test_intraclass_correlation_is_that_of_pingouin(seed: int) -> None:
    pandas = pytest.importorskip("pandas")
    pingouin = pytest.importorskip("pingouin")
    first, second = two_readers(seed)
    long = pandas.DataFrame(
        {"case": np.tile(np.arange(60), 2), "reader": np.repeat([0, 1], 60), "score": np.concatenate([first, second])}
    )
    table = pingouin.intraclass_corr(long, targets="case", raters="reader", ratings="score")
    expected = dict(zip(table["Type"], table["ICC"], strict=True))
    found = intraclass_correlation(cross_table(np.column_stack([first, second]), 11))
    assert found["icc_a1"] == pytest.approx(expected[next(k for k in expected if k in {"ICC2", "ICC(A,1)"})], abs=1e-9)
    assert found["icc_c1"] == pytest.approx(expected[next(k for k in expected if k in {"ICC3", "ICC(C,1)"})], abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_scikit_learn(seed: int) -> None:
    first, second = two_readers(seed)
    expected = cohen_kappa_score(first, second, weights="quadratic", labels=list(range(11)))
    assert weighted_kappa(cross_table(np.column_stack([first, second]), 11)) == pytest.approx(expected, abs=1e-12)
    yes, also = (first < 6).astype(int), (second < 6).astype(int)
    assert binary_statistics(cross_table(np.column_stack([yes, also]), 2))["kappa"] == pytest.approx(
        cohen_kappa_score(yes, also), abs=1e-12
    )


def test_ac1_holds_where_kappa_falls_apart() -> None:
    """By hand: 118 of 125 agree on a common finding; chance 2 x 0.972 x 0.028 gives 0.9408, while kappa is below 0."""
    table = np.array([[0.0, 5.0], [2.0, 118.0]])
    assert gwet_ac1(table) == pytest.approx(0.9408, abs=5e-5)
    assert weighted_kappa(table) < 0


def test_bland_altman_by_hand() -> None:
    first, second = np.array([7, 8, 9, 10]), np.array([6, 8, 7, 9])
    found = differences(cross_table(np.column_stack([first, second]), 11))
    gap = first - second
    assert found["bias"] == pytest.approx(gap.mean())
    assert found["upper_limit"] == pytest.approx(gap.mean() + 1.96 * gap.std(ddof=1))
    assert agreement_within(cross_table(np.column_stack([first, second]), 11), 1) == pytest.approx(0.75)


def test_wilson_interval_of_a_published_example() -> None:
    """Newcombe 1998, Statistics in Medicine 17:857, table I, method 3: 81 of 263 gives 0.2553 to 0.3662."""
    found = sensitivity_and_specificity(np.array([[10.0, 182.0], [0.0, 81.0]]))
    assert found["sensitivity"] == pytest.approx((81 / 263, 0.2553, 0.3662), abs=5e-5)
    assert found["specificity"][0] == 1.0


def test_what_is_not_defined_is_not_a_number() -> None:
    same = cross_table(np.full((5, 2), 7), 11)
    found = total_statistics(same)
    assert np.isnan(found["weighted_kappa"])
    assert np.isnan(found["icc_a1"])
    assert found["exact_agreement"] == 1
    assert np.isnan(sensitivity_and_specificity(np.array([[5.0, 0.0], [0.0, 0.0]]))["sensitivity"]).all()


def test_perfect_readers_agree_perfectly() -> None:
    scores = np.arange(11)
    found = total_statistics(cross_table(np.column_stack([scores, scores]), 11))
    assert found["weighted_kappa"] == found["icc_a1"] == found["icc_c1"] == found["exact_agreement"] == 1
    assert found["bias"] == found["sd"] == 0


def test_constant_shift_costs_agreement_and_not_consistency() -> None:
    scores = np.arange(10)
    found = intraclass_correlation(cross_table(np.column_stack([scores, scores + 1]), 11))
    assert found["icc_c1"] == pytest.approx(1)
    assert found["icc_a1"] < 0.96


def test_bootstrap_resamples_patients_and_repeats_itself() -> None:
    pairs = np.column_stack(list(two_readers(3)))
    alone = bootstrap(pairs, np.arange(60), 11, 500, seed=1)
    assert (alone.sum((-2, -1)) == 60).all()
    assert (alone == bootstrap(pairs, np.arange(60), 11, 500, seed=1)).all()
    twice = np.repeat(pairs, 2, axis=0)
    clustered = bootstrap(twice, np.repeat(np.arange(60), 2), 11, 500, seed=1)
    assert (clustered % 2 == 0).all(), "both cases of a patient come and go together"
    narrow = percentile_intervals(total_statistics, bootstrap(twice, np.arange(120), 11, 2000, seed=1))["icc_a1"]
    wide = percentile_intervals(total_statistics, bootstrap(twice, np.repeat(np.arange(60), 2), 11, 2000, seed=1))
    assert wide["icc_a1"][1] - wide["icc_a1"][0] > 1.2 * (narrow[1] - narrow[0])
