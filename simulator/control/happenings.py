"""What happened in the world, one thing after another, for those who wait for it."""

from collections import deque
from collections.abc import Iterator
from itertools import count, takewhile

from simulator.control.showing import mark, number_of
from simulator.control.talk_models import HappeningKind, HappeningShown
from simulator.world.events import (
    AccountChanged,
    ButtonPressed,
    CallbackAnswered,
    ChannelAltered,
    ChannelChanged,
    Event,
    JoinRequested,
    PersonBlocked,
    Reacted,
    Typing,
)
from simulator.world.mailbox import Arrived, Change, Deleted, Edited, Pinned, ReadByThem
from simulator.world.world import World

KEPT = 10_000
Telling = tuple[HappeningKind, dict[str, object]]


class Happenings:
    """The latest things that happened, under growing numbers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.latest: deque[HappeningShown] = deque(maxlen=KEPT)
        self.numbers = count(1)
        self.stop = world.bulletin.subscribe(self.note)

    def note(self, event: Event) -> None:
        """Write an event down, if it is one that can be seen from outside."""
        told = tell(event)
        if told is not None:
            kind, details = told
            self.latest.append(
                HappeningShown.model_validate(
                    {"number": next(self.numbers), "kind": kind, "at": self.world.clock.now()}
                    | details
                )
            )

    def since(self, after: int) -> Iterator[HappeningShown]:
        """Give what has a greater number, the oldest first."""
        newest_first = takewhile(lambda each: each.number > after, reversed(self.latest))
        return reversed(list(newest_first))


def tell(event: Event) -> Telling | None:
    """Tell of an event, None of one that concerns the wires alone."""
    match event:
        case AccountChanged(user, entry):
            return tell_change(entry.change, {"owner": user})
        case ChannelChanged(channel, entry):
            return tell_change(entry.change, {"chat": mark(channel)})
        case Reacted(message, owner):
            chat = number_of(message.chat)
            return "reaction", {"chat": chat, "owner": owner, "messages": [message.id]}
        case ButtonPressed(query):
            return "press", {"person": query.user, "press": query.id}
        case CallbackAnswered(query):
            return "answer", {"person": query.user, "press": query.id}
    return tell_standing(event)


def tell_standing(event: Event) -> Telling | None:
    """Tell how somebody stands towards a chat or another person, or does there."""
    match event:
        case ChannelAltered(channel, users):
            (person,) = users if len(users) == 1 else (None,)
            return "standing", {"chat": mark(channel), "person": person}
        case JoinRequested(channel, user):
            return "request", {"chat": mark(channel), "person": user}
        case PersonBlocked(user, other, blocked):
            kind: HappeningKind = "block" if blocked else "unblock"
            return kind, {"person": user, "chat": other}
        case Typing(user, chat):
            return "typing", {"person": user, "chat": number_of(chat)}
    return None


def tell_change(change: Change, where: dict[str, object]) -> Telling | None:
    """Tell of a change in a log."""
    match change:
        case Arrived(message) | Edited(message):
            kind: HappeningKind = "message" if isinstance(change, Arrived) else "edit"
            chat = number_of(message.chat)
            details = {"chat": chat, "person": message.author, "messages": [message.id]}
            return kind, where | details
        case Deleted(ids):
            return "deletion", where | {"messages": list(ids)}
        case Pinned(peer, ids):
            return "pin", where | {"chat": number_of(peer), "messages": list(ids)}
        case ReadByThem(peer, until):
            return "read", where | {"chat": number_of(peer), "messages": [until]}
    return None
