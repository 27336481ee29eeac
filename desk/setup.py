"""What `troupe desk setup` asks of Telegram: who the bot is, where a code word is said, its rights.

Updates that come meanwhile are stored like any others before they are confirmed: a client who
writes while the desk is set up is answered once it runs.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiogram import Bot
from aiogram.utils.token import TokenValidationError
from pydantic import JsonValue

from desk.calls import CallFailed, Fate, call, open_bot
from desk.updates import WANTED, raw_update
from orchestrator.errors import BadInput, NotAllowed
from orchestrator.ports.desk import BotId, UpdateStore
from support.ids import ChatId

LONG_POLL = 10
MARGIN = 10.0
GROUPS = frozenset({"group", "supergroup"})


@dataclass(frozen=True, slots=True)
class BotSeen:
    """Who a token is."""

    id: BotId
    username: str
    name: str
    reads_all: bool
    """Whether it hears everything in groups without being admin (privacy mode is off)."""


@dataclass(frozen=True, slots=True)
class GroupHeard:
    """A group in which the code word was said."""

    chat: ChatId
    title: str
    is_forum: bool


@dataclass(frozen=True, slots=True)
class GroupRights:
    """What the bot may do in a group."""

    is_forum: bool
    is_admin: bool
    manages_topics: bool
    pins: bool
    deletes: bool


@dataclass(slots=True)
class SetupBot:
    """Speaks with Telegram as the bot that is being set up."""

    bot: Bot
    offset: int = 0
    said: dict[str, GroupHeard] = field(default_factory=dict)
    """Words, and the group in which each was said last."""

    async def identify(self) -> BotSeen:
        """Return whose token it is; raises BadInput when it is nobody's."""
        match await self.ask("getMe"):
            case {"id": int(number), "username": str(username), "first_name": str(name), **more}:
                reads = more.get("can_read_all_group_messages") is True
                return BotSeen(BotId(number), username, name, reads)
        raise BadInput("Telegram did not say whose token that is: try again")

    async def hear(self, code: str, store: UpdateStore, patience: float) -> GroupHeard | None:
        """Wait until the code word is said in a group; None: nobody said it in that time.

        Raises NotAllowed while something else fetches this bot's updates.
        """
        me = await self.identify()
        try:
            async with asyncio.timeout(patience):
                while code.casefold() not in self.said:
                    await self.poll(me.id, store)
        except TimeoutError:
            return None
        return self.said[code.casefold()]

    async def poll(self, bot: BotId, store: UpdateStore) -> None:
        """Fetch and store updates once, and remember in which groups which words were said."""
        found = await self.ask(
            "getUpdates",
            {"timeout": LONG_POLL, "offset": self.offset, "allowed_updates": list(WANTED)},
        )
        updates = [one for each in listed(found) if (one := raw_update(each)) is not None]
        if updates:
            await store.record_updates(bot, updates)
            self.offset = max(one.number for one in updates) + 1
        for one in updates:
            self.said.update(words_in_groups(one.content))

    async def rights(self, chat: ChatId) -> GroupRights:
        """Return what the bot may do in a group."""
        me = await self.identify()
        place = await self.ask("getChat", {"chat_id": chat})
        member = await self.ask("getChatMember", {"chat_id": chat, "user_id": me.id})
        able = member if isinstance(member, dict) else {}
        return GroupRights(
            is_forum=isinstance(place, dict) and place.get("is_forum") is True,
            is_admin=able.get("status") == "administrator",
            manages_topics=able.get("can_manage_topics") is True,
            pins=able.get("can_pin_messages") is True,
            deletes=able.get("can_delete_messages") is True,
        )

    async def ask(self, method: str, params: Mapping[str, JsonValue] | None = None) -> JsonValue:
        """Call a method; raises BadInput or NotAllowed with a sentence that says what to do."""
        try:
            return await call(self.bot, method, params or {}, LONG_POLL + MARGIN)
        except CallFailed as failed:
            raise remedy(method, failed) from failed


def remedy(method: str, failed: CallFailed) -> BadInput | NotAllowed:
    """Say what a person can do about a failed call."""
    said = failed.said.lower()
    if "unauthorized" in said or (method == "getMe" and "not found" in said):
        return BadInput("Telegram does not know this token: copy it again from @BotFather")
    if "conflict" in said:
        return NotAllowed(
            "another program fetches this bot's messages: stop `troupe run`, or take its webhook "
            "away, while you set the desk up"
        )
    if failed.fate in {Fate.NOT_MADE, Fate.UNKNOWN, Fate.BROKEN}:
        return NotAllowed("Telegram cannot be reached: look at the connection and BOT_API_URL")
    if failed.fate is Fate.FORBIDDEN:
        return NotAllowed("the bot is not in that group: add it there, as an admin")
    return NotAllowed(f"Telegram refused: {failed.said}")


def listed(found: JsonValue) -> list[JsonValue]:
    """Return the updates of an answer."""
    return found if isinstance(found, list) else []


def words_in_groups(update: Mapping[str, JsonValue]) -> dict[str, GroupHeard]:
    """Return the words that an update's message says in a group, with that group."""
    match update.get("message"):
        case {"chat": {"id": int(chat), "type": str(kind), **more}, "text": str(text)}:
            if kind not in GROUPS:
                return {}
            title = more.get("title")
            group = GroupHeard(
                ChatId(chat), title if isinstance(title, str) else "", more.get("is_forum") is True
            )
            return dict.fromkeys(map(bare, text.split()), group)
    return {}


def bare(word: str) -> str:
    """Return a word without what makes a command of it: bots hear commands whatever they may."""
    return word.casefold().removeprefix("/").partition("@")[0]


@asynccontextmanager
async def setup_bot(token: str, base: str) -> AsyncIterator[SetupBot]:
    """Open a bot for setting up; raises BadInput for what is no token."""
    try:
        bot = open_bot(token, base)
    except TokenValidationError:
        raise BadInput(
            "that is no bot token: it looks like 123456:ABC-DEF, from @BotFather"
        ) from None
    try:
        yield SetupBot(bot)
    finally:
        await bot.session.close()
