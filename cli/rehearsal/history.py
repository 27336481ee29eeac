"""A channel's own past: its posts with their times."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cli.demo.replay import MessageEntry, read_export
from orchestrator.errors import BadInput


@dataclass(frozen=True, slots=True)
class PastPost:
    """One post; a picture has no words."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Days:
    """The days that are played, both included; None: without a bound."""

    since: date | None
    until: date | None
    zone: ZoneInfo

    def hold(self, moment: datetime) -> bool:
        """Tell whether a moment lies in them."""
        day = moment.astimezone(self.zone).date()
        return (self.since is None or day >= self.since) and (
            self.until is None or day <= self.until
        )


@dataclass(frozen=True, slots=True)
class History:
    """A channel's title and its posts, oldest first."""

    title: str
    posts: tuple[PastPost, ...]

    def within(self, days: Days) -> "History":
        """Return the posts of those days; raises BadInput where there are none."""
        wanted = tuple(post for post in self.posts if days.hold(post.at))
        if wanted:
            return History(self.title, wanted)
        ends = (self.posts[0].at, self.posts[-1].at)
        first, last = (moment.astimezone(days.zone).date() for moment in ends)
        raise BadInput(f"there are no posts in those days: they run from {first} to {last}")


def read_history(file: Path) -> History:
    """Read the posts of a Telegram Desktop export; raises BadInput with what is wrong with it."""
    export = read_export(file)
    entries = [entry for entry in export.messages if isinstance(entry, MessageEntry)]
    if not entries:
        raise BadInput(f"{file} holds no posts: export the channel's messages as JSON")
    posts = sorted(dated(file, entries), key=lambda post: post.at)
    return History(export.name or "A channel", tuple(posts))


def dated(file: Path, entries: list[MessageEntry]) -> Iterator[PastPost]:
    """Yield the posts; raises BadInput for one without a date, or one of the future."""
    for number, entry in enumerate(entries, 1):
        if entry.moment is None:
            raise BadInput(f"{file}: post {number} has no date, so nobody knows when to play it")
        if entry.moment > datetime.now(UTC):
            raise BadInput(f"{file}: post {number} is of {entry.moment:%Y-%m-%d}, which is to come")
        yield PastPost(entry.moment, entry.plain())
