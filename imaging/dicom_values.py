"""Takes single values out of a DICOM data set as plain Python; an absent or empty element is ``None``, never zero."""

import math
from datetime import datetime

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

_BITS_OF_VALUE = 16


def text(dataset: Dataset, keyword: str) -> str | None:
    """Return an element as text, several values joined by a slash."""
    return "/".join(texts(dataset, keyword)) or None


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Return an element's values as text without padding; empty if it is absent."""
    value = dataset.get(keyword)
    if value is None:
        return ()
    values = list(value) if isinstance(value, (MultiValue, list)) else [value]
    return tuple(str(part).strip(" \0") for part in values)


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return an element as one finite number."""
    found = numbers(dataset, keyword, 1)
    return found[0] if found else None


def numbers(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """Return an element as ``count`` finite numbers; ``None`` if it has another number of them."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return None
    values = list(value) if isinstance(value, (MultiValue, list)) else [value]
    parsed = tuple(float(part) for part in values)
    return parsed if len(parsed) == count and all(math.isfinite(part) for part in parsed) else None


def whole(dataset: Dataset, keyword: str) -> int | None:
    """Return an element as a whole number."""
    found = number(dataset, keyword)
    return None if found is None else int(found)


def first_item(dataset: Dataset, keyword: str) -> Dataset:
    """Return the first item of a sequence, or an empty data set."""
    items = dataset.get(keyword)
    return items[0] if items else Dataset()


def padding_range(dataset: Dataset) -> tuple[int, int] | None:
    """Return the stored values that stand for "not scanned" (Pixel Padding Value and its range limit, C.7.5.1.1.2).

    Writers mix up the signed and unsigned form of the element; the pixels' own form decides.
    """
    is_signed = bool(dataset.get("PixelRepresentation"))
    first = _stored(dataset, "PixelPaddingValue", is_signed=is_signed)
    if first is None:
        return None
    limit = _stored(dataset, "PixelPaddingRangeLimit", is_signed=is_signed)
    second = first if limit is None else limit
    return min(first, second), max(first, second)


def _stored(dataset: Dataset, keyword: str, *, is_signed: bool) -> int | None:
    value = dataset.get(keyword)
    if value is None or value == "":
        return None
    found = int(value)
    found %= 1 << _BITS_OF_VALUE
    return found - (1 << _BITS_OF_VALUE) if is_signed and found >= 1 << (_BITS_OF_VALUE - 1) else found


def acquired_at(dataset: Dataset) -> str | None:
    """Return when the slice was measured, ISO 8601 as precise as the file, with its zone only if the file names one."""
    stamp = text(dataset, "AcquisitionDateTime")
    if stamp is None:
        for kind in ("Acquisition", "Content", "Series", "Study"):
            date, time = text(dataset, f"{kind}Date"), text(dataset, f"{kind}Time")
            if date:
                stamp = date + (time or "")
                break
    if stamp is None:
        return None
    moment, sign, zone = _split_zone(stamp)
    zone = zone or (text(dataset, "TimezoneOffsetFromUTC") or "").removeprefix("+")
    return _iso(moment, f"{sign or '+'}{zone}" if zone and not zone.startswith("-") else zone)


def _split_zone(stamp: str) -> tuple[str, str, str]:
    for sign in "+-":
        moment, found, zone = stamp.partition(sign)
        if found:
            return moment, sign, zone
    return stamp, "", ""


def _iso(moment: str, zone: str) -> str | None:
    """Return ISO 8601 of a DICOM moment (YYYYMMDD[HHMM[SS[.F]]]) and zone (+HHMM); ``None`` if it is no such moment."""
    whole_part = moment.partition(".")[0].replace(":", "")
    for pattern, precision in (("%Y%m%d%H%M%S", "seconds"), ("%Y%m%d%H%M", "minutes"), ("%Y%m%d", "")):
        try:
            parsed = datetime.strptime(whole_part + zone, pattern + ("%z" if zone else ""))  # noqa: DTZ007 - may have none
        except ValueError:
            continue
        return parsed.isoformat(timespec=precision) if precision else parsed.date().isoformat()
    return None
