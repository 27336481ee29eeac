"""What Telegram says of channels and of those who administer them."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiogram import Bot
from aiogram.types import Chat
from pydantic import JsonValue

from desk.calls import CallFailed, Fate, call
from orchestrator.ids import TelegramId
from orchestrator.ports.bot_grants import BotChannel
from support.ids import ChatId

MARK = 1_000_000_000_000
"""The Bot API writes a channel's number with this taken from it, and a minus before."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands in a channel."""

    status: str
    may_post: bool

    @property
    def may_grant(self) -> bool:
        """Whether this is proof enough for a grant (charter rule 1)."""
        return self.status == "creator" or (self.status == "administrator" and self.may_post)

    @property
    def proof(self) -> str:
        """Say what Telegram answered, for the record."""
        return f"{self.status}, {'may' if self.may_post else 'may not'} post"


def chat_of(channel: TelegramId) -> ChatId:
    """Return a channel's number as the Bot API writes it."""
    return ChatId(-MARK - channel)


def bare(chat: int) -> TelegramId:
    """Return a channel's number as everybody else writes it."""
    return TelegramId(-chat - MARK)


def seen(chat: Chat) -> BotChannel:
    """Describe a channel as an update shows it, which leaves its group out."""
    return BotChannel(bare(chat.id), chat.title or "", chat.username, None)


async def standing_of(bot: Bot, channel: TelegramId, person: int) -> Standing | None:
    """Ask how somebody stands in a channel; None when the bot may not ask there any more."""
    params: dict[str, JsonValue] = {"chat_id": chat_of(channel), "user_id": person}
    found = await asked(bot, "getChatMember", params)
    if found is None:
        return None
    status = str(found.get("status", "left"))
    may_post = status == "creator" or found.get("can_post_messages") is True
    return Standing(status, may_post)


async def channel_at(bot: Bot, channel: TelegramId) -> BotChannel | None:
    """Ask what a channel is called and which group is linked to it; None as above."""
    found = await asked(bot, "getChat", {"chat_id": chat_of(channel)})
    if found is None or found.get("type") != "channel":
        return None
    linked, username = found.get("linked_chat_id"), found.get("username")
    return BotChannel(
        channel,
        str(found.get("title", "")),
        username if isinstance(username, str) else None,
        bare(linked) if isinstance(linked, int) else None,
    )


async def asked(
    bot: Bot, method: str, params: Mapping[str, JsonValue]
) -> Mapping[str, JsonValue] | None:
    """Call a method that shows something; None where Telegram refuses it for good."""
    try:
        found = await call(bot, method, params)
    except CallFailed as failed:
        if failed.fate in {Fate.REFUSED, Fate.FORBIDDEN}:
            return None
        raise
    return found if isinstance(found, dict) else None
