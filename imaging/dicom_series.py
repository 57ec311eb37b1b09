"""Sorts the images of an upload into series and ranks them: first the plain head CT that ASPECTS is read on."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage

from imaging.dicom_headers import SliceHeader
from imaging.kernels import is_sharp

CT_CLASSES = {CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage}

_NOT_SLICES = {
    "LOCALIZER", "SCOUT", "TOPOGRAM", "REF_SURVIEW", "PATIENT_INFO", "DOSE_INFO", "RESULTS", "SCREEN SAVE",
    "SCREENSAVE", "MIP", "MINIP", "VRT", "SSD", "3D", "PROJECTION IMAGE", "MONITORING", "RCBF", "RCBV", "CBF", "CBV",
    "MTT", "TTP", "TMAX", "PERFUSION",
}  # fmt: skip
"""Image Type values of CT objects that are no measured slices: overviews, pictures, projections, perfusion maps."""

_SAME_PLANE_COSINE = 0.94
"""Cosine of 20 degrees: images that lean less against one another are meant as one stack."""
_AXIAL_COSINE = 0.75
"""To the head-foot axis; gantry tilt and a bent neck stay within 40 degrees."""
_USUAL_HEAD_MM = 100.0
_DATE_CHARACTERS = len("2026-01-31")
_READABLE_THICKNESS_MM = (2.0, 6.0)

SeriesKey = tuple[str | None, ...]


def is_slice(header: SliceHeader) -> bool:
    """Whether an object is a measured CT slice, judged by class and image type, without looking at its place."""
    kinds = {kind.upper() for kind in header.image_type}
    return (
        header.file.sop_class in CT_CLASSES
        and header.file.modality == "CT"
        and header.file.is_grey_scale
        and not kinds & _NOT_SLICES
    )


def group_series(slices: list[SliceHeader]) -> list[list[SliceHeader]]:
    """Return the slices by series, kernel, matrix and plane, so that a scout that hides in a series falls out of it.

    Planes that differ by less than 20 degrees stay together: slices that lean a little are an error to report, not
    another series.
    """
    by_key: dict[SeriesKey, list[list[SliceHeader]]] = defaultdict(list)
    for one in slices:
        file = one.file
        key = (file.series_uid, file.frame_of_reference_uid, f"{file.rows}x{file.columns}", one.kernel)
        for group in by_key[key]:
            if _same_plane(group[0], one):
                group.append(one)
                break
        else:
            by_key[key].append([one])
    return [group for groups in by_key.values() for group in groups]


class SeriesRank(NamedTuple):
    """Why one group of slices goes before another, in order of weight; smaller is better."""

    single: bool
    not_axial: bool
    computed: bool
    """Marked as computed after the scan (secondary)."""
    contrast: bool
    sharp: bool
    """Kernel for bone or lung."""
    short: bool
    """Shorter than a head."""
    minus_day: int
    unusual_thickness: bool
    minus_length_mm: float
    series_uid: str


def rank_series(groups: list[list[SliceHeader]]) -> list[list[SliceHeader]]:
    """Return the groups, best first.

    In order of weight: axial, scanned rather than computed afterwards, without contrast agent, soft kernel, long enough
    for a head, of the latest day (earlier scans of the patient often come along), slices of 2 to 6 mm, longest.
    """
    return sorted(groups, key=series_rank)


def series_rank(group: list[SliceHeader]) -> SeriesRank:
    """Return what decides about a group."""
    first = group[0]
    length = _length_mm(group)
    low, high = _READABLE_THICKNESS_MM
    return SeriesRank(
        single=len(group) == 1,
        not_axial=_normal_z(first) < _AXIAL_COSINE,
        computed="SECONDARY" in {kind.upper() for kind in first.image_type},
        contrast=first.file.contrast_agent is not None,
        sharp=is_sharp(first.kernel),
        short=length < _USUAL_HEAD_MM,
        minus_day=-int((first.file.acquired_at or "0")[:_DATE_CHARACTERS].replace("-", "")),
        unusual_thickness=not low <= (first.slice_thickness_mm or 0.0) <= high,
        minus_length_mm=-length,
        series_uid=first.file.series_uid or "",
    )


def _same_plane(one: SliceHeader, other: SliceHeader) -> bool:
    normals = [_normal(header) for header in (one, other)]
    if normals[0] is None or normals[1] is None:
        return normals[0] is normals[1]
    return abs(float(normals[0] @ normals[1])) >= _SAME_PLANE_COSINE


def _normal(header: SliceHeader) -> np.ndarray | None:
    if header.orientation is None:
        return None
    return np.cross(header.orientation[:3], header.orientation[3:])


def _normal_z(header: SliceHeader) -> float:
    normal = _normal(header)
    return 0.0 if normal is None else abs(float(normal[2]))


def _length_mm(group: list[SliceHeader]) -> float:
    """Return the distance from first to last slice along their normal; 0 where they do not say where they lie."""
    normal = _normal(group[0])
    positions = [one.position_mm for one in group if one.position_mm is not None]
    return 0.0 if normal is None or not positions else float(np.ptp(np.array(positions) @ normal))
