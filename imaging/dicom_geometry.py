"""Puts CT slices in order by where they lie in the patient, and refuses stacks that are no stack.

Positions follow DICOM PS3.3 C.7.6.2: slices are ordered by the projection of Image Position (Patient) on the normal of
Image Orientation (Patient). Instance Number and Slice Location say nothing reliable about order. A tilted gantry shows
as positions that drift within the slice plane, whatever the tilt tag says.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imaging.dicom_headers import SliceHeader
from imaging.refusals import RefusalCode, ScanRefused
from imaging.slice_gaps import find_missing_slices
from imaging.volume import Floats

MIN_SLICES = 5
"""Fewer slices cannot hold both ASPECTS levels, whatever their thickness."""

_SAME_POSITION_MM = 0.05
_STRAIGHT_MM = 0.5
"""Distance by which a slice's corner may leave the straight line of the stack: about a pixel."""
_DIRECTION_TOLERANCE = 1e-3
"""Of unit vectors; 0.25 mm over the width of a head."""
_SPACING_TOLERANCE = 1e-3
_MIN_SPACING_MM = 0.1
_MAX_SPACING_MM = 10.0
_MAX_TILT_DEGREES = 45.0
_LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])
_EXPORT_AGAIN = "Send the original series from the scanner, not a converted or edited copy."


@dataclass(frozen=True, eq=False)
class SliceStack:
    """Slices in order from feet to head (or along the normal), with the grid that they share, in RAS+ mm."""

    places: list[list[SliceHeader]]
    """For each position its slices: one, or several that claim the same place, the first acquired in front."""
    step_i_mm: Floats
    step_j_mm: Floats
    slice_origins_mm: Floats

    @property
    def slices(self) -> list[SliceHeader]:
        """The slice that counts at each position."""
        return [place[0] for place in self.places]

    @cached_property
    def gaps_mm(self) -> Floats:
        """Shape (k - 1,): distances between neighbouring slices along their normal."""
        normal = np.cross(self.step_i_mm, self.step_j_mm)
        return np.asarray(np.abs(np.diff(self.slice_origins_mm, axis=0) @ (normal / np.linalg.norm(normal))))

    @cached_property
    def thickness_mm(self) -> Floats | None:
        """Shape (k,): nominal thickness of each slice; ``None`` if any slice does not state it."""
        stated = [one.slice_thickness_mm for one in self.slices if one.slice_thickness_mm]
        return np.array(stated) if len(stated) == len(self.slices) else None

    @property
    def unseen_mm(self) -> float | None:
        """Largest distance between the faces of neighbouring slices, 0 if all touch; ``None``: thickness unknown."""
        if self.thickness_mm is None:
            return None
        return max(0.0, float((self.gaps_mm - (self.thickness_mm[:-1] + self.thickness_mm[1:]) / 2).max()))


def stack_slices(slices: list[SliceHeader]) -> SliceStack:
    """Return the slices as a stack.

    Raises
    ------
    ScanRefused
        ``GEOMETRY_UNREADABLE``, ``SLICES_MISSING`` or ``COVERAGE_INCOMPLETE``.
    """
    positions, orientation, spacing = _shared_grid(slices)
    rows_step, columns_step = orientation[:3] * spacing[1], orientation[3:] * spacing[0]
    normal = np.cross(orientation[:3], orientation[3:])
    if normal[2] < 0:
        normal = -normal
    heights = positions @ normal
    order = np.argsort(heights, kind="stable")
    places = _places(slices, heights, order)
    origins = np.array([place[0].position_mm for place in places], dtype=np.float64)
    stack = SliceStack(places, rows_step * _LPS_TO_RAS, columns_step * _LPS_TO_RAS, origins * _LPS_TO_RAS)
    _check_complete(stack)
    _check_straight(origins, normal)
    return stack


def _refuse(text: str) -> ScanRefused:
    return ScanRefused(RefusalCode.GEOMETRY_UNREADABLE, text, _EXPORT_AGAIN)


def _shared_grid(slices: list[SliceHeader]) -> tuple[Floats, Floats, Floats]:
    """Return positions (n, 3), orientation (6,) and pixel spacing (2,), the last two the same for all slices."""
    positions = [one.position_mm for one in slices if one.position_mm is not None]
    orientations = [one.orientation for one in slices if one.orientation is not None]
    spacings = [one.pixel_spacing_mm for one in slices if one.pixel_spacing_mm is not None]
    if len(positions) < len(slices) or len(orientations) < len(slices):
        raise _refuse("The slices do not say where they lie in the patient.")
    if len(spacings) < len(slices):
        raise _refuse("The slices do not say how large their pixels are.")
    orientation, spacing = np.array(orientations), np.array(spacings)
    if not (spacing.min() >= _MIN_SPACING_MM and spacing.max() <= _MAX_SPACING_MM):
        raise _refuse("The pixel size in the slices is impossible for a head CT.")
    if np.ptp(spacing, axis=0).max() > _SPACING_TOLERANCE * spacing.min():
        raise _refuse("The slices differ in pixel size, so they do not form one scan.")
    if np.ptp(orientation, axis=0).max() > _DIRECTION_TOLERANCE:
        raise _refuse("The slices are not parallel to one another, so they do not form one scan.")
    mean = orientation.mean(axis=0)
    products = np.array([mean[:3] @ mean[:3] - 1, mean[3:] @ mean[3:] - 1, mean[:3] @ mean[3:]])
    if np.abs(products).max() > 2 * _DIRECTION_TOLERANCE:
        raise _refuse("The orientation in the slices is not a pair of perpendicular directions.")
    return np.array(positions), mean, spacing.mean(axis=0)


def _places(slices: list[SliceHeader], heights: Floats, order: np.ndarray) -> list[list[SliceHeader]]:
    """Return the slices grouped by position, ascending; within a position by acquisition, then instance number."""
    places: list[list[SliceHeader]] = []
    last_height = -np.inf
    for index in order:
        if heights[index] - last_height < _SAME_POSITION_MM:
            places[-1].append(slices[index])
            continue
        places.append([slices[index]])
        last_height = heights[index]
    for place in places:
        place.sort(key=lambda one: (one.file.acquisition_number or 0, one.file.instance_number or 0, one.frame))
    return places


def _check_complete(stack: SliceStack) -> None:
    """Refuse stacks with holes, then stacks that are too short."""
    slices = stack.slices
    numbers = [one.file.instance_number for one in slices if one.file.instance_number is not None]
    is_multi_frame = any(one.file.frames > 1 for one in slices)
    missing = find_missing_slices(
        stack.gaps_mm,
        stack.thickness_mm,
        numbers if len(numbers) == len(slices) and not is_multi_frame else None,
    )
    if missing:
        worst = max(missing, key=lambda gap: gap.gap_mm)
        places = "one place" if len(missing) == 1 else f"{len(missing)} places"
        raise ScanRefused(
            RefusalCode.SLICES_MISSING,
            f"Slices are missing at {places}: a gap of {worst.gap_mm:.1f} mm instead of {worst.expected_mm:.1f} mm.",
            "Send the series again with all of its slices.",
        )
    if len(slices) < MIN_SLICES:
        raise ScanRefused(
            RefusalCode.COVERAGE_INCOMPLETE,
            f"The series has {len(slices)} usable slices, too few to cover the brain.",
            "Send the complete head CT series.",
        )


def _check_straight(origins: Floats, normal: Floats) -> None:
    """Refuse slices whose corners do not lie on one straight line; a line that is not the normal is gantry tilt."""
    along = origins[-1] - origins[0]
    heights = (origins - origins[0]) @ normal
    expected = origins[0] + (heights / heights[-1])[:, None] * along
    if float(np.linalg.norm(origins - expected, axis=1).max()) > _STRAIGHT_MM:
        raise _refuse("The slices are shifted against one another, so they do not form one scan.")
    if float(heights[-1]) < float(np.linalg.norm(along)) * np.cos(np.radians(_MAX_TILT_DEGREES)):
        raise _refuse("The slices slide past one another by more than any gantry tilt explains.")
