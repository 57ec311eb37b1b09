"""The trial in silico: implants change what they should and nothing else, and the figures are counted rightly."""

import importlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from scoring.regions import Region, Side

BENCH = Path(__file__).resolve().parent.parent.parent / "bench"
INSULA = 3  # its place in the order of regions
TWENTY = [False] * 20


@pytest.fixture(scope="module")
def trial() -> SimpleNamespace:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        names = ("simulated_heads", "implants", "trial_cases", "trial_figures", "trial_rates", "controls")
        return SimpleNamespace(**{name: importlib.import_module(name) for name in names})


@pytest.fixture(scope="module")
def host(trial: SimpleNamespace) -> Any:
    return trial.simulated_heads.simulated_host(11)


def outcome(trial: SimpleNamespace, **changes: Any) -> Any:
    """A perfect reading of a left insular infarct, with changes."""
    left_insula = [place == INSULA for place in range(20)]
    perfect = trial.trial_cases.Outcome(
        host="one",
        is_real=False,
        kind="infarct",
        side="left",
        depth_hu=4.0,
        affected=left_insula,
        refusal=None,
        called=left_insula,
        assessable=[True] * 20,
        probability=[float(affected) for affected in left_insula],
        delta_hu=[0.0] * 10,
        residual_sd_hu=2.0,
        field_sd_hu=0.8,
        called_side="left",
        side_probability={},
        total=9,
        total_low=8,
        total_high=9,
        naive_darker_hu=[0.0] * 20,
        seconds=1.0,
    )
    return replace(perfect, **changes)


def test_each_affected_region_darkens_by_its_share(trial: SimpleNamespace, host: Any) -> None:
    """The truth of a case names no region of which next to nothing is darker."""
    implants = trial.implants
    regions = frozenset({Region.L, Region.M1, Region.M2, Region.M5})
    quiet = replace(host, noise_hu=0.0)
    whole, part = (
        host.volume.hu - implants.implanted(quiet, replace(change, coverage=covered), implants.own_outlines).hu
        for change in [implants.Change("infarct", Side.LEFT, regions, 6.0, 1.0, 3)]
        for covered in (1.0, 0.7)
    )
    at = tuple(host.index.T)
    for region in regions:
        drawn, affine = implants.own_outlines(frozenset({region}), Side.LEFT)
        inside = (implants.sampled(drawn, affine, host.template_mm) > 0.9) & (whole[at] > 5)
        assert 0.5 < (part[at][inside] > 3).mean() < 0.9, region


def test_an_infarct_darkens_its_side_by_its_depth(trial: SimpleNamespace, host: Any) -> None:
    implants = trial.implants
    quiet = replace(host, noise_hu=0.0)
    change = implants.Change("infarct", Side.LEFT, frozenset({Region.M2}), 5.0, 1.0, 3)
    drop = host.volume.hu - implants.implanted(quiet, change, implants.own_outlines).hu
    x_mm = np.zeros(drop.shape, dtype=np.float32)
    x_mm[tuple(host.index.T)] = host.template_mm[:, 0]
    assert drop.min() >= 0
    assert drop.max() == pytest.approx(5.0, abs=0.1)
    assert drop[x_mm > 0].max() == 0  # negative x is the patient's left
    assert 20 < (drop[x_mm < 0] > 2.5).sum() * 0.9**2 * host.volume.gaps_mm[0] / 1000 < 70  # ml


def test_unchanged_heads_differ_by_noise_alone(trial: SimpleNamespace, host: Any) -> None:
    implants = trial.implants
    change = implants.Change("none", None, frozenset(), 0.0, 1.0, 3)
    noise = implants.implanted(host, change, implants.own_outlines).hu - host.volume.hu
    assert noise.std() == pytest.approx(host.noise_hu, rel=0.1)
    again = implants.implanted(host, change, implants.own_outlines)
    assert np.array_equal(again.hu - host.volume.hu, noise)


def test_white_matter_disease_is_on_both_sides(trial: SimpleNamespace, host: Any) -> None:
    implants = trial.implants
    change = implants.Change("white matter", None, frozenset(), 6.0, 1.0, 4)
    quiet = replace(host, noise_hu=0.0)
    drop = (host.volume.hu - implants.implanted(quiet, change, implants.own_outlines).hu)[tuple(host.index.T)]
    left, right = (drop[sign * host.template_mm[:, 0] > 0].sum() for sign in (-1, 1))
    assert left == pytest.approx(right, rel=0.2)
    assert not any(implants.truth(change).values())


def test_a_perfect_reader_gets_perfect_figures(trial: SimpleNamespace) -> None:
    unchanged = outcome(
        trial,
        kind="none",
        side=None,
        affected=TWENTY,
        called=TWENTY,
        probability=[0.0] * 20,
        called_side=None,
        total=10,
        total_low=10,
        total_high=10,
    )
    found = trial.trial_figures.figures([outcome(trial), unchanged])
    reader = found["reader"]
    assert reader["sensitivity"]["4"] == 1
    assert reader["sensitivity"]["2"] is None
    assert reader["false_regions"]["none"] == 0
    assert reader["total"]["mean_absolute_error"] == 0
    assert reader["total"]["icc_a_1"] == pytest.approx(1)
    assert reader["brier"] == reader["calibration_error"] == 0
    assert reader["interval"]["covers"] == 1
    assert found["naive"]["sensitivity"]["all"] == 0
    assert "sensitivity, all" in trial.trial_figures.table("Both", found)


def test_mistakes_are_counted(trial: SimpleNamespace) -> None:
    wrong = [place in {0, 12} for place in range(20)]
    bad = outcome(trial, called=wrong, called_side="right", total=10, total_low=10, total_high=10)
    found = trial.trial_figures.figures([bad, outcome(trial), outcome(trial, refusal="NOT_CT")])
    reader = found["reader"]
    assert found["refused"] == {"NOT_CT": 1}
    assert reader["sensitivity"]["all"] == 0.5
    assert reader["false_regions"]["infarct"] == 1
    assert reader["total"]["bias"] == 0.5
    assert reader["side_right"]["one or two regions"] == 0.5
    assert reader["interval"]["covers"] == 0.5


def test_agreement_beyond_chance(trial: SimpleNamespace) -> None:
    """Worked by hand: 20 agreements of 30, half of them expected by chance; a constant shift lowers the ICC."""
    first = np.array([True] * 15 + [False] * 15)
    second = np.array([True] * 10 + [False] * 15 + [True] * 5)
    assert trial.trial_figures.kappa(first, second) == pytest.approx((2 / 3 - 0.5) / 0.5)
    same = np.array([[4.0, 4.0], [7.0, 7.0], [9.0, 9.0]])
    assert trial.trial_figures.icc_a_1(same) == pytest.approx(1)
    assert trial.trial_figures.icc_a_1(same + np.array([0, 1])) < 1


def test_sensitivity_at_a_fixed_rate_is_read_where_that_many_unaffected_regions_pass(trial: SimpleNamespace) -> None:
    left_insula = [place == INSULA for place in range(20)]
    calm = [outcome(trial, kind="none", affected=TWENTY, probability=[0.01 * n] * 20) for n in range(20)]
    strokes = [outcome(trial, probability=[p if hit else 0.0 for hit in left_insula]) for p in (0.1, 0.15, 0.185, 0.5)]
    found = trial.trial_rates.at_fixed_rates([*calm, *strokes], lambda one: one.probability)["sensitivity"]
    # 24 scans: one region may pass at 0.05, so the cut is the second highest of the unaffected, 0.19
    assert found["at 0.05 false regions, 4 to 8 HU"] == pytest.approx(0.25)
    assert found["at 0.05 false regions, 2 HU"] is None


def test_scans_called_acute_counts_scans_not_regions(trial: SimpleNamespace) -> None:
    three = [place < 3 for place in range(20)]
    scans = [outcome(trial, kind="old infarct", affected=TWENTY, called=called) for called in (three, TWENTY)]
    assert trial.trial_rates.called_acute(scans, lambda one: one.called)["scans_called_acute"]["old infarct"] == 0.5


def test_every_unsuitable_scan_differs_from_the_head_it_was_made_of(trial: SimpleNamespace, host: Any) -> None:
    cases = list(trial.controls.unsuitable(host, 1))
    assert len({case.name for case in cases}) == len(cases) > 8
    for case in cases:
        assert case.codes
        assert case.volume.hu.shape != host.volume.hu.shape or np.abs(case.volume.hu - host.volume.hu).max() > 50


def test_a_bleed_has_its_volume_and_density(trial: SimpleNamespace, host: Any) -> None:
    quiet = replace(host, noise_hu=0.0)
    bled = trial.controls.with_bleed(quiet, 2.0, np.random.default_rng(2)).hu
    changed = bled > host.volume.hu + 10
    voxel_ml = float(np.prod(host.volume.spacing_mm)) * float(host.volume.gaps_mm[0]) / 1000
    assert 1.0 < changed.sum() * voxel_ml < 3.0
    assert bled[changed].max() == pytest.approx(60.0, abs=1)
