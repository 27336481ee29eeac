"""The hours in which an account may speak, in the campaign's time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestrator.errors import BadInput

DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """Local minutes of the day from `start` (included) to `end` (excluded).

    It may pass midnight.
    """

    start: int
    end: int

    @classmethod
    def between(cls, start: str, end: str) -> "Window":
        """Read "09:00" and "23:00" (the end may be "24:00"); raises BadInput."""
        window = cls(minutes_of(start), minutes_of(end))
        if window.start in {window.end, DAY_MINUTES}:
            raise BadInput(f"a window from {start} to {end} holds no time: give a later end")
        return window

    def holds(self, moment: datetime, zone: ZoneInfo) -> bool:
        """Tell whether that moment lies inside the window there."""
        minute = minute_of_day(moment.astimezone(zone))
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end

    def next_opening(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """Return `moment` when the window is open then, else the next time it opens, in UTC."""
        if self.holds(moment, zone):
            return moment
        local = moment.astimezone(zone)
        opening = local.replace(
            hour=self.start // 60, minute=self.start % 60, second=0, microsecond=0, fold=0
        )
        # Where clocks are set back, an hour comes twice, and a window may open in each.
        later = (opening, opening.replace(fold=1), opening + timedelta(days=1))
        instants = (one.astimezone(UTC) for one in later)
        return next(one for one in instants if one > moment.astimezone(UTC))

    def __str__(self) -> str:
        """Write the window as people do: 09:00–23:00."""
        return f"{clock_text(self.start)}–{clock_text(self.end)}"


def minutes_of(text: str) -> int:
    """Read "HH:MM" up to "24:00" as minutes of the day; raises BadInput."""
    hours, colon, minutes = text.strip().partition(":")
    if colon and len(minutes) == 2 and (hours + minutes).isascii() and (hours + minutes).isdigit():
        total = int(hours) * 60 + int(minutes)
        if int(minutes) < 60 and total <= DAY_MINUTES:
            return total
    raise BadInput(f'"{text}" is not a time of day: write it like 09:00')


def clock_text(minutes: int) -> str:
    """Write minutes of the day as "HH:MM"."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def minute_of_day(local: datetime) -> int:
    """Return how many minutes of its day have passed."""
    return local.hour * 60 + local.minute


def zone_named(name: str) -> ZoneInfo:
    """Return the IANA time zone of that name; raises BadInput."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(f'"{name}" is not a time zone: write it like Europe/Moscow') from None


def local_date(moment: datetime, zone: ZoneInfo) -> date:
    """Return the day that `moment` belongs to there."""
    return moment.astimezone(zone).date()
