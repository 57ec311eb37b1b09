"""Reads a head CT from DICOM objects: sort out what is no slice, choose the series, stack it, decode it.

Slices are kept where the scanner put them. Tilted and unevenly spaced stacks are common in head CT and are read as they
are; nothing is resampled, and every decision is told in ``Acquisition.notes``.
"""

from collections.abc import Iterable

import numpy as np
from pydicom.uid import DeflatedExplicitVRLittleEndian, MediaStorageDirectoryStorage

from imaging.dicom_geometry import SliceStack, stack_slices
from imaging.dicom_headers import SliceHeader
from imaging.dicom_parsing import read_slice_headers
from imaging.dicom_pixels import check_decodable, read_hounsfield, unsupported_syntax
from imaging.dicom_series import CT_CLASSES, group_series, is_slice, rank_series
from imaging.file_content import FileContent
from imaging.hostile_bytes import corrupt_file
from imaging.read_limits import ReadLimits, check_grid_size, refuse_too_large
from imaging.refusals import RefusalCode, ScanRefused
from imaging.volume import Acquisition, CtVolume

_MAX_TRIED_SERIES = 8
_EVEN_SHARE = 0.1
"""Share of a gap below which a difference is rounding, or a scanner's alternation as in 8.95 and 9.05 mm."""
_REPEATED_SHARE = 0.5
"""Share of positions with several different images from which a series is taken to hold several phases."""


def read_dicom(files: Iterable[FileContent], limits: ReadLimits) -> CtVolume:
    """Read the best head CT series out of DICOM files in any order.

    Parameters
    ----------
    files
        Files that look like DICOM; objects that are no CT slices are left out.
    limits
        Caps; enforced before pixels are decoded.

    Raises
    ------
    ScanRefused
        With the reason; of several series that all fail, the reason of the one that seemed best.
    """
    notes: list[str] = []
    slices = _usable_slices(_read_headers(files, limits, notes), notes)
    groups = rank_series(group_series(slices))
    stack = _first_that_stacks(groups, limits, notes)
    hu = _decode(stack, notes)
    _describe(stack, notes)
    return CtVolume(
        hu=hu,
        step_i_mm=stack.step_i_mm,
        step_j_mm=stack.step_j_mm,
        slice_origins_mm=stack.slice_origins_mm,
        acquisition=_acquisition(stack.slices, notes),
    )


def _read_headers(files: Iterable[FileContent], limits: ReadLimits, notes: list[str]) -> list[SliceHeader]:
    """Return the headers of all frames of all files; damaged ones are counted, and refused if nothing is left."""
    headers: list[SliceHeader] = []
    damaged: list[ScanRefused] = []
    for content in files:
        try:
            headers += read_slice_headers(content, limits)
        except ScanRefused as refusal:
            if refusal.code is not RefusalCode.CORRUPT_FILE:
                raise
            damaged.append(refusal)
        if len(headers) > limits.max_files:
            refuse_too_large(f"The upload holds more than {limits.max_files} images.")
    headers = [header for header in headers if header.file.sop_class != MediaStorageDirectoryStorage]
    if not headers:
        raise damaged[0] if damaged else corrupt_file("The upload holds no DICOM image.")
    if damaged:
        notes.append(f"Damaged DICOM files left out: {len(damaged)}.")
    return headers


def _usable_slices(headers: list[SliceHeader], notes: list[str]) -> list[SliceHeader]:
    """Return the CT slices of the one patient; refuse if there are none, or more than one patient."""
    slices = [header for header in headers if is_slice(header)]
    if not slices:
        raise _nothing_usable(headers)
    if len({header.file.patient_id for header in slices} - {None}) > 1:
        raise ScanRefused(
            RefusalCode.SEVERAL_PATIENTS,
            "The upload holds scans of more than one patient.",
            "Send the scans of one patient at a time.",
        )
    if len(slices) < len(headers):
        notes.append(f"Left out, being no CT slices (overviews, pictures, reports): {len(headers) - len(slices)}.")
    return slices


def _nothing_usable(headers: list[SliceHeader]) -> ScanRefused:
    """Return the refusal for an upload without a single CT slice."""
    if any(header.file.transfer_syntax == DeflatedExplicitVRLittleEndian for header in headers):
        return unsupported_syntax(DeflatedExplicitVRLittleEndian)
    if any(header.file.sop_class in CT_CLASSES and header.file.modality == "CT" for header in headers):
        return ScanRefused(
            RefusalCode.COVERAGE_INCOMPLETE,
            "The upload holds only overviews, projections or pictures, no CT slices.",
            "Send the axial non-contrast head CT series.",
        )
    return ScanRefused(
        RefusalCode.NOT_CT, "The upload is not a CT scan.", "Send the non-contrast head CT as CT image objects."
    )


def _first_that_stacks(groups: list[list[SliceHeader]], limits: ReadLimits, notes: list[str]) -> SliceStack:
    """Return the best group that forms a readable stack; if none does, refuse for the reason of the best.

    Another series of the same study may stand in for a broken one, a scan of another day may not.
    """
    refusals: list[ScanRefused] = []
    same_study = [group for group in groups if group[0].file.study_uid == groups[0][0].file.study_uid]
    for group in same_study[:_MAX_TRIED_SERIES]:
        try:
            check_grid_size(group[0].file.columns, group[0].file.rows, len(group), limits)
            check_decodable(group)
            stack = stack_slices(group)
        except ScanRefused as refusal:
            refusals.append(refusal)
            continue
        if len(groups) > 1:
            notes.append(f"{len(groups)} stacks of slices were found; one of {len(stack.places)} slices was read.")
        studies = len({group[0].file.study_uid for group in groups})
        if studies > 1:
            notes.append(f"The upload holds {studies} studies; only one of them was read, if possible the latest.")
        notes.extend(f"A series that seemed better was passed over ({refusal.code})." for refusal in refusals)
        return stack
    raise refusals[0]


def _decode(stack: SliceStack, notes: list[str]) -> np.ndarray:
    """Return Hounsfield units, shape (i, j, k); images that repeat a position are compared and dropped."""
    first = stack.slices[0].file
    whole = all(_is_whole(one) for place in stack.places for one in place)
    hu = np.empty((len(stack.places), first.rows, first.columns), dtype=np.int16 if whole else np.float32)
    order = [(k, one) for k, place in enumerate(stack.places) for one in place]
    same = different = 0
    previous = -1
    for (k, _), image in zip(order, read_hounsfield([one for _, one in order]), strict=True):
        if k != previous:
            hu[k] = image
            previous = k
        elif np.array_equal(hu[k], image):
            same += 1
        else:
            different += 1
    if different > _REPEATED_SHARE * len(stack.places):
        raise ScanRefused(
            RefusalCode.GEOMETRY_UNREADABLE,
            "The series holds several different images at the same places, as in perfusion or repeated scans.",
            "Send one phase: the plain non-contrast head CT.",
        )
    if same:
        notes.append(f"Exact repeats of a slice, dropped: {same}.")
    if different:
        notes.append(f"Slices imaged again at the same place, of which the first acquired was kept: {different}.")
    return hu.transpose(2, 1, 0)


def _is_whole(one: SliceHeader) -> bool:
    """Whether the rescaled numbers of a slice are whole and fit 16 bits, as they are of almost all scanners."""
    return one.slope == 1 and one.intercept is not None and one.intercept.is_integer()


def _describe(stack: SliceStack, notes: list[str]) -> None:
    """Note what a reader of the score should know of the stack."""
    gaps = stack.gaps_mm
    if float(np.ptp(gaps)) > _EVEN_SHARE * float(gaps.min()):
        notes.append(f"Slices are unevenly spaced ({gaps.min():.1f} to {gaps.max():.1f} mm) and were kept as they are.")
    unseen = stack.unseen_mm
    if unseen is not None and unseen > _EVEN_SHARE * float(gaps.max()):
        notes.append(f"Up to {unseen:.1f} mm of tissue between neighbouring slices were not imaged.")
    if any(one.file.is_lossy for one in stack.slices):
        notes.append("The images went through lossy compression; densities may be altered.")
    if any("SECONDARY" in one.image_type for one in stack.slices):
        notes.append("The images are marked as computed after the scan (secondary).")


def _acquisition(slices: list[SliceHeader], notes: list[str]) -> Acquisition:
    first = slices[0]
    thickness = {one.slice_thickness_mm for one in slices}
    return Acquisition(
        source_format="dicom",
        modality=first.file.modality,
        series_uid=first.file.series_uid,
        study_uid=first.file.study_uid,
        sop_uids=tuple(one.file.sop_uid or "" for one in slices),
        manufacturer=first.file.manufacturer,
        kernel=first.kernel,
        slice_thickness_mm=max((value for value in thickness if value is not None), default=None),
        tube_voltage_kv=first.file.tube_voltage_kv,
        contrast_agent=first.file.contrast_agent,
        acquired_at=first.file.acquired_at,
        notes=tuple(notes),
    )
