"""Chooses the series of a study that ASPECTS is read on, and says of every other why it was left."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from imaging.dicom_geometry import stack_slices
from imaging.dicom_headers import SliceHeader
from imaging.dicom_pixels import check_decodable
from imaging.dicom_series import SeriesRank, group_series, rank_series, series_rank
from imaging.read_limits import ReadLimits, check_grid_size
from imaging.refusals import RefusalCode, ScanRefused

TAKEN = "TAKEN"
_MOST_TRIED = 8
_LONGEST_KERNEL = 32
_LIMITS = ReadLimits()

_WHY = {
    "single": ("SINGLE_SLICE", "It is a single slice."),
    "not_axial": ("NOT_AXIAL", "Its slices are not axial."),
    "computed": ("COMPUTED", "It was computed after the scan."),
    "contrast": ("CONTRAST", "It names a contrast agent."),
    "sharp": ("BONE_KERNEL", "Its kernel is one for bone or lung."),
    "short": ("SHORT", "It is shorter than a head."),
    "minus_day": ("EARLIER_DAY", "It is of an earlier day."),
    "unusual_thickness": ("SLICE_THICKNESS", "Its slices are thinner than 2 mm or thicker than 6 mm."),
    "minus_length_mm": ("SHORTER", "It covers less than the series that was taken."),
    "series_uid": ("SAME_AS_TAKEN", "It is as good as the series that was taken."),
}
"""Reasons by what decides, in the order of weight of `imaging.dicom_series.SeriesRank`."""


@dataclass(frozen=True, slots=True)
class SeriesAccount:
    """One series (or one stack of slices in it) and what became of it."""

    series_uid: str | None
    images: int
    taken: bool
    code: str
    reason: str
    kernel: str | None = None
    slice_thickness_mm: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The account as it is kept and answered; free text of the file is not part of it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Choice:
    """The slices to read, and the account of all series."""

    slices: tuple[SliceHeader, ...]
    """Empty where nothing can be read."""
    accounts: tuple[SeriesAccount, ...]
    refusal: RefusalCode | None = None
    """Why nothing can be read."""


def choose(slices: Iterable[SliceHeader], left: Iterable[tuple[str | None, str, str]]) -> Choice:
    """Choose among the slices of one study.

    Parameters
    ----------
    slices
        Headers of everything that is a measured CT slice.
    left
        Objects that are none: series UID, code and sentence for each.
    """
    slices = list(slices)
    others = tuple(
        SeriesAccount(series_uid, count, taken=False, code=code, reason=sentence)
        for (series_uid, code, sentence), count in sorted(Counter(left).items(), key=str)
    )
    if len({header.file.patient_id for header in slices} - {None}) > 1:
        return Choice((), others, RefusalCode.SEVERAL_PATIENTS)
    groups = rank_series(group_series(slices))
    failures: dict[int, ScanRefused] = {}
    for place, group in enumerate(groups[:_MOST_TRIED]):
        failure = _why_unreadable(group)
        if failure is None:
            accounts = (
                _taken(group) if other is group else _left(other, group, failures.get(number))
                for number, other in enumerate(groups)
            )
            return Choice(tuple(group), (*accounts, *others))
        failures[place] = failure
    accounts = (_account(group, *_told(failures.get(number))) for number, group in enumerate(groups))
    return Choice((), (*accounts, *others), failures[0].code if failures else RefusalCode.NOT_CT)


def _why_unreadable(group: list[SliceHeader]) -> ScanRefused | None:
    try:
        check_grid_size(group[0].file.columns, group[0].file.rows, len(group), _LIMITS)
        check_decodable(group)
        stack_slices(group)
    except ScanRefused as refusal:
        return refusal
    return None


def _taken(group: list[SliceHeader]) -> SeriesAccount:
    return _account(group, TAKEN, "It is the best series that can be read.", taken=True)


def _left(group: list[SliceHeader], taken: list[SliceHeader], failure: ScanRefused | None) -> SeriesAccount:
    if failure is not None:
        return _account(group, *_told(failure))
    mine, best = series_rank(group), series_rank(taken)
    decides = next(
        name for name in SeriesRank._fields if name == "series_uid" or getattr(mine, name) != getattr(best, name)
    )
    return _account(group, *_WHY[decides])


def _told(failure: ScanRefused | None) -> tuple[str, str]:
    return ("NOT_TRIED", "Better series failed already.") if failure is None else (failure.code.value, failure.text)


def _account(group: list[SliceHeader], code: str, reason: str, *, taken: bool = False) -> SeriesAccount:
    first = group[0]
    return SeriesAccount(
        first.file.series_uid, len(group), taken, code, reason, _short(first.kernel), first.slice_thickness_mm
    )


def _short(kernel: str | None) -> str | None:
    """A kernel's name, unless it is too long to be one."""
    return kernel if kernel is not None and len(kernel) <= _LONGEST_KERNEL and kernel.isprintable() else None
