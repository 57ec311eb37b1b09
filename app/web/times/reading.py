"""Times as people write them at the bedside: read, or refused with a reason."""

import re
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from app.web.times.words import MONTHS_OF, say_day, say_moment
from app.web.words.catalogue import _

HOW_TO_WRITE = "Write it like 03:40, 0340, -2h, -3h30, yesterday 23:10, 21 Nov 23:10 or about 22:30"

_UNKNOWN = frozenset({"", "unknown", "not known", "?", "unbekannt", "nicht bekannt"})
_ABOUT = re.compile(
    r"\s*(?:~|\N{ALMOST EQUAL TO}|(?:about|approx|approximately|around|circa|ca|c|etwa|ungef\u00e4hr|gegen)\b\.?)\s*",
    re.IGNORECASE,
)
_DAYS_BACK = {"yesterday": 1, "today": 0, "gestern": 1, "heute": 0}
_MONTH_NUMBERS = {name.lower(): number for names in MONTHS_OF.values() for number, name in enumerate(names, 1)} | {
    "mrz": 3
}
_AGO = re.compile(r"(?P<sign>-|vor)?\s*(?:(?P<h>\d{1,3})\s*h)?\s*(?:(?P<m>\d{1,4})\s*(?:m|min|mins)?)?\s*(?P<ago>ago)?")
_ISO = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[ T](?P<clock>\d{2}:?\d{2})(?::\d{2})?\s*(?P<zone>z|[+-]\d{2}:?\d{2})?", re.IGNORECASE
)
_CLOCK = re.compile(r"(?P<h>\d{1,2})[:.]?(?P<m>\d{2})(?:\s*(?P<zone>[a-z]{2,5}|[+-]\d{2}(?::?\d{2})?))?", re.IGNORECASE)
_NAMED_DAY = re.compile(r"(?P<d>\d{1,2})[. -]{0,2}(?P<month>[a-zä]{3,9})\.?(?:[ -](?P<y>\d{4}))?", re.IGNORECASE)


class TimeProblem(ValueError):
    """The text is not a time that can be used; the message says why and what to write instead."""


class RepeatedTime(TimeProblem):
    """The clocks went back over this time, so that it happened twice; ``first`` and ``second`` are the two, in UTC."""

    def __init__(self, message: str, first: datetime, second: datetime) -> None:
        super().__init__(message)
        self.first = first
        self.second = second


def split_about(text: str) -> tuple[bool, str]:
    """Whether a time is said to be approximate, and the time itself.

    >>> split_about("about 0340"), split_about("~22:30"), split_about("ca. -2h"), split_about("03:40")
    ((True, '0340'), (True, '22:30'), (True, '-2h'), (False, '03:40'))
    """
    match = _ABOUT.match(text)
    return (True, text[match.end() :]) if match else (False, text)


def read_time(
    text: str,
    *,
    now: datetime,
    zone: zoneinfo.ZoneInfo,
    day: date | None = None,
    pick: str = "",
) -> datetime | None:
    """Read a time in the past as a person wrote it.

    Parameters
    ----------
    text
        ``03:40``, ``0340``, ``-2h``, ``-3h30``, ``90 min ago``, ``yesterday 23:10``, ``21 Nov 23:10``, an ISO time, or
        what ``say_moment`` wrote. A clock time with no day means the last time that the clock showed it.
    now
        The moment that ``-2h`` counts back from; it has a zone.
    zone
        The zone of the wall clock that was read.
    day
        The day chosen beside the text; ``None``: none was chosen.
    pick
        ``"first"`` or ``"second"`` for a time that happened twice; empty: nobody has said which.

    Returns
    -------
    datetime or None
        In UTC, whole minutes; ``None``: the person says that the time is not known.

    Raises
    ------
    RepeatedTime
        The clocks went back over this time, both passes lie in the past and ``pick`` is empty.
    TimeProblem
        Unreadable, in the future, on another day than ``day``, or skipped when the clocks went forward.
    """
    words = " ".join(text.lower().replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-").split())
    if words in _UNKNOWN:
        if day is not None:
            raise TimeProblem(_("A day is chosen but the time is missing. Give the time, or choose no day"))
        return None
    moment = _ago(words, now) or _iso(words, zone, now, pick) or _wall_clock(words, zone, now, day, pick)
    if moment > now:
        raise TimeProblem(_("{moment} is in the future", moment=say_moment(moment, zone)))
    if day is not None and moment.astimezone(zone).date() != day:
        chosen, read = say_day(day), say_moment(moment, zone)
        words = _(
            "The day chosen is {chosen}, but the time was read as {read}. Change one of the two",
            chosen=chosen,
            read=read,
        )
        raise TimeProblem(words)
    return moment


def _ago(words: str, now: datetime) -> datetime | None:
    """Read ``-3h30`` or ``90 min ago``; ``None`` where the words are of another kind."""
    if words == "now":
        return _whole_minute(now)
    match = _AGO.fullmatch(words)
    if not match or not (match["h"] or match["m"]):
        return None
    if not (match["sign"] or match["ago"]) or (not match["h"] and not re.search("m", words)):
        return None
    minutes = int(match["h"] or 0) * 60 + int(match["m"] or 0)
    return _whole_minute(now - timedelta(minutes=minutes))


def _iso(words: str, zone: zoneinfo.ZoneInfo, now: datetime, pick: str) -> datetime | None:
    """Read ``2026-11-22 01:10``, with or without an offset; ``None`` where the words are of another kind."""
    match = _ISO.fullmatch(words)
    if not match:
        return None
    try:
        day = date.fromisoformat(match["day"])
    except ValueError:
        raise TimeProblem(_("There is no day {day}", day=match["day"])) from None
    return _placed(day, _clock(match["clock"]), match["zone"] or "", zone, now, pick)


def _wall_clock(words: str, zone: zoneinfo.ZoneInfo, now: datetime, chosen: date | None, pick: str) -> datetime:
    """Read a clock time with or without a day in words."""
    if re.search(r"\d\s*[ap]\.?m\.?$", words):
        raise TimeProblem(_("Use the 24-hour clock, for example 15:40"))
    today = now.astimezone(zone).date()
    said_day, clock_words = _day_and_clock(words, today)
    match = _CLOCK.fullmatch(clock_words)
    if not match:
        raise TimeProblem(_(HOW_TO_WRITE))
    clock = _clock(match["h"] + match["m"])
    day = said_day or chosen
    if day is None:
        shown_today = datetime.combine(today, clock, tzinfo=zone).astimezone(UTC)
        day = today if shown_today <= now else today - timedelta(days=1)
    return _placed(day, clock, match["zone"] or "", zone, now, pick)


def _day_and_clock(words: str, today: date) -> tuple[date | None, str]:
    """Part ``yesterday 23:10``, ``23:10 yesterday`` or ``21 nov 2026 23:10 gmt`` into day and clock."""
    for name, back in _DAYS_BACK.items():
        day = today - timedelta(days=back)
        if words.startswith(name):
            return day, words.removeprefix(name).strip(" ,")
        if words.endswith(name):
            return day, words.removesuffix(name).strip(" ,")
    named = _NAMED_DAY.match(words)
    month = _MONTH_NUMBERS.get(named["month"][:3]) if named else None
    if named is None or month is None:
        return None, words
    day_of_month = int(named["d"])
    try:
        day = date(int(named["y"] or today.year), month, day_of_month)
        if day > today and not named["y"]:
            day = date(today.year - 1, month, day_of_month)
    except ValueError:
        raise TimeProblem(_("There is no day {day}", day=named[0])) from None
    return day, words[named.end() :].strip(" ,")


def _clock(digits: str) -> time:
    digits = digits.replace(":", "").rjust(4, "0")
    try:
        return time(int(digits[:2]), int(digits[2:]))
    except ValueError:
        said = f"{digits[:2]}:{digits[2:]}"
        raise TimeProblem(_("There is no time {time}; the day runs from 00:00 to 23:59", time=said)) from None


def _placed(day: date, clock: time, said_zone: str, zone: zoneinfo.ZoneInfo, now: datetime, pick: str) -> datetime:
    """Place a wall-clock time on the line of time, minding the hours that clocks skip or repeat."""
    if said_zone.lower() == "z" or said_zone[:1] in ("+", "-"):
        return datetime.combine(day, clock, tzinfo=_fixed_offset(said_zone)).astimezone(UTC)
    early, late = (datetime.combine(day, clock.replace(fold=fold), tzinfo=zone) for fold in (0, 1))
    first, second = early.astimezone(UTC), late.astimezone(UTC)
    where = _("{clock} on {day}", clock=f"{clock:%H:%M}", day=say_day(day))
    if first > second:
        words = _(
            "{time} did not exist in {zone}: the clocks went forward over it. Check the time", time=where, zone=zone.key
        )
        raise TimeProblem(words)
    if said_zone:
        named = [moment for moment in (early, late) if (moment.tzname() or "").lower() == said_zone.lower()]
        if not named:
            names = {"zone": zone.key, "right": early.tzname(), "wrong": said_zone.upper()}
            raise TimeProblem(_("{time} in {zone} is {right}, not {wrong}. Leave the zone out", time=where, **names))
        return named[0].astimezone(UTC)
    # Only a pass that has already happened can be meant.
    if first == second or second > now:
        return first
    if pick in ("first", "second"):
        return first if pick == "first" else second
    names = {"first": early.tzname(), "second": late.tzname()}
    message = _(
        "{time} happened twice, because the clocks went back: {first} and then {second}. Say which", time=where, **names
    )
    raise RepeatedTime(message, first, second)


def _fixed_offset(words: str) -> tzinfo | None:
    """Read ``z``, ``+01``, ``+0100`` or ``+01:00``."""
    digits = "+0000" if words.lower() == "z" else words.replace(":", "").ljust(5, "0")
    try:
        return datetime.strptime(digits, "%z").tzinfo
    except ValueError:
        raise TimeProblem(_("There is no time zone {zone}", zone=words)) from None


def _whole_minute(moment: datetime) -> datetime:
    """Cut to the minute, towards the past: a time is never made to look more recent than it was said to be."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def read_zone(name: str) -> zoneinfo.ZoneInfo:
    """Look up a time zone by its IANA name.

    Raises
    ------
    TimeProblem
        There is no such zone. Names are looked up in the known list, so that none reaches the file system.
    """
    if name not in _known_zones():
        raise TimeProblem(_("Give the time zone by its IANA name, for example Europe/London or America/New_York"))
    return zoneinfo.ZoneInfo(name)
