"""Where the desk works, and who is invited to it."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from orchestrator.clock import SystemClock
from orchestrator.ports.stores import Stores
from support.actor import Actor
from support.groups import DeskGroup, GroupUse, NewInvite
from support.ids import ChatId, TgUserId
from support.people import Role

OLGA = Actor("olga")
FIRST, SECOND = ChatId(-1001), ChatId(-1002)
LEAD = frozenset({Role.LEAD})
DAY = timedelta(days=1)


async def test_a_second_operators_group_takes_the_place_of_the_first(stores: Stores) -> None:
    groups = stores.desk.groups
    assert await groups.put_group(OLGA, DeskGroup(FIRST, GroupUse.OPERATORS, "First"))
    assert await groups.put_group(OLGA, DeskGroup(SECOND, GroupUse.OPERATORS, "Second"))
    assert [one.chat for one in await groups.groups(GroupUse.OPERATORS)] == [SECOND]


async def test_several_main_groups_share_the_load(stores: Stores) -> None:
    groups = stores.desk.groups
    for chat in (FIRST, SECOND):
        assert await groups.put_group(OLGA, DeskGroup(chat, GroupUse.MAIN, "Main"))
    assert not await groups.put_group(OLGA, DeskGroup(FIRST, GroupUse.MAIN, "Main"))
    loads = await groups.loads([SECOND, FIRST])
    assert [(one.group, one.lately, one.open_tickets) for one in loads] == [
        (SECOND, 0, 0),
        (FIRST, 0, 0),
    ]
    assert await groups.remove_group(OLGA, FIRST, GroupUse.MAIN)
    assert not await groups.remove_group(OLGA, FIRST, GroupUse.MAIN)


async def test_an_invitation_is_used_by_one_person_and_told_them_again(stores: Stores) -> None:
    invites, ends = stores.desk.invites, SystemClock().now() + DAY
    await invites.invite(OLGA, NewInvite("code", LEAD, ends))
    first = await invites.accept("code", TgUserId(1))
    assert first is not None
    assert (first.roles, first.invited_by, first.accepted_before) == (LEAD, "olga", False)
    again = await invites.accept("code", TgUserId(1))
    assert again is not None
    assert again.accepted_before
    assert await invites.accept("code", TgUserId(2)) is None
    assert await invites.accept("another", TgUserId(1)) is None


async def test_an_invitation_that_ended_lets_nobody_in(stores: Stores) -> None:
    await stores.desk.invites.invite(OLGA, NewInvite("old", LEAD, SystemClock().now() - DAY))
    assert await stores.desk.invites.accept("old", TgUserId(1)) is None


async def test_groups_and_invitations_are_audited_without_their_code(
    stores: Stores, engine: AsyncEngine
) -> None:
    await stores.desk.groups.put_group(OLGA, DeskGroup(FIRST, GroupUse.MAIN, "Main"))
    ends = SystemClock().now() + DAY
    await stores.desk.invites.invite(OLGA, NewInvite("code", LEAD, ends))
    written = [
        f"{one.actor} {one.action} {one.after}" for one in await stores.logs.audit_entries(10)
    ]
    assert any("desk.group" in one for one in written)
    assert any("desk.invite" in one for one in written)
    assert not any("code" in one for one in written)
    async with engine.connect() as connection:
        kept = (await connection.execute(text("SELECT code_hash FROM desk_invites"))).scalar_one()
    assert kept != b"code"


async def test_the_pulse_of_an_empty_desk_is_still(stores: Stores) -> None:
    pulse = await stores.desk.pulse.pulse()
    assert (pulse.unhandled, pulse.to_send, pulse.node, pulse.last_update_at) == (0, 0, None, None)
