"""Statistics of agreement beside those of other libraries and of published examples."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score, matthews_corrcoef

from app.batch.agreement.intraclass import intraclass_correlations
from app.batch.agreement.resampling import Resampling, cross_tables, intervals_of, resampled
from app.batch.agreement.statistics import (
    accuracy,
    agreement_within,
    binary_statistics,
    cross_table,
    differences,
    gwet_ac1,
    intraclass_correlation,
    total_statistics,
    weighted_kappa,
    wilson_interval,
)

Scores = NDArray[np.int64]


def two_readers(seed: int, cases: int = 60) -> tuple[Scores, Scores]:
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 11, cases)
    return (np.clip(truth + draw.integers(-2, 3, cases), 0, 10) for _ in range(2))  # type: ignore[return-value]


@pytest.mark.parametrize("readers", [2, 3, 5])
@pytest.mark.filterwarnings("ignore")
def test_intraclass_correlation_is_that_of_pingouin(readers: int) -> None:
    pandas = pytest.importorskip("pandas")
    pingouin = pytest.importorskip("pingouin")
    draw = np.random.default_rng(readers)
    scores = np.clip(draw.integers(0, 11, (60, 1)) + draw.integers(-2, 3, (60, readers)), 0, 10)
    cases, columns = np.indices(scores.shape)
    long = pandas.DataFrame({"case": cases.ravel(), "reader": columns.ravel(), "score": scores.ravel()})
    table = pingouin.intraclass_corr(long, targets="case", raters="reader", ratings="score")
    expected = dict(zip(table["Type"], table["ICC"], strict=True))
    found = [intraclass_correlations(scores.astype(float))]
    if readers == 2:
        found.append(intraclass_correlation(cross_table(scores, 11)))
    for one in found:
        assert one["icc_a1"] == pytest.approx(
            expected[next(k for k in expected if k in {"ICC2", "ICC(A,1)"})], abs=1e-9
        )
        assert one["icc_c1"] == pytest.approx(
            expected[next(k for k in expected if k in {"ICC3", "ICC(C,1)"})], abs=1e-9
        )


def test_intraclass_correlation_of_the_published_example() -> None:
    """Shrout and Fleiss 1979, Psychological Bulletin 86:420, tables 2 and 4: six targets, four judges."""
    ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = intraclass_correlations(np.array(ratings, dtype=float))
    assert (round(float(found["icc_a1"]), 2), round(float(found["icc_c1"]), 2)) == (0.29, 0.71)


def test_a_case_of_weight_two_counts_as_two_cases() -> None:
    scores = np.random.default_rng(4).integers(0, 11, (12, 3)).astype(float)
    weights = np.arange(12) % 3
    found = intraclass_correlations(scores, weights.astype(float))
    for name, value in intraclass_correlations(np.repeat(scores, weights, axis=0)).items():
        assert found[name] == pytest.approx(float(value), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_scikit_learn(seed: int) -> None:
    first, second = two_readers(seed)
    expected = cohen_kappa_score(first, second, weights="quadratic", labels=list(range(11)))
    assert weighted_kappa(cross_table(np.column_stack([first, second]), 11)) == pytest.approx(expected, abs=1e-12)
    yes, also = (first < 6).astype(int), (second < 6).astype(int)
    assert binary_statistics(cross_table(np.column_stack([yes, also]), 2))["kappa"] == pytest.approx(
        cohen_kappa_score(yes, also), abs=1e-12
    )
    assert binary_statistics(cross_table(np.column_stack([yes, also]), 2))["mcc"] == pytest.approx(
        matthews_corrcoef(yes, also), abs=1e-12
    )


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ([[0, 5], [2, 118]], 0.940776337609),
        ([[40, 9], [6, 45]], 0.700748129676),
        ([[90, 4], [3, 3]], 0.920314189766),
        ([[5, 10], [15, 70]], 0.648506151142),
    ],
)
def test_ac1_is_that_of_irrcac(table: list[list[int]], expected: float) -> None:
    """Values of irrCAC 0.4.4 for the same tables, case by case; it cannot be installed beside present libraries."""
    assert gwet_ac1(np.array(table, dtype=float)) == pytest.approx(expected, abs=1e-12)


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
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    found = accuracy(np.array([[10.0, 182.0], [0.0, 81.0]]))
    assert (found["sensitivity"], found["specificity"]) == (81 / 263, 1)


def test_what_is_not_defined_is_not_a_number() -> None:
    same = cross_table(np.full((5, 2), 7), 11)
    found = total_statistics(same)
    assert np.isnan(found["weighted_kappa"])
    assert np.isnan(found["icc_a1"])
    assert found["exact_agreement"] == 1
    assert np.isnan(accuracy(np.array([[5.0, 0.0], [0.0, 0.0]]))["sensitivity"])
    assert np.isnan(wilson_interval(0, 0)).all()


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
    how = Resampling(500, 1)
    alone = cross_tables(pairs, np.arange(60), 11, how)
    assert (alone.sum((-2, -1)) == 60).all()
    assert (alone == cross_tables(pairs, np.arange(60), 11, how)).all()
    twice = np.repeat(pairs, 2, axis=0)
    patients = np.repeat(np.arange(60), 2)
    clustered = cross_tables(twice, patients, 11, how)
    assert (clustered % 2 == 0).all(), "both cases of a patient come and go together"
    many = Resampling(2000, 1)
    narrow = intervals_of(total_statistics(cross_tables(twice, np.arange(120), 11, many)))["icc_a1"]
    wide = intervals_of(total_statistics(cross_tables(twice, patients, 11, many)))["icc_a1"]
    assert wide[1] - wide[0] > 1.2 * (narrow[1] - narrow[0])


def test_resamples_in_blocks_are_those_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = np.column_stack(list(two_readers(3)))
    patients = np.arange(60) // 2

    def of(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        assert (weights[:, ::2] == weights[:, 1::2]).all(), "both cases of a patient come and go together"
        return intraclass_correlations(pairs.astype(float), weights)

    whole = resampled(of, patients, Resampling(50, 1))["icc_a1"]
    tables = cross_tables(pairs, patients, 11, Resampling(50, 1))
    assert whole == pytest.approx(intraclass_correlation(tables)["icc_a1"], abs=1e-12)
    monkeypatch.setattr("app.batch.agreement.resampling._NUMBERS_AT_ONCE", 60 * 7)
    assert resampled(of, patients, Resampling(50, 1))["icc_a1"] == pytest.approx(whole, abs=1e-12)
