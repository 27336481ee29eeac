"""The numbers of conversations that an operator may set."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from orchestrator.campaigns.window import Window, zone_named
from orchestrator.errors import BadInput


@dataclass(frozen=True, slots=True)
class BurstTerms:
    """When somebody has finished writing, so that everything is answered at once."""

    quiet: timedelta = timedelta(seconds=3)
    """How long a person must have written nothing."""
    longest: timedelta = timedelta(seconds=20)
    """After this long the answer comes however much is being written."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work."""
        if not timedelta(0) <= self.quiet <= self.longest <= timedelta(minutes=10):
            raise ValueError("bursts.quiet must not exceed bursts.longest, and that not PT10M")


@dataclass(frozen=True, slots=True)
class TalkTerms:
    """How conversations are paced, and what goes without a person."""

    speaks_from: str = "00:00"
    """From when on answers are sent, as a time of day."""
    speaks_until: str = "24:00"
    """Outside of these hours answers wait for the morning."""
    zone: str = "UTC"
    """On whose clock, where the account has no campaign with a time zone of its own."""
    free_talk: bool = False
    """Whether a model may speak where no script fits; otherwise a person answers."""
    letters_per_second: float = 15.0
    """How quickly the account seems to type."""
    longest_typing: timedelta = timedelta(seconds=6)
    """How long the account seems to type at most."""
    rush: int = 10
    """From so many waiting messages of an account on, nobody is kept waiting by typing."""
    answer_lasts: timedelta = timedelta(hours=24)
    """How long an answer may wait to be sent before it is too old."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work."""
        try:
            self.hours(None)
        except BadInput as wrong:
            raise ValueError(str(wrong)) from None
        if not timedelta(0) <= self.longest_typing <= timedelta(seconds=30):
            raise ValueError("conversations.longest_typing must lie between PT0S and PT30S")
        if self.letters_per_second <= 0 or self.rush < 1:
            raise ValueError("conversations need a typing speed above 0 and a rush of 1 or more")
        if not timedelta(minutes=1) <= self.answer_lasts <= timedelta(days=7):
            raise ValueError("conversations.answer_lasts must lie between PT1M and P7D")

    def hours(self, zone: str | None) -> tuple[Window, ZoneInfo]:
        """Return when answers may leave, and on which clock."""
        return Window.between(self.speaks_from, self.speaks_until), zone_named(zone or self.zone)

    def next_hour(self, now: datetime, zone: str | None) -> datetime:
        """Return `now` when answers may leave, else the next moment when they may."""
        window, local = self.hours(zone)
        return window.next_opening(now, local)

    def typing(self, text: str, waiting: int) -> timedelta:
        """Return how long it takes to type a text; nothing at rush."""
        if waiting >= self.rush:
            return timedelta(0)
        return min(self.longest_typing, timedelta(seconds=len(text) / self.letters_per_second))
