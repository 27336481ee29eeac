from datetime import timedelta

import pytest
from telethon import errors, events
from telethon.tl import types
from telethon.tl.functions import account, channels, contacts, messages

from simulator.world.channels import Channel
from simulator.world.people import Person
from tests.integration.simulator.world.conftest import Town, listen


@pytest.fixture
def secret(town: Town, boss: Person, anna: Person) -> Channel:
    group = town.world.add_group("Secret", owner=boss)
    town.world.join(group, anna)
    return group


async def test_a_link_leads_in_until_it_is_used_up(
    town: Town, secret: Channel, boss: Person, boris: Person
) -> None:
    link = town.world.invites.create(secret, boss, limit=1).secret
    client = await town.sign_in(boris)
    assert (await client(messages.CheckChatInviteRequest(link))).title == "Secret"
    await client(messages.ImportChatInviteRequest(link))
    assert (await client.get_entity(f"https://t.me/+{town.world.channels.invite_to(secret)}")).id
    await client.delete_dialog(await client.get_entity(types.PeerChannel(secret.id)))
    with pytest.raises(errors.InviteHashExpiredError):
        await client(messages.ImportChatInviteRequest(link))
    assert boris.id not in secret.members


async def test_a_link_ends_at_its_hour_or_when_it_is_revoked(
    town: Town, secret: Channel, boss: Person, boris: Person
) -> None:
    owner, client = await town.sign_in(boss), await town.sign_in(boris)
    (chat,) = [d.entity async for d in owner.iter_dialogs()]
    hour = town.world.clock.now() + timedelta(hours=1)
    brief = await owner(messages.ExportChatInviteRequest(chat, expire_date=hour))
    asked = await owner(messages.ExportChatInviteRequest(chat, title="x"))
    await owner(messages.EditExportedChatInviteRequest(chat, asked.link, revoked=True))
    town.world.clock.advance(timedelta(hours=2))
    for link in (brief.link, asked.link):
        with pytest.raises(errors.InviteHashExpiredError):
            await client(messages.ImportChatInviteRequest(link.rpartition("+")[2]))
    assert len(secret.members) == 2


@pytest.mark.parametrize("approved", [True, False])
async def test_whoever_asks_waits_for_an_answer(
    town: Town, secret: Channel, boss: Person, boris: Person, approved: bool
) -> None:
    owner, client = await town.sign_in(boss), await town.sign_in(boris)
    (chat,) = [d.entity async for d in owner.iter_dialogs()]
    waiting = listen(owner, events.Raw(types.UpdatePendingJoinRequests))
    invite = await owner(messages.ExportChatInviteRequest(chat, request_needed=True))
    with pytest.raises(errors.InviteRequestSentError):
        await client(messages.ImportChatInviteRequest(invite.link.rpartition("+")[2]))
    assert (await waiting.next()).recent_requesters == [boris.id]
    asked = await owner(
        messages.GetChatInviteImportersRequest(
            chat, None, types.InputUserEmpty(), 10, requested=True
        )
    )
    assert [each.user_id for each in asked.importers] == [boris.id]
    await owner(messages.HideChatJoinRequestRequest(chat, asked.users[0], approved=approved))
    assert (boris.id in secret.members) is approved
    assert (await waiting.next()).requests_pending == 0


async def test_a_public_group_may_ask_first(town: Town, boss: Person, boris: Person) -> None:
    group = town.world.add_group("Club", "town_club", owner=boss)
    owner, client = await town.sign_in(boss), await town.sign_in(boris)
    await owner(channels.ToggleJoinRequestRequest("town_club", enabled=True))
    with pytest.raises(errors.InviteRequestSentError):
        await client(channels.JoinChannelRequest("town_club"))
    assert list(group.requests) == [boris.id]


async def test_the_expelled_and_the_restricted_are_listed(
    town: Town, secret: Channel, boss: Person, anna: Person, boris: Person
) -> None:
    town.world.join(secret, boris)
    owner = await town.sign_in(boss)
    (chat,) = [d.entity async for d in owner.iter_dialogs()]
    town.world.membership.restrict(secret, anna, silent=True)
    town.world.membership.expel(secret, boris)
    kicked = types.ChannelParticipantsKicked("")
    restricted = types.ChannelParticipantsBanned("")
    assert [u.id async for u in owner.iter_participants(chat, filter=kicked)] == [boris.id]
    assert [u.id async for u in owner.iter_participants(chat, filter=restricted)] == [anna.id]


async def test_contacts_are_kept_and_given_up(town: Town, anna: Person, boris: Person) -> None:
    client = await town.sign_in(boris)
    named = types.InputPhoneContact(1, anna.phone, "Anna", "")
    found = await client(contacts.ImportContactsRequest([named]))
    assert [each.user_id for each in found.imported] == [anna.id]
    assert (await client.get_entity("anna_p")).contact
    listed = await client(contacts.GetContactsRequest(0))
    assert [each.user_id for each in listed.contacts] == [anna.id]
    await client(contacts.DeleteContactsRequest(["anna_p"]))
    assert not boris.contacts
    await client(contacts.AddContactRequest("anna_p", "A", "", ""))
    assert boris.contacts == {anna.id}


async def test_blocks_are_listed_and_complaints_kept(
    town: Town, anna: Person, boris: Person
) -> None:
    client = await town.sign_in(boris)
    said = town.world.send_private(anna, boris, "buy!")
    await client(contacts.BlockRequest("anna_p"))
    blocked = await client(contacts.GetBlockedRequest(0, 10))
    assert [each.peer_id.user_id for each in blocked.blocked] == [anna.id]
    reason = types.InputReportReasonSpam()
    assert await client(account.ReportPeerRequest("anna_p", reason, "ads"))
    asked = await client(messages.ReportRequest("anna_p", [said.id], b"", ""))
    answer = await client(
        messages.ReportRequest("anna_p", [said.id], asked.options[0].option, "ads")
    )
    assert isinstance(answer, types.ReportResultReported)
    kept = [(r.reason, r.text, len(r.messages)) for r in town.world.reports]
    assert kept == [("Spam", "ads", 0), ("spam", "ads", 1)]
