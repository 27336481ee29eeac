"""The world's time, which a rehearsal may move."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The machine's clock, shifted by as much as it was moved."""

    def __init__(self) -> None:
        self.shift = timedelta(0)

    def now(self) -> datetime:
        """Tell the world's time in whole seconds, as Telegram does."""
        return self.exact().replace(microsecond=0)

    def exact(self) -> datetime:
        """Tell the world's time to the microsecond, for what has a rhythm."""
        return datetime.now(UTC) + self.shift

    def advance(self, by: timedelta) -> None:
        """Move the world's time by that much, also backwards."""
        self.shift += by

    def set(self, moment: datetime) -> None:
        """Make it `moment` now; the clock goes on from there."""
        self.shift = moment - datetime.now(UTC)
