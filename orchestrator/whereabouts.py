"""Who is at work, and on what: bound to the running task, so that logs need not be told.

A context variable is copied into every task that is started from here on: what a lane binds is
known to all its tasks, also to those that Telethon starts for it. The correlation id needs no
storage: it is written from the post itself, so the same one stands in the log of whoever records
the post, drafts under it, queues and sends, on whichever node.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from typing import Any

from orchestrator.ids import AccountId, ChannelId, CommentId, JobId, MessageId, OutboxId, PostRef
from support.ids import TicketId


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the running task works on, as far as it is known."""

    node: str | None = None
    account: AccountId | None = None
    job: JobId | None = None
    correlation: str | None = None
    post: PostRef | None = None
    comment: CommentId | None = None
    outbox: OutboxId | None = None
    ticket: TicketId | None = None

    def told(self) -> dict[str, Any]:
        """Return what is known, for a log line; the post stands in the correlation id already."""
        return {
            field.name: known
            for field in fields(self)
            if field.name != "post" and (known := getattr(self, field.name)) is not None
        }


NOWHERE = Whereabouts()
CURRENT: ContextVar[Whereabouts] = ContextVar("whereabouts", default=NOWHERE)


def here() -> Whereabouts:
    """Return what the running task works on."""
    return CURRENT.get()


def settle(**known: Any) -> None:  # noqa: ANN401 - the fields of Whereabouts
    """Bind for the rest of the running task, and for every task that it starts."""
    CURRENT.set(merged(known))


@contextmanager
def at_work(**known: Any) -> Iterator[Whereabouts]:  # noqa: ANN401 - the fields of Whereabouts
    """Bind for as long as the block lasts."""
    token = CURRENT.set(merged(known))
    try:
        yield CURRENT.get()
    finally:
        CURRENT.reset(token)


def merged(known: dict[str, Any]) -> Whereabouts:
    """Put what is known now over what was bound before; a post brings its correlation id."""
    post = known.get("post")
    if post is not None:
        known.setdefault("correlation", correlation_of(post))
    return replace(here(), **known)


def correlation_of(post: PostRef) -> str:
    """Write the id under which one `grep` finds everything that came of a post."""
    return f"post-{post.channel}-{post.message}"


def post_of(correlation: str) -> PostRef | None:
    """Read a post back from its correlation id; None when it is another's."""
    kind, _, numbers = correlation.partition("-")
    channel, _, message = numbers.partition("-")
    if kind != "post" or not (channel.isdecimal() and message.isdecimal()):
        return None
    return PostRef(ChannelId(int(channel)), MessageId(int(message)))
