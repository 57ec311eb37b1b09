"""Times in words that no reader can take for another time: month by name, 24-hour clock, zone spelled out."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.web.words.catalogue import _, current

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LATEST_OF_ITS_NAME = timedelta(days=180)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_OF = {"en": MONTHS, "de": ("Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez")}
"""Short names of the months, by language; times are read in all of them."""
_AFTER_THE_DAY = {"de": "."}
_WEEKDAYS_OF = {"en": WEEKDAYS, "de": ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So")}


def say_day(day: date) -> str:
    """A day that no reader can take for another one.

    >>> say_day(date(2026, 11, 22))
    'Sun 22 Nov 2026'
    """
    return f"{_WEEKDAYS_OF.get(current(), WEEKDAYS)[day.weekday()]} {say_date(day)}"


def say_date(day: date) -> str:
    """A date with the month by name.

    >>> say_date(date(2026, 1, 2))
    '2 Jan 2026'
    """
    return f"{day.day}{_AFTER_THE_DAY.get(current(), '')} {MONTHS_OF.get(current(), MONTHS)[day.month - 1]} {day.year}"


def say_moment(moment: datetime, zone: ZoneInfo) -> str:
    """A moment on the site's clock, with the zone spelled out; :func:`~app.web.times.reading.read_time` reads it back.

    >>> from datetime import UTC
    >>> say_moment(datetime(2026, 11, 22, 1, 10, tzinfo=UTC), ZoneInfo("Europe/London"))
    '22 Nov 2026 01:10 GMT'
    """
    local = moment.astimezone(zone)
    return f"{say_date(local.date())} {local:%H:%M} {_zone_name(local)}"


def say_again(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A moment as a field shows it again: without its year while the day can only be the latest of that name.

    >>> from datetime import UTC
    >>> day = datetime(2027, 1, 2, 5, 5, tzinfo=UTC)
    >>> say_again(datetime(2026, 12, 31, 23, 10, tzinfo=UTC), day, ZoneInfo("Europe/London"))
    '31 Dec 23:10 GMT'
    >>> say_again(datetime(2025, 12, 31, 23, 10, tzinfo=UTC), day, ZoneInfo("Europe/London"))
    '31 Dec 2025 23:10 GMT'
    """
    said = say_moment(moment, zone)
    if timedelta(0) <= now - moment < _LATEST_OF_ITS_NAME:
        return said.replace(f" {moment.astimezone(zone).year} ", " ", 1)
    return said


def say_clock(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A moment near ``now``: the day is left out where it is today, else the year.

    >>> from datetime import UTC
    >>> day = datetime(2026, 11, 22, 5, 5, tzinfo=UTC)
    >>> say_clock(day.replace(hour=7), day, ZoneInfo("Europe/London"))
    '07:05 GMT'
    >>> say_clock(day.replace(day=21), day, ZoneInfo("Europe/London"))
    '05:05 GMT on 21 Nov'
    """
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    clock = f"{local:%H:%M} {_zone_name(local)}"
    if local.date() == today:
        return clock
    day = say_date(local.date())
    return _("{clock} on {day}", clock=clock, day=day.removesuffix(f" {today.year}"))


def _zone_name(local: datetime) -> str:
    """The zone's letters, or its offset where it has none (some zones only have a number)."""
    name = local.tzname() or ""
    return name if name.isalpha() else local.strftime("%z")


def say_ago(moment: datetime, now: datetime) -> str:
    """How long before ``now``, in whole minutes.

    >>> from datetime import UTC
    >>> say_ago(datetime(2026, 11, 22, 1, 10, tzinfo=UTC), datetime(2026, 11, 22, 5, 5, 59, tzinfo=UTC))
    '3 h 55 min ago'
    """
    return _("{time} ago", time=say_minutes(int((now - moment).total_seconds() // 60)))


def say_minutes(minutes: int) -> str:
    """A duration in hours and minutes.

    >>> [say_minutes(m) for m in (0, 59, 60, 235, 1570)]
    ['0 min', '59 min', '1 h', '3 h 55 min', '26 h 10 min']
    """
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * (hours > 0) + [f"{rest} min"] * (rest > 0 or hours == 0))


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970, as browsers count time.

    >>> epoch_ms(datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
    60000
    """
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
