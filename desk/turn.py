"""One update being handled: what the bot says about it leaves together once it is handled.

Nothing is sent from a handler. What it queues here is stored in one transaction with the end of
the update, so that a handler which was killed half way simply runs again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiogram.types import (
    ForceReply,
    InlineKeyboardMarkup,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from pydantic import JsonValue

from orchestrator.ports.desk import After, BotId, Doubt, Json, MessageAt, Parcel
from orchestrator.whereabouts import settle
from support.ids import ActKey, ChatId, TgMessageId, TicketId
from support.tickets import Place

Keyboard = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply

ALBUM_REST = timedelta(seconds=0.7)
"""How long an album waits for its next part: Telegram tells of each part by itself."""
MEDIA = "media"
"""What a part of an album is, beside what copies it."""
LONGEST = 4096
"""Characters of a message (https://core.telegram.org/bots/api#sendmessage)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What whoever pressed a button is shown; sent at once, and lost at worst."""

    text: str = ""
    alert: bool = False
    url: str | None = None


@dataclass(slots=True)
class Turn:
    """The update in hand: its acts are named by it, and its parcels leave with its end."""

    bot: BotId
    name: str
    """What the acts and parcels of it are named by: of an update, `update_name`."""
    parcels: list[Parcel] = field(default_factory=list)
    answer: Answer = field(default_factory=Answer)
    about: TicketId | None = None
    received_at: datetime | None = None
    """When the update came: what changed since then, this turn may have changed before."""

    @property
    def ticket(self) -> TicketId | None:
        """The ticket that parcels belong to when nothing else is said."""
        return self.about

    @ticket.setter
    def ticket(self, ticket: TicketId | None) -> None:
        """Bind the ticket, to the logs of the rest of this update too."""
        self.about = ticket
        settle(ticket=ticket)

    def act(self, step: str) -> ActKey:
        """Name a step of this update: decided once, however often the update is handled."""
        return ActKey(f"{self.name}:{step}")

    def reply(self, text: str = "", *, alert: bool = False, url: str | None = None) -> None:
        """Show something to whoever pressed the button."""
        self.answer = Answer(text[:200], alert, url)

    def say(
        self,
        to: Place | ChatId,
        text: str,
        *,
        keyboard: Keyboard | None = None,
        reply_to: TgMessageId | None = None,
        doubt: Doubt | None = None,
        after: After | None = None,
        key: str | None = None,
    ) -> None:
        """Send HTML of ours; what people wrote must be escaped in it (`desk.html.escaped`)."""
        params: dict[str, JsonValue] = {"text": text[:LONGEST], "parse_mode": "HTML"}
        params |= shown(keyboard) | answering(reply_to)
        self.queue("sendMessage", to, params, doubt=doubt, after=after, key=key)

    def copy(
        self,
        source: MessageAt,
        to: Place | ChatId,
        *,
        album: str | None = None,
        reply_to: TgMessageId | None = None,
        media: Json | None = None,
        doubt: Doubt | None = None,
        ticket: TicketId | None = None,
    ) -> None:
        """Relay a message of any kind, once to each place; albums stay together.

        Of an album that is a reply, `media` says what the part is: the call that copies messages
        together knows no replies, so such an album is sent anew from its files.
        """
        place = placed(to)
        params: dict[str, JsonValue] = {"from_chat_id": source.chat, "message_id": source.message}
        params |= answering(reply_to)
        if album and media is not None:
            params[MEDIA] = dict(media)
        self.queue(
            "copyMessage",
            place,
            params,
            source=source,
            album=f"{source.chat}:{album}" if album else "",
            delay=ALBUM_REST if album else timedelta(),
            doubt=doubt,
            ticket=ticket,
            key=f"r:{source.chat}:{source.message}:{place.chat}:{place.thread or 0}",
        )

    def edit(
        self,
        at: MessageAt,
        text: str,
        *,
        keyboard: InlineKeyboardMarkup | None = None,
        after: After | None = None,
    ) -> None:
        """Put other words, and other buttons or none, in the place of a message of the bot's."""
        params: dict[str, JsonValue] = {
            "message_id": at.message,
            "text": text[:LONGEST],
            "parse_mode": "HTML",
        }
        self.queue("editMessageText", at.chat, params | shown(keyboard), after=after)

    def queue(
        self,
        method: str,
        to: Place | ChatId,
        params: Mapping[str, JsonValue],
        *,
        source: MessageAt | None = None,
        album: str = "",
        delay: timedelta = timedelta(),
        doubt: Doubt | None = None,
        after: After | None = None,
        ticket: TicketId | None = None,
        key: str | None = None,
    ) -> None:
        """Queue any call of the Bot API; its chat and topic are filled in."""
        place = placed(to)
        filled: dict[str, JsonValue] = {"chat_id": place.chat, **params}
        if place.thread and "message_thread_id" not in filled and method.startswith(IN_TOPICS):
            filled["message_thread_id"] = place.thread
        self.parcels.append(
            Parcel(
                key=key or self.next_key(),
                method=method,
                chat=place.chat,
                params=filled,
                thread=place.thread or 0,
                source=source,
                album=album,
                ticket=ticket or self.ticket,
                doubt=doubt,
                after=after,
                delay=delay,
            )
        )

    def next_key(self) -> str:
        """Name a parcel of this turn by its place among those that have no name of their own.

        How many others there are may differ when the turn is taken again.
        """
        return f"{self.name}:{sum(one.key.startswith(f'{self.name}:') for one in self.parcels)}"


def update_name(bot: BotId, number: int) -> str:
    """Name the turn of an update; numbers below zero are the desk's own."""
    return f"u:{bot}:{number}"


IN_TOPICS = ("send", "copy", "forward")
"""How the names of methods begin that name a topic; others name a message."""


def placed(to: Place | ChatId) -> Place:
    """Return the place that is a chat's own."""
    return to if isinstance(to, Place) else Place(to)


def shown(keyboard: Keyboard | None) -> dict[str, JsonValue]:
    """Write a keyboard as the Bot API takes it."""
    if keyboard is None:
        return {}
    return {"reply_markup": keyboard.model_dump(mode="json", exclude_none=True)}


def answering(message: TgMessageId | None) -> dict[str, JsonValue]:
    """Write to which message this is a reply; should that be gone, it is sent all the same."""
    if message is None:
        return {}
    return {"reply_parameters": {"message_id": message, "allow_sending_without_reply": True}}
