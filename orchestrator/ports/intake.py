"""Where facts are recorded: once, with the job that follows from them, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from orchestrator.facts import DirectMessageSeen, PostEdited, PostsDeleted, PostSeen, Recordable
from orchestrator.ids import AccountId, ChannelId, MessageId, TelegramId


class Recorded(StrEnum):
    """What came of one fact."""

    NEW = "new"
    KNOWN = "known"
    """It was recorded before, or concerns nothing that we watch."""
    REFUSED = "refused"
    """The database does not take what it says; the rest of its batch is recorded all the same."""


@dataclass(frozen=True, slots=True)
class KnownPost:
    """A post as it is stored, to be compared with what the server has now."""

    message: MessageId
    text: str
    edited_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """What a person wrote as it is stored, to be compared with what the server has now."""

    person: TelegramId
    message: MessageId
    text: str
    edited_at: datetime | None


@dataclass(frozen=True, slots=True)
class DialogueReading:
    """How far an account's dialogues were compared with the server."""

    upto: MessageId | None
    """Private messages are numbered for the whole account; None: never compared."""
    since: datetime
    """What was written before this is not ours: the account was not with us yet."""
    progress: dict[TelegramId, MessageId]
    """Up to where the dialogues of an unfinished comparison were read."""
    due: bool
    recovered_late: int
    """How many messages to this account no update told of and a comparison found."""


class IntakeStore(Protocol):
    """Records what Telegram reported."""

    async def record(self, facts: Sequence[Recordable]) -> Sequence[Recorded]:
        """Record facts in one transaction, and say what came of each.

        A new post of a watched channel queues ConsiderPost. Deleted posts cancel what waits to be
        said under them. A message comes with its contact and conversation, and a stop word opts the
        sender out. What is `late` counts as recovered. Within one call, posts come before their
        edits and deletions, and messages before theirs, whatever the order of `facts`. Raises
        ServersUnavailable; then nothing is recorded.
        """

    async def record_post_and_queue(self, post: PostSeen) -> bool:
        """Record one post; False when it is known or unwatched."""

    async def record_post_edit(self, edit: PostEdited) -> None:
        """Store a post's new text."""

    async def record_posts_deleted(self, deletion: PostsDeleted) -> None:
        """Mark posts as gone and cancel what waits to be said under them."""

    async def record_direct_message(self, message: DirectMessageSeen) -> bool:
        """Record one incoming message; False when it is known."""

    async def known_posts(self, channel: ChannelId, limit: int) -> Sequence[KnownPost]:
        """Return the newest posts of a channel that are not deleted, newest first."""

    async def dialogue_reading(self, account: AccountId, every: timedelta) -> DialogueReading:
        """Return how far the account's dialogues were compared, and whether they are due again."""

    async def known_messages(
        self, account: AccountId, limit: int, lasts: timedelta
    ) -> Sequence[KnownMessage]:
        """Return the newest messages of people that are not deleted, in conversations that live.

        Those are not closed, and their people were seen within `lasts`.
        """

    async def note_dialogues(
        self, account: AccountId, progress: dict[TelegramId, MessageId]
    ) -> None:
        """Store how far a comparison has come that is not finished."""

    async def note_dialogues_compared(self, account: AccountId, upto: MessageId | None) -> None:
        """Store that every dialogue was compared up to that message."""
