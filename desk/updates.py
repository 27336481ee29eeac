"""Raw updates: in whose order each is handled, and how they are fetched."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiogram import Bot
from pydantic import JsonValue

from desk.calls import CallFailed, Fate, call
from orchestrator.clock import Clock
from orchestrator.errors import ServersUnavailable
from orchestrator.ports.desk import BotId, RawUpdate, UpdateStore
from support.ids import ChatId

log = logging.getLogger(__name__)

WANTED: Sequence[str] = (
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "chat_member",
    "message_reaction",
)
"""What the bot asks Telegram to tell it of."""

LONG_POLL = 20
AT_ONCE = 100
MARGIN = 10.0
PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0)


def chat_of(update: Mapping[str, JsonValue]) -> ChatId:
    """Return in whose order an update is handled: its chat's, or that of whoever pressed."""
    match update:
        case {"callback_query": {"from": {"id": int(chat)}}}:
            return ChatId(chat)
    for content in update.values():
        match content:
            case {"chat": {"id": int(chat)}}:
                return ChatId(chat)
    return ChatId(0)


def raw_update(update: JsonValue) -> RawUpdate | None:
    """Read an update as it came; None for what is none."""
    number = update.get("update_id") if isinstance(update, dict) else None
    if not isinstance(update, dict) or not isinstance(number, int):
        return None
    return RawUpdate(number, chat_of(update), update)


@dataclass(slots=True)
class Poller:
    """Fetches updates, and confirms them only once they are stored."""

    bot: Bot
    bot_id: BotId
    store: UpdateStore
    clock: Clock
    offset: int | None = None

    async def run(self) -> None:
        """Poll for ever; what cannot be fetched or stored is tried again."""
        failures = 0
        while True:
            try:
                await self.poll()
                failures = 0
            except (CallFailed, ServersUnavailable) as failed:
                pause = PAUSES[min(failures, len(PAUSES) - 1)]
                failures += 1
                if isinstance(failed, CallFailed) and failed.fate is Fate.LATER:
                    pause = failed.seconds
                log.warning("updates wait at Telegram: %s", failed)
                await self.clock.sleep(pause)

    async def poll(self) -> None:
        """Fetch once, and store; the next call confirms."""
        params: dict[str, JsonValue] = {
            "timeout": LONG_POLL,
            "limit": AT_ONCE,
            "allowed_updates": list(WANTED),
        }
        if self.offset is not None:
            params["offset"] = self.offset
        found = await call(self.bot, "getUpdates", params, LONG_POLL + MARGIN)
        updates = [one for each in listed(found) if (one := raw_update(each))]
        if updates:
            await self.store.record_updates(self.bot_id, updates)
            self.offset = max(one.number for one in updates) + 1


def listed(found: JsonValue) -> list[JsonValue]:
    """Return what Telegram listed; nothing where it answered anything else."""
    return found if isinstance(found, list) else []
