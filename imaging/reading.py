"""Reads ASPECTS from a head CT: read > check > register > measure > call. The one entry to this package."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging import checks
from imaging.atlas import Atlas, load_atlas
from imaging.calibration import load_calibration
from imaging.calling import call
from imaging.densitometry import Densities, measure
from imaging.extras import extras_of
from imaging.haemorrhage import check_blood, largest_dense_cluster
from imaging.head import Head, find_head
from imaging.hounsfield import HounsfieldMarks, check_calibration, hounsfield_marks
from imaging.labelling import mirror_pairs, region_coverage
from imaging.motion import MOTION_SUSPECTED, Motion, check_motion, motion_of
from imaging.reduction import block_mean, blocks_for, upright
from imaging.refusals import ScanRefused
from imaging.registration import Registration, register
from imaging.result import Reading, Refusal
from imaging.scan_file import fingerprint, read_volume
from imaging.tissue import TissueMap, brain_mode_hu, sort_tissue
from imaging.volume import CtVolume

MEASURED_IN_PLANE_MM = 1.0
MEASURED_SLICE_MM = 5.0
"""Thin slices are averaged up to this: noise falls and regions are far taller."""
SEARCHED_IN_PLANE_MM = 2.0
SEARCHED_GRID_MM = 2.4
"""Grid of the head mask and of the registration."""


@dataclass(frozen=True, eq=False)
class Artefacts:
    """What a reading leaves behind for pictures and label maps."""

    scan: CtVolume
    """The scan as it was read."""
    tissue: TissueMap
    """The averaged stack that was measured."""
    densities: Densities
    """What was measured in it."""
    registration: Registration

    @property
    def labels(self) -> NDArray[np.uint8]:
        """Region values on the measured stack."""
        return self.densities.labels


@dataclass(slots=True)
class _Clock:
    """Seconds spent in each part."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time a part; parts of the same name add up, and a part that fails counts too."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def read_ct(path: Path | str) -> Reading:
    """Read a scan from a file, a folder or a zip.

    Returns
    -------
    A scored reading, or a refused one that says why: whatever is wrong with the scan is an answer.

    Raises
    ------
    FileNotFoundError
        If nothing lies at ``path``.
    """
    return _read_path(Path(path), keep_scan=False)[0]


def read_with_artefacts(path: Path) -> tuple[Reading, Artefacts | None]:
    """As :func:`read_ct`, with what pictures need; ``None`` for a refused scan. Raises FileNotFoundError."""
    return _read_path(path, keep_scan=True)


def _read_path(path: Path, *, keep_scan: bool) -> tuple[Reading, Artefacts | None]:
    """Read a file; of a scan that need not be kept, memory holds the full slices no longer than they are needed."""
    clock = _Clock()
    known: dict[str, Any] = {"sha256": None, "series_uid": None}
    try:
        with clock.part("read"):
            known["sha256"] = fingerprint(path)
            volume = read_volume(path)
            known["series_uid"] = volume.acquisition.series_uid
        found = _searched(volume, clock)
        if not keep_scan:
            volume = volume.without_densities()
        reading, artefacts = _read(volume, found, clock)
    except ScanRefused as refused:
        reading, artefacts = _refused(refused, clock), None
    return replace(reading, input=known), artefacts


def read_volume_of(volume: CtVolume) -> tuple[Reading, Artefacts | None]:
    """Read a scan that is already in memory; refused scans leave no artefacts."""
    clock = _Clock()
    known = {"sha256": None, "series_uid": volume.acquisition.series_uid}
    try:
        reading, artefacts = _read(volume, _searched(volume, clock), clock)
    except ScanRefused as refused:
        reading, artefacts = _refused(refused, clock), None
    return replace(reading, input=known), artefacts


@dataclass(frozen=True, eq=False)
class Found:
    """What the first look at a scan gives: the averaged stack, the head in it, and two of its qualities."""

    stack: CtVolume
    head: Head
    mode_hu: float
    noise_hu: float
    marks: HounsfieldMarks
    motion: Motion


def search(volume: CtVolume) -> Found:
    """The first look at a scan: everything that needs its own slices. Raises ScanRefused."""
    return _searched(volume, _Clock())


def _searched(volume: CtVolume, clock: _Clock) -> Found:
    """All that needs the scan's own slices. Raises ScanRefused."""
    with clock.part("check"):
        checks.check_slices(volume)
        checks.check_field_of_view(volume)
        checks.check_hounsfield(volume)
        stack = block_mean(volume, blocks_for(volume, MEASURED_IN_PLANE_MM, MEASURED_SLICE_MM))
        marks = hounsfield_marks(stack)
        check_calibration(marks)
        coarse = block_mean(stack, blocks_for(stack, SEARCHED_IN_PLANE_MM, MEASURED_SLICE_MM))
        found = find_head(upright(coarse, SEARCHED_GRID_MM))
        if found is None or found.volume_ml < checks.DOUBTFUL_ML:
            checks.check_roughness(volume)
        head = checks.check_head(found)
        checks.check_metal_inside(volume, head)
        mode_hu = checks.check_brain_density(brain_mode_hu(head))
        noise = checks.noise_hu(volume, head)
        checks.check_kernel(volume, noise)
        motion = motion_of(coarse, head)
    return Found(stack, head, mode_hu, noise, marks, motion)


def _read(volume: CtVolume, found: Found, clock: _Clock) -> tuple[Reading, Artefacts]:
    """Everything after the first look; of the scan itself only its geometry counts. Raises ScanRefused."""
    atlas = load_atlas()
    stack, head, mode_hu = found.stack, found.head, found.mode_hu
    with clock.part("register"):
        try:
            registration = register(head, atlas, mode_hu)
        except ScanRefused:
            check_motion(found.motion)  # the likelier reason
            raise
    with clock.part("measure"):
        pairs = mirror_pairs(registration, atlas)
        coverage = region_coverage(volume, pairs, atlas)
        checks.check_coverage(coverage)
        tissue = sort_tissue(stack, head, mode_hu)
        suspicious = _check_contents(volume, tissue, found, registration, atlas)
        check_motion(found.motion)
        densities = measure(tissue, registration, pairs, atlas)
    with clock.part("call"):
        reading = call(densities, coverage, load_calibration(), scan_voxels_per_voxel=volume.hu.size / stack.hu.size)
    quality = {
        **reading.quality,
        **_quality(volume, head, registration, densities),
        **suspicious,
        "motion": found.motion.to_json(),
        "coverage": {
            side.value: {r.value: round(share, 2) for r, share in coverage[side].items()} for side in coverage
        },
        "noise_hu": round(found.noise_hu, 1),
        "air_hu": found.marks.air_hu,
        "fat_hu": found.marks.fat_hu,
        "brain_mode_hu": round(mode_hu, 1),
    }
    with clock.part("extras"):
        extras = extras_of(reading.regions, tissue, densities, pairs, registration, atlas).to_json()
    artefacts = Artefacts(volume, tissue, densities, registration)
    of_the_scan = (found.marks.warning, MOTION_SUSPECTED if found.motion.is_suspected else None)
    warnings = (*reading.warnings, *(warning for warning in of_the_scan if warning is not None))
    return _finished(replace(reading, quality=quality, extras=extras, warnings=warnings), clock), artefacts


def _check_contents(
    volume: CtVolume, tissue: TissueMap, found: Found, registration: Registration, atlas: Atlas
) -> dict[str, Any]:
    """Refuse metal, contrast and blood; return how much of the last two was seen."""
    head = found.head
    checks.check_metal(tissue, registration)
    contrast_ml = checks.contrast_ml(tissue, head)
    checks.check_contrast(volume, contrast_ml)
    cluster = largest_dense_cluster(head, registration, atlas, tissue.mode_hu)
    check_blood(cluster, has_moved=found.motion.is_suspected)
    return {
        "dense_vessel_ml": round(contrast_ml, 2),
        "dense_cluster_ml": round(cluster.ml, 2) if cluster else 0.0,
        "dense_cluster_place": cluster.place if cluster else None,
    }


def _quality(volume: CtVolume, head: Head, registration: Registration, densities: Densities) -> dict[str, Any]:
    return {
        "registration": round(registration.affine_ncc, 3),
        "head_scale": round(registration.scale, 3),
        "intracranial_ml": round(head.volume_ml),
        "slices": volume.slice_count,
        "widest_slice_gap_mm": round(float(volume.gaps_mm.max(initial=0.0)), 2),
        "gantry_tilt_degrees": round(volume.gantry_tilt_degrees, 1),
        "corrected_drift_hu": round(densities.drift_hu, 2),
        "residual_sd_hu": None if np.isnan(densities.residual_sd_hu) else round(densities.residual_sd_hu, 2),
        "field_sd_hu": None if np.isnan(densities.field_sd_hu) else round(densities.field_sd_hu, 2),
    }


def _refused(refused: ScanRefused, clock: _Clock) -> Reading:
    refusal = Refusal(refused.code, refused.text, refused.remedy, refused.finding)
    return _finished(Reading(status="refused", refusal=refusal), clock)


def _finished(reading: Reading, clock: _Clock) -> Reading:
    seconds = {name: round(value, 3) for name, value in clock.seconds.items()}
    versions = {"atlas": load_atlas().version, "calibration": load_calibration().version}
    return replace(reading, timing_seconds=seconds, versions=versions)
