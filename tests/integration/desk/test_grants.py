"""Channels' admins allow comments through the bot, and take it back; Telegram says who they are."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from db.encryption import Cipher
from db.notify import Notices
from db.stores import postgres_stores
from desk.door import Door
from orchestrator.actor import Actor
from orchestrator.errors import NotFound
from orchestrator.ids import NodeName, TelegramId
from orchestrator.ports.accounts import AccountState
from orchestrator.ports.grants import Grant, GrantProof
from orchestrator.ports.sessions import StoredSession
from orchestrator.service.bot_grants import BotGrants, Giver
from personas.persona import Persona
from simulator.world.channels import Channel, Right
from simulator.world.messages import Message
from simulator.world.people import Person
from tests.integration.desk.stand import Stand, buttons_of


class Owned:
    """A channel with its discussion group, whose owner talks with the bot."""

    def __init__(self, stand: Stand, title: str = "Stars & Co") -> None:
        self.stand = stand
        self.olga = stand.person("Olga", language="en")
        self.channel: Channel = stand.world.add_channel(title, owner=self.olga, linked=True)

    def add_bot(self, *, by: Person | None = None) -> None:
        """Make the bot an admin, as its owner does in an app."""
        self.promote(self.stand.bot, by or self.olga, Right.POST_MESSAGES)

    def promote(self, person: Person, by: Person, *rights: Right) -> None:
        self.stand.world.membership.promote(self.channel, person, frozenset(rights), by=by)

    async def listed(self, person: Person, text: str) -> Message:
        """Ask for one's channels, and wait for words in the answer."""
        asked = self.stand.say(person, "/channels")
        return await self.stand.shown(person, text, after=asked.id)

    async def allow(self, days: str = "30") -> Message:
        """Allow comments as the owner, all the way."""
        self.stand.say(self.olga, "/start")
        await self.stand.shown(self.olga, "Olga")
        self.add_bot()
        offer = await self.stand.shown(self.olga, "allow it")
        self.stand.press(self.olga, offer, "v1:gask:")
        asked = await self.stand.shown(self.olga, "For how long?")
        data = next(one for one in buttons_of(asked) if one.endswith(f":{days}"))
        self.stand.press(self.olga, asked, data)
        return await self.stand.shown(self.olga, "are allowed")

    async def deputy_allows(self, door: Door) -> Person:
        """Let an admin who is not the owner allow comments."""
        deputy = self.stand.person("Deputy", language="en")
        self.stand.world.join(self.channel, deputy)
        self.promote(deputy, self.olga, Right.POST_MESSAGES)
        self.add_bot()

        async def is_known() -> bool:
            return bool(await desk_of(door).store.bot_channels(door.bot_id))

        await until(is_known)
        listed = await self.listed(deputy, "not allowed")
        self.stand.press(deputy, listed, "v1:gask:")
        asked = await self.stand.shown(deputy, "For how long?")
        self.stand.press(deputy, asked, f"v1:ggive:{self.channel.id}:0")
        await self.stand.shown(deputy, "until you revoke it")
        return deputy


def desk_of(door: Door) -> BotGrants:
    assert door.grants is not None
    return door.grants


async def grants_of(door: Door, owned: Owned) -> list[Grant]:
    return list(await desk_of(door).store.bot_grants_of(TelegramId(owned.channel.id)))


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something in the database that follows from an update."""
    async with asyncio.timeout(120):
        while not await look():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.05)  # the database announces nothing to a test


async def test_an_owner_allows_comments_and_takes_them_back(stand: Stand) -> None:
    owned = Owned(stand)
    async with stand.open() as door:
        given = await owned.allow("90")
        (grant,) = await grants_of(door, owned)
        assert (grant.proof, grant.granted_by_id) == (GrantProof.BOT, TelegramId(owned.olga.id))
        assert (grant.comments_per_post, grant.account) == (1, None)
        assert grant.expires_at is not None
        assert grant.expires_at - grant.starts_at == timedelta(days=90)
        linked = stand.world.group_of(owned.channel)
        assert grant.linked_group == TelegramId(linked.id)
        assert "Stars &amp; Co" not in given.text
        live = await owned.listed(owned.olga, "allowed until")
        stand.press(owned.olga, live, f"v1:gend:{grant.id}")
        ended = await stand.shown(owned.olga, "is revoked")
        assert "Drafts withdrawn from review: 0." in ended.text
        assert await grants_of(door, owned) == []
        assert (await desk_of(door).grants.grant(grant.id)).revoked_by == f"Olga ({owned.olga.id})"


async def speaks_for(stand: Stand, key: str, disclosure: str) -> None:
    """Let an account run whose bio was seen to say whom it speaks for."""
    stores = postgres_stores(stand.engine, Cipher(stand.keyring), Notices(stand.database_url))
    actor = Actor("olga")
    persona = Persona(key=key, name=key.title(), disclosure=disclosure)
    await stores.library.put_persona(actor, persona)
    account = await stores.accounts.add_account(actor, key, "+79990001122", key)
    await stores.accounts.set_account_state(actor, account.id, AccountState.ACTIVE, None)
    await stores.sessions.save_session(account.id, StoredSession(2, "127.0.0.1", 443, b"k" * 256))
    fence = await stores.leases.take_lease(
        NodeName("north"), await stores.leases.lease_of(account.id)
    )
    assert fence is not None
    await stores.accounts.record_disclosure(account.id, fence, disclosed=True)


async def test_an_invitation_names_whom_the_accounts_speak_for(stand: Stand) -> None:
    owned = Owned(stand)
    async with stand.open():
        stand.say(owned.olga, "/start")
        await stand.shown(owned.olga, "Olga")
        owned.add_bot()
        unnamed = await stand.shown(owned.olga, "allow it")
        assert "speak for, in the words" not in unnamed.text
        stand.world.leave(owned.channel, stand.bot)
        await speaks_for(stand, "anna", "Speaks for Books & Co")
        owned.add_bot()
        named = await stand.shown(owned.olga, "allow it", after=unnamed.id)
        assert named.text.endswith("in the words of their profiles: Speaks for Books & Co")


async def test_whoever_is_no_admin_who_may_post_allows_nothing(stand: Stand) -> None:
    owned = Owned(stand)
    mallory = stand.person("Mallory", language="en")
    editor = stand.person("Editor", language="en")
    async with stand.open() as door:
        owned.add_bot()
        owned.promote(editor, owned.olga, Right.PIN_MESSAGES)
        for person in (mallory, editor):
            message = await owned.listed(person, "found no channel")
            # What a button carries can be made up by whoever presses.
            made_up = f"v1:ggive:{owned.channel.id}:0".encode()
            stand.world.callbacks.press(person, message, made_up, stale=True)
            await stand.shown(person, "not an admin of this channel")
        assert await grants_of(door, owned) == []


async def test_a_grant_rests_while_its_giver_or_the_bot_is_no_admin(stand: Stand) -> None:
    owned = Owned(stand)
    async with stand.open() as door:
        deputy = await owned.deputy_allows(door)

        async def is_suspended() -> bool:
            return all(one.suspended_at is not None for one in await grants_of(door, owned))

        async def is_live() -> bool:
            return not await is_suspended()

        owned.promote(deputy, owned.olga)
        await until(is_suspended)
        owned.promote(deputy, owned.olga, Right.POST_MESSAGES)
        await until(is_live)
        stand.world.leave(owned.channel, stand.bot)
        await until(is_suspended)
        await owned.listed(deputy, "suspended")
        owned.add_bot()
        await until(is_live)


async def test_another_group_that_is_linked_later_suspends_at_the_next_look(stand: Stand) -> None:
    owned = Owned(stand)
    async with stand.open() as door:
        deputy = await owned.deputy_allows(door)
        other = stand.world.add_group("Elsewhere", owner=owned.olga)
        stand.world.link_group(owned.channel, other)
        # Whatever changes in the giver's standing has the bot look at once, as its rounds do.
        owned.promote(deputy, owned.olga, Right.POST_MESSAGES, Right.PIN_MESSAGES)

        async def is_told() -> bool:
            (grant,) = await grants_of(door, owned)
            return "another group" in (grant.suspended_reason or "")

        await until(is_told)


async def test_nobody_ends_what_another_gave(stand: Stand) -> None:
    owned = Owned(stand)
    async with stand.open() as door:
        await owned.allow()
        (grant,) = await grants_of(door, owned)
        with pytest.raises(NotFound):
            await desk_of(door).revoke(Giver(TelegramId(5), "Mallory"), grant.id)
        again = await desk_of(door).revoke(Giver(TelegramId(owned.olga.id), "Olga"), grant.id)
        assert again.grant == grant.id
