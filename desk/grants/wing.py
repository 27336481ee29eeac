"""How a channel's admin allows comments, sees what they allowed, and takes it back."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiogram import F, Router
from aiogram.enums import ChatMemberStatus, ChatType
from aiogram.filters import Command, CommandStart
from aiogram.types import CallbackQuery, ChatMemberUpdated, InlineKeyboardButton, Message, User

from desk.buttons import Pressed, button, keyboard
from desk.client.wing import place_of
from desk.grants.telegram import bare, channel_at, seen, standing_of
from desk.house import House, Wing
from desk.turn import Turn
from desk.words import Html, safe
from orchestrator.errors import AlreadyExists, NotAllowed, NotFound
from orchestrator.ids import GrantId, TelegramId
from orchestrator.ports.bot_grants import BotChannel
from orchestrator.ports.desk import Parcel
from orchestrator.ports.grants import Grant
from orchestrator.service.bot_grants import BotGrants, Giver
from support.ids import ChatId
from support.languages import Language, language_of

LASTS = (30, 90, 365)
"""Days that a grant may be given for, beside until it is revoked."""
MOST = 50
"""Channels that one person is shown."""
QUOTED = 5
"""Profiles whose words an invitation quotes."""
ADMINS = {ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.CREATOR}
VERIFY_EVERY = timedelta(minutes=1)
DEEP_LINK = "channels"


def make_wing(house: House) -> Wing:
    """Make the wing; the house must have grants."""
    if house.grants is None:
        raise ValueError("a house without grants has no such wing")
    side = ChannelSide(house, house.grants)
    router = Router(name="grants")
    private = F.chat.type == ChatType.PRIVATE
    router.my_chat_member.register(side.moved, F.chat.type == ChatType.CHANNEL)
    router.chat_member.register(side.admin_changed, F.chat.type == ChatType.CHANNEL)
    router.message.register(side.list_channels, Command("channels"), private)
    router.message.register(
        side.list_channels, CommandStart(deep_link=True, magic=F.args == DEEP_LINK), private
    )
    router.callback_query.register(side.ask_how_long, Pressed("gask", 1))
    router.callback_query.register(side.give, Pressed("ggive", 2))
    router.callback_query.register(side.revoke, Pressed("gend", 1))
    return Wing(router, chores={"grants": (VERIFY_EVERY, side.verify_all)})


@dataclass(frozen=True, slots=True)
class ChannelSide:
    """Handles what admins of channels do."""

    house: House
    grants: BotGrants

    async def moved(self, event: ChatMemberUpdated, turn: Turn) -> None:
        """Note that the bot became an admin, or is none any more, which suspends."""
        present = event.new_chat_member.status in ADMINS
        channel = seen(event.chat)
        store, giver = self.grants.store, TelegramId(event.from_user.id)
        await store.note_bot_channel(self.house.bot_id, channel, giver, present=present)
        for grant in await store.bot_grants_of(channel.telegram_id):
            if present:
                await self.verify(grant)
            else:
                await self.grants.suspend(grant, "the bot is no admin of the channel any more")
        if present and event.old_chat_member.status not in ADMINS and not event.from_user.is_bot:
            language = language_of(event.from_user.language_code)
            text = await self.invitation(channel, language)
            allow = button(self.house.words("button.allow", language), "gask", channel.telegram_id)
            turn.say(ChatId(event.from_user.id), text, keyboard=keyboard([allow]))

    async def invitation(self, channel: BotChannel, language: Language) -> str:
        """Ask an admin to allow comments, and say whose they would be where that is known."""
        text = self.house.words("grants.added", language, channel=channel.title)
        found = await self.grants.store.disclosures()
        if not found:
            return text
        quoted = "; ".join(f"<i>{safe(one)}</i>" for one in found[:QUOTED])
        named = Html(quoted if len(found) <= QUOTED else f"{quoted}; …")
        return f"{text}\n\n{self.house.words('grants.speak_for', language, named=named)}"

    async def admin_changed(self, event: ChatMemberUpdated) -> None:
        """Look again at what somebody granted whose standing in the channel changed."""
        person = event.new_chat_member.user.id
        for grant in await self.grants.store.bot_grants_of(bare(event.chat.id)):
            if grant.granted_by_id == person:
                await self.verify(grant)

    async def list_channels(self, message: Message, turn: Turn) -> None:
        """Show where somebody may allow comments, and where they did."""
        if message.from_user is None:
            return
        language = language_of(message.from_user.language_code)
        channels = await self.channels_of(message.from_user.id)
        given = await self.grants.store.grants_given_by(TelegramId(message.from_user.id))
        by_channel = {grant.channel_telegram_id: grant for grant in given}
        lines, rows = [], []
        for channel in channels:
            grant = by_channel.pop(channel.telegram_id, None)
            lines.append(self.line(channel.title, grant, language))
            rows.append([self.button_for(channel, grant, language)])
        for grant in by_channel.values():
            lines.append(self.line(grant.channel_title, grant, language))
            rows.append([self.revoke_button(grant, language)])
        head = self.house.words("grants.list" if lines else "grants.none", language)
        turn.say(ChatId(message.chat.id), "\n".join([head, *lines]), keyboard=keyboard(*rows))

    async def channels_of(self, person: int) -> Sequence[BotChannel]:
        """Return the channels in which both the bot and somebody are admins."""
        known = (await self.grants.store.bot_channels(self.house.bot_id))[:MOST]
        standings = await asyncio.gather(
            *(standing_of(self.house.bot, one.telegram_id, person) for one in known)
        )
        pairs = zip(known, standings, strict=True)
        return [one for one, standing in pairs if standing is not None and standing.may_grant]

    def line(self, title: str, grant: Grant | None, language: Language) -> str:
        """Say how a channel stands."""
        words = self.house.words
        if grant is None:
            return words("grants.line_none", language, channel=title)
        if grant.suspended_at is not None:
            reason = grant.suspended_reason or ""
            return words("grants.line_suspended", language, channel=title, reason=reason)
        return words("grants.line_live", language, channel=title, until=self.until(grant, language))

    def until(self, grant: Grant, language: Language) -> str:
        """Say how long a grant holds."""
        if grant.expires_at is None:
            return self.house.words("grants.until_revoked", language)
        return self.house.words("grants.until", language, date=f"{grant.expires_at:%d.%m.%Y}")

    def button_for(
        self, channel: BotChannel, grant: Grant | None, language: Language
    ) -> InlineKeyboardButton:
        """Make the button that allows, or the one that revokes."""
        if grant is not None:
            return self.revoke_button(grant, language)
        title = self.house.words("button.allow_in", language, channel=Html(channel.title))
        return button(title, "gask", channel.telegram_id)

    def revoke_button(self, grant: Grant, language: Language) -> InlineKeyboardButton:
        """Make the button that revokes a grant."""
        name = Html(grant.channel_title)  # buttons hold plain text
        title = self.house.words("button.revoke_in", language, channel=name)
        return button(title, "gend", grant.id)

    async def ask_how_long(
        self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn
    ) -> None:
        """Ask for how long, once Telegram said that this person may grant."""
        language = language_of(query.from_user.language_code)
        found = await self.granted_place(query.from_user, arguments[0], turn, language)
        if found is None:
            return
        channel, words = found[0], self.house.words
        days = [
            button(words("button.days", language, days=days), "ggive", channel.telegram_id, days)
            for days in LASTS
        ]
        ever = button(words("button.until_revoked", language), "ggive", channel.telegram_id, 0)
        text = words("grants.how_long", language, channel=channel.title)
        turn.edit(place_of(query), text, keyboard=keyboard(days, [ever]))

    async def give(self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn) -> None:
        """Record the grant; Telegram is asked again, for buttons are pressed long afterwards."""
        language, words = language_of(query.from_user.language_code), self.house.words
        found = await self.granted_place(query.from_user, arguments[0], turn, language)
        if found is None or not arguments[1].isdecimal() or int(arguments[1]) not in {0, *LASTS}:
            return
        channel, proof = found
        lasts = timedelta(days=int(arguments[1])) or None
        try:
            grant = await self.grants.give(giver_of(query.from_user), channel, proof, lasts)
        except AlreadyExists:
            turn.reply(words("grants.anothers", language), alert=True)
        except NotAllowed:
            turn.reply(words("grants.removed_here", language), alert=True)
        else:
            until = self.until(grant, language)
            text = words("grants.given", language, channel=channel.title, until=until)
            end = button(words("button.revoke", language), "gend", grant.id)
            turn.edit(place_of(query), text, keyboard=keyboard([end]))

    async def granted_place(
        self, person: User, number: str, turn: Turn, language: Language
    ) -> tuple[BotChannel, str] | None:
        """Ask Telegram for the channel and the person's standing; None: they are told why not."""
        channel = TelegramId(int(number)) if number.isdecimal() else TelegramId(0)
        place = await channel_at(self.house.bot, channel) if channel else None
        standing = await standing_of(self.house.bot, channel, person.id) if place else None
        if place is None or standing is None:
            refusal = self.house.words("grants.not_there", language)
        elif not standing.may_grant:
            refusal = self.house.words("grants.not_admin", language)
        elif place.linked_group is None:
            refusal = self.house.words("grants.no_group", language, channel=place.title)
        else:
            return place, standing.proof
        turn.say(ChatId(person.id), refusal)
        return None

    async def revoke(self, query: CallbackQuery, arguments: tuple[str, ...], turn: Turn) -> None:
        """End a grant; what waits is cancelled before this returns."""
        language, words = language_of(query.from_user.language_code), self.house.words
        try:
            number = GrantId(int(arguments[0]) if arguments[0].isdecimal() else 0)
            grant = await self.grants.grants.grant(number)
            ended = await self.grants.revoke(giver_of(query.from_user), number)
        except NotFound:
            turn.reply(words("button.stale", language))
            return
        text = words(
            "grants.revoked",
            language,
            channel=grant.channel_title,
            cancelled=ended.cancelled,
            withdrawn=ended.withdrawn,
            in_flight=len(ended.in_flight),
        )
        turn.edit(place_of(query), text)

    async def verify_all(self) -> Sequence[Parcel]:
        """Ask again for proofs that have grown old."""
        for grant in await self.grants.due():
            await self.verify(grant)
        return ()

    async def verify(self, grant: Grant) -> None:
        """Confirm a grant, or suspend it until its giver is an admin again."""
        if grant.granted_by_id is None:
            return
        place = await channel_at(self.house.bot, grant.channel_telegram_id)
        standing = (
            await standing_of(self.house.bot, grant.channel_telegram_id, grant.granted_by_id)
            if place
            else None
        )
        if place is None or standing is None:
            await self.grants.suspend(grant, "the bot cannot look into the channel any more")
        elif not standing.may_grant:
            reason = f"{grant.granted_by} is no admin who may post there any more"
            await self.grants.suspend(grant, reason)
        else:
            await self.grants.confirm(grant, place)


def giver_of(user: User) -> Giver:
    """Describe whoever pressed."""
    return Giver(TelegramId(user.id), user.full_name.strip()[:128] or str(user.id))
