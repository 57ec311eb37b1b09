"""Times as people write them: what is read, what is refused, and the two hours of the year that are special."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from app.web.times.reading import RepeatedTime, TimeProblem, read_time, read_zone
from app.web.times.words import say_ago, say_moment

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 22, 5, 5, 30, tzinfo=UTC)


def read(text: str, *, now: datetime = NOW, zone: ZoneInfo = LONDON, day: date | None = None, pick: str = "") -> str:
    """The time read, in UTC to the minute; ``"unknown"`` for None."""
    moment = read_time(text, now=now, zone=zone, day=day, pick=pick)
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "unknown"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("03:40", "2026-11-22 03:40"),
        ("0340", "2026-11-22 03:40"),
        ("340", "2026-11-22 03:40"),
        ("3.40", "2026-11-22 03:40"),
        ("٠٣:٤٠", "2026-11-22 03:40"),
        ("23:10", "2026-11-21 23:10"),
        ("-2h", "2026-11-22 03:05"),
        ("\N{MINUS SIGN}2h", "2026-11-22 03:05"),
        ("-3h30", "2026-11-22 01:35"),
        ("- 3 h 30 min", "2026-11-22 01:35"),
        ("-45m", "2026-11-22 04:20"),
        ("90 min ago", "2026-11-22 03:35"),
        ("2h ago", "2026-11-22 03:05"),
        ("now", "2026-11-22 05:05"),
        ("yesterday 23:10", "2026-11-21 23:10"),
        ("2310 yesterday", "2026-11-21 23:10"),
        ("Today, 0100", "2026-11-22 01:00"),
        ("21 Nov 23:10", "2026-11-21 23:10"),
        ("21-Nov-2026 23:10", "2026-11-21 23:10"),
        ("21 November 2026 23:10 GMT", "2026-11-21 23:10"),
        ("24 Dec 23:10", "2025-12-24 23:10"),
        ("2026-11-21T23:10", "2026-11-21 23:10"),
        ("2026-11-21 23:10:30", "2026-11-21 23:10"),
        ("2026-11-21T23:10+02:00", "2026-11-21 21:10"),
        ("2026-11-21T23:10Z", "2026-11-21 23:10"),
    ],
)
def test_reads_what_people_write(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize("text", ["", "  ", "unknown", "Not known", "?"])
def test_unknown_stays_unknown(text: str) -> None:
    assert read_time(text, now=NOW, zone=LONDON) is None


@pytest.mark.parametrize(
    "text",
    [
        "25:00", "12:60", "3:40 pm", "3pm", "noon", "21/11 23:10", "31 Nov 10:00",
        "29 Feb 2026 10:00", "2026-13-01 10:00",
        "-", "h", "2h", "90", "-5", "ago", "99999h ago", "tomorrow 10:00", "today 23:10", "21 Nov",
        "yesterday", "1", "12345",
        "2026-11-21T23:10+25:00", "2026-11-21 23:10+01:75", "21 Nov 2026 23:10 BST", "<script>", "0" * 5000,
        "-9999999999h", "1 Jan 0000 10:00", "now" * 300, "2027-01-01 10:00",
    ],
)  # fmt: skip
def test_refuses_the_rest_with_a_reason(text: str) -> None:
    with pytest.raises(TimeProblem) as refusal:
        read(text)
    assert str(refusal.value)


def test_chosen_day_places_a_clock_time() -> None:
    assert read("23:10", day=date(2026, 11, 20)) == "2026-11-20 23:10"


def test_chosen_day_that_contradicts_the_text_is_refused() -> None:
    with pytest.raises(TimeProblem, match="Sat 21 Nov 2026"):
        read("-2h", day=date(2026, 11, 21))


def test_day_without_a_time_is_refused() -> None:
    with pytest.raises(TimeProblem, match="time is missing"):
        read("", day=date(2026, 11, 21))


def test_future_is_refused_in_words() -> None:
    with pytest.raises(TimeProblem, match=r"22 Nov 2026 05:06 GMT is in the future"):
        read("today 05:06")


class TestClocksGoBack:
    """In London on 25 October 2026, 01:30 comes twice: at 00:30 and at 01:30 UTC."""

    NOW = datetime(2026, 10, 25, 7, 0, tzinfo=UTC)

    def test_asks_which(self) -> None:
        with pytest.raises(RepeatedTime, match="BST and then GMT") as asked:
            read("01:30", now=self.NOW)
        assert (asked.value.second - asked.value.first).total_seconds() == 3600

    @pytest.mark.parametrize(("pick", "expected"), [("first", "2026-10-25 00:30"), ("second", "2026-10-25 01:30")])
    def test_takes_the_answer(self, pick: str, expected: str) -> None:
        assert read("01:30", now=self.NOW, pick=pick) == expected

    @pytest.mark.parametrize(
        ("said", "expected"), [("01:30 BST", "2026-10-25 00:30"), ("01:30 GMT", "2026-10-25 01:30")]
    )
    def test_takes_the_zone_in_the_text(self, said: str, expected: str) -> None:
        assert read(said, now=self.NOW) == expected

    def test_does_not_ask_while_only_one_pass_has_happened(self) -> None:
        between = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
        assert read("01:30", now=between) == "2026-10-25 00:30"

    def test_hours_ago_are_counted_in_real_hours(self) -> None:
        assert read("-6h30", now=self.NOW) == "2026-10-25 00:30"

    def test_both_passes_are_said_apart(self) -> None:
        first = read_time("01:30", now=self.NOW, zone=LONDON, pick="first")
        assert first is not None
        assert say_moment(first, LONDON) == "25 Oct 2026 01:30 BST"
        assert say_ago(first, self.NOW) == "6 h 30 min ago"


def test_skipped_time_is_refused() -> None:
    now = datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
    with pytest.raises(TimeProblem, match="did not exist in Europe/London"):
        read("01:30", now=now)


@pytest.mark.parametrize("name", ["Europe/London", "America/Sao_Paulo", "Asia/Kolkata", "America/New_York", "UTC"])
@pytest.mark.parametrize("pick", ["first", "second"])
def test_what_is_said_can_be_read_again(name: str, pick: str) -> None:
    zone = read_zone(name)
    moment = read_time("25 Oct 2026 01:30", now=NOW, zone=zone, pick=pick)
    assert moment is not None
    assert read_time(say_moment(moment, zone), now=NOW, zone=zone) == moment


@pytest.mark.parametrize("name", ["", "Europe", "../../etc/passwd", "/etc/passwd", "europe/london ", "BST", "\0"])
def test_unknown_zones_are_refused(name: str) -> None:
    with pytest.raises(TimeProblem):
        read_zone(name)
