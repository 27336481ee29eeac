"""Working time: when a desk is open, and how much of it lies between two moments.

Hours are local; everything else is in UTC, so that a day on which clocks change is as long as it
really is. A local time that does not exist is read as the moment after the gap that `zoneinfo`
gives; one that exists twice opens at its first and closes at its second.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = 24 * 60
HORIZON = timedelta(days=800)
"""How far ahead an opening is looked for."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Minutes of a local day, from `opens` (included) to `closes` (excluded, up to 24:00)."""

    opens: int
    closes: int

    def __post_init__(self) -> None:
        """Refuse a span that holds no time."""
        if not 0 <= self.opens < self.closes <= DAY:
            raise ValueError("hours open before they close, between 00:00 and 24:00")

    def __str__(self) -> str:
        """Write it as people do: 09:00–18:00."""
        return f"{clock(self.opens)}–{clock(self.closes)}"


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """The hours of a week (0 is Monday) in a time zone, without the holidays."""

    zone: ZoneInfo
    week: Mapping[int, tuple[Span, ...]]
    holidays: frozenset[date] = field(default_factory=frozenset)

    def is_open(self, moment: datetime) -> bool:
        """Tell whether the desk is open at that moment."""
        return next((opens <= moment for opens, _ in self.spans(moment)), False)

    def next_opening(self, moment: datetime) -> datetime | None:
        """Return `moment` when open, else when it opens next; None: not within two years."""
        return next((max(opens, moment) for opens, _ in self.spans(moment)), None)

    def next_closing(self, moment: datetime) -> datetime | None:
        """Return when the span that is open, or opens next, ends; None: never opens."""
        return next((closes for _, closes in self.spans(moment)), None)

    def after(self, start: datetime, amount: timedelta) -> datetime | None:
        """Return when that much working time has passed since `start`; None: not in two years."""
        left = max(amount, timedelta())
        for opens, closes in self.spans(start):
            begin = max(opens, start)
            if closes - begin >= left:
                return begin + left
            left -= closes - begin
        return None

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return how much working time lies between two moments; none when they are reversed."""
        total = timedelta()
        for opens, closes in self.spans(start, end):
            if opens >= end:
                break
            total += min(closes, end) - max(opens, start)
        return total

    def spans(
        self, start: datetime, end: datetime | None = None
    ) -> Iterator[tuple[datetime, datetime]]:
        """Yield what is open and not over at `start`, in UTC, in order and without overlaps."""
        day = start.astimezone(self.zone).date() - timedelta(days=1)
        last = (end or start + HORIZON).astimezone(self.zone).date() + timedelta(days=1)
        reached = start.astimezone(UTC)
        while day <= last:
            for opens, closes in self.day_spans(day):
                if closes > reached:
                    yield max(opens, reached) if opens < reached else opens, closes
                    reached = closes
            day += timedelta(days=1)

    def day_spans(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """Yield a day's hours as moments."""
        if day in self.holidays:
            return
        for span in sorted(self.week.get(day.weekday(), ())):
            yield self.moment(day, span.opens, fold=0), self.moment(day, span.closes, fold=1)

    def moment(self, day: date, minute: int, *, fold: int) -> datetime:
        """Return the moment of a local minute."""
        on = day + timedelta(days=minute // DAY)
        at = time(minute % DAY // 60, minute % 60, fold=fold)
        return datetime.combine(on, at, self.zone).astimezone(UTC)


ROUND_THE_CLOCK = WorkCalendar(ZoneInfo("UTC"), dict.fromkeys(range(7), (Span(0, DAY),)))
"""What holds for a desk without hours."""


def clock(minute: int) -> str:
    """Write a minute of the day as people do."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
