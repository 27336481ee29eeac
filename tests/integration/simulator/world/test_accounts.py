from datetime import timedelta

import pytest
from telethon import errors, events
from telethon.tl import types
from telethon.tl.functions import account, auth, contacts, messages, users

from simulator.world.people import Person
from tests.integration.simulator.world.conftest import Town, listen


async def test_a_new_number_signs_up_and_knows_itself(town: Town) -> None:
    client = await town.connect()
    sent = await client.send_code_request("+9996612345")
    signed = await client(auth.SignInRequest("9996612345", sent.phone_code_hash, "11111"))
    assert isinstance(signed, types.auth.AuthorizationSignUpRequired)
    await client(auth.SignUpRequest("9996612345", sent.phone_code_hash, "Nina", "New"))
    me = await client.get_me()
    assert (me.first_name, me.last_name, me.phone) == ("Nina", "New", "9996612345")


async def test_start_signs_in_without_a_question_to_anybody(town: Town, anna: Person) -> None:
    client = await town.connect()
    await client.start(phone=anna.phone, code_callback=lambda: "22222")
    assert (await client.get_me()).username == "anna_p"


async def test_a_wrong_code_is_refused(town: Town, anna: Person) -> None:
    client = await town.connect()
    await client.send_code_request(anna.phone)
    with pytest.raises(errors.PhoneCodeInvalidError):
        await client.sign_in(anna.phone, code="00000")
    assert await client.get_me() is None


async def test_a_wrong_number_is_refused(town: Town) -> None:
    client = await town.connect()
    with pytest.raises(errors.PhoneNumberInvalidError):
        await client.send_code_request("123")


async def test_whoever_logged_out_is_nobody(town: Town, anna: Person) -> None:
    client = await town.sign_in(anna)
    assert await client.log_out()
    assert town.world.logins.keys_of(anna.id) == ()


async def test_an_account_ends_its_other_sessions(town: Town, anna: Person) -> None:
    first, second = await town.sign_in(anna), await town.sign_in(anna)
    listed = (await first(account.GetAuthorizationsRequest())).authorizations
    assert [each.current for each in listed] == [True, False]
    await first(account.ResetAuthorizationRequest(listed[1].hash))
    assert await second.get_me() is None


async def test_a_bio_is_kept_and_shown_to_others(town: Town, anna: Person, boris: Person) -> None:
    client, other = await town.sign_in(anna), await town.sign_in(boris)
    await client(account.UpdateProfileRequest(about="Speaks for Acme; a machine helps."))
    full = await other(users.GetFullUserRequest("anna_p"))
    assert full.full_user.about == "Speaks for Acme; a machine helps."
    with pytest.raises(errors.AboutTooLongError):
        await client(account.UpdateProfileRequest(about="x" * 71))


async def test_a_username_moves_with_its_holder(town: Town, anna: Person) -> None:
    client = await town.sign_in(anna)
    await client(account.UpdateUsernameRequest("anna_new"))
    assert (await client.get_entity("@anna_new")).id == anna.id
    with pytest.raises(ValueError, match="anna_p"):
        await client.get_entity("anna_p")


async def test_a_hash_of_another_account_opens_nothing(
    town: Town, anna: Person, boris: Person
) -> None:
    client, other = await town.sign_in(anna), await town.sign_in(boris)
    known = await other.get_input_entity("anna_p")
    with pytest.raises(errors.PeerIdInvalidError):
        await client.send_message(types.InputPeerUser(boris.id, known.access_hash), "hi")


async def test_a_block_is_felt_by_the_other_side(town: Town, anna: Person, boris: Person) -> None:
    client, other = await town.sign_in(anna), await town.sign_in(boris)
    heard = listen(client, events.NewMessage)
    await other.send_message("anna_p", "hi")
    sender = await (await heard.next()).get_input_sender()
    await client(contacts.BlockRequest(sender))
    with pytest.raises(errors.UserIsBlockedError):
        await other.send_message("anna_p", "hello?")
    await client(contacts.UnblockRequest(sender))
    assert (await other.send_message("anna_p", "thanks")).raw_text == "thanks"


async def test_a_member_is_told_when_somebody_comes_online(
    town: Town, anna: Person, boris: Person
) -> None:
    client, other = await town.sign_in(anna), await town.sign_in(boris)
    await other.send_message("anna_p", "hi")
    heard = listen(client, events.UserUpdate)
    await other(account.UpdateStatusRequest(offline=False))
    assert (await heard.next(lambda e: e.online)).user_id == boris.id


async def test_a_two_step_password_is_asked_for_and_checked(town: Town, anna: Person) -> None:
    town.world.set_password(anna, "корова", hint="a pet")
    client = await town.connect()
    await client.send_code_request(anna.phone)
    with pytest.raises(errors.SessionPasswordNeededError):
        await client.sign_in(anna.phone, code="22222")
    assert await client.get_me() is None
    assert (await client(account.GetPasswordRequest())).hint == "a pet"
    with pytest.raises(errors.PasswordHashInvalidError):
        await client.sign_in(password="собака")
    assert (await client.sign_in(password="корова")).id == anna.id


async def test_a_two_step_password_is_set_changed_and_removed(town: Town, anna: Person) -> None:
    client = await town.sign_in(anna)
    await client.edit_2fa(new_password="one", hint="first")
    assert anna.two_step is not None
    assert anna.two_step.hint == "first"
    with pytest.raises(errors.PasswordHashInvalidError):
        await client.edit_2fa("wrong", new_password="two")
    await client.edit_2fa("one", new_password="two")
    other = await town.connect()
    await other.send_code_request(anna.phone)
    with pytest.raises(errors.SessionPasswordNeededError):
        await other.sign_in(anna.phone, code="22222")
    assert await other.sign_in(password="two")
    await client.edit_2fa("two")
    assert anna.two_step is None


async def test_an_invite_link_leads_into_a_private_channel(
    town: Town, boss: Person, anna: Person
) -> None:
    secret = town.world.add_channel("Secret", owner=boss)
    link = town.world.invite_link(secret)
    client = await town.sign_in(anna)
    token = link.rpartition("+")[2]
    seen = await client(messages.CheckChatInviteRequest(token))
    assert (seen.title, seen.broadcast) == ("Secret", True)
    await client(messages.ImportChatInviteRequest(token))
    assert anna.id in secret.members
    assert (await client.get_entity(link)).id == secret.id
    town.world.channels.revoke_invite(secret)
    with pytest.raises(errors.InviteHashInvalidError):
        await client(messages.CheckChatInviteRequest(token))


async def test_the_list_of_sessions_says_when_each_was_last_used(town: Town, anna: Person) -> None:
    resting, client = await town.sign_in(anna), await town.sign_in(anna)
    await resting.get_me()
    then = town.world.clock.now()
    town.world.clock.advance(timedelta(days=2))
    here, there = (await client(account.GetAuthorizationsRequest())).authorizations
    assert here.current
    assert here.date_active - then >= timedelta(days=2) - timedelta(seconds=1)
    assert there.date_active <= then
    assert here.date_created <= then
