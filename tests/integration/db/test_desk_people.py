"""Clients, staff and technicians in PostgreSQL."""

import pytest

from db.encryption import Cipher
from db.keys import Keyring, new_key, read_keys
from db.rotation import reencrypt_all
from db.stores.desk_clients import PostgresClients
from orchestrator.errors import AlreadyExists, BadInput, NotAllowed, NotFound
from support.ids import ChatId, TgUserId
from support.languages import Language
from support.people import ClientSeen, NewStaff, NewTechnician, Role, UserStatus
from support.phones import read_phone
from tests.integration.db.desk_scene import OLGA, Desk


async def test_a_client_keeps_the_language_they_chose_and_takes_a_new_name(desk: Desk) -> None:
    clients = desk.stores.clients
    first = await clients.see_client(ClientSeen(TgUserId(7), "ann", "Ann", "en-GB"))
    assert first.language is Language.EN
    await clients.set_language(first.id, Language.RU)
    again = await clients.see_client(ClientSeen(TgUserId(7), "anna", "Anna", "en"))
    assert (again.id, again.language, again.username) == (first.id, Language.RU, "anna")


async def test_a_phone_number_is_encrypted_and_rotates_with_the_keys(
    desk: Desk, cipher: Cipher
) -> None:
    client = await desk.client()
    phone = read_phone("8 (999) 000-11-22")
    assert phone is not None
    await desk.stores.clients.set_phone(client, phone)
    stored = await desk.sql("SELECT phone_encrypted FROM clients")
    assert b"79990001122" not in stored
    assert await desk.stores.clients.phone_of(client) == "+79990001122"
    newer = Cipher(Keyring((*read_keys(new_key(), "a test"), *cipher.keyring.keys), "a test"))
    assert await reencrypt_all(desk.engine, newer) == 1
    assert await desk.sql("SELECT phone_encrypted FROM clients") != stored
    rotated = PostgresClients(desk.engine, newer)
    assert await rotated.phone_of(client) == "+79990001122"
    assert (await rotated.client(client)).phone_hint == "1122"


async def test_a_client_is_blocked_once_and_on_record(desk: Desk) -> None:
    client = await desk.client()
    assert await desk.stores.clients.block(OLGA, client)
    assert not await desk.stores.clients.block(OLGA, client)
    assert (await desk.stores.clients.client(client)).is_blocked
    assert await desk.stores.clients.unblock(OLGA, client)
    written = await desk.sql(
        "SELECT count(*) FROM audit_log WHERE subject = :who", who=f"client {client}"
    )
    assert written == 2


async def test_who_comes_back_is_no_longer_gone(desk: Desk) -> None:
    client = await desk.client()
    await desk.stores.clients.mark_left(client, has_left=True)
    gone = await desk.stores.clients.client(client)
    seen = ClientSeen(gone.telegram_id, None, "Ivan")
    assert (gone.has_left, (await desk.stores.clients.see_client(seen)).has_left) == (True, False)


async def test_the_first_admins_are_seeded_once(desk: Desk) -> None:
    staff = desk.stores.staff
    supreme, dev = [TgUserId(1), TgUserId(2)], [TgUserId(2)]
    assert await staff.seed_admins(OLGA, supreme, dev) == 2
    assert await staff.seed_admins(OLGA, supreme, dev) == 0
    assert {one.telegram_id for one in await staff.staff(Role.ADMIN)} == {1, 2}


async def test_the_last_admin_stays_admin(desk: Desk) -> None:
    staff = desk.stores.staff
    only = await desk.operator("root", Role.ADMIN)
    with pytest.raises(NotAllowed, match="last admin"):
        await staff.set_roles(OLGA, only, frozenset({Role.OPERATOR}))
    with pytest.raises(NotAllowed, match="last admin"):
        await staff.set_status(OLGA, only, UserStatus.SUSPENDED)
    await desk.operator("second", Role.ADMIN)
    now = await staff.set_roles(OLGA, only, frozenset({Role.OPERATOR}))
    assert now.roles == {Role.OPERATOR}


async def test_a_name_and_a_number_of_two_people_make_no_third(desk: Desk) -> None:
    await desk.operator("anna")
    staff = desk.stores.staff
    roles = frozenset({Role.OPERATOR})
    with pytest.raises(AlreadyExists):
        await staff.add_staff(OLGA, NewStaff("anna", TgUserId(1), roles))
    with pytest.raises(BadInput):
        await staff.add_staff(OLGA, NewStaff("nobody", TgUserId(2), frozenset()))


async def test_an_operator_who_pressed_start_is_known_by_name_or_number(desk: Desk) -> None:
    staff = desk.stores.staff
    anna = await desk.operator("anna")
    number = (await staff.staff_member(anna)).telegram_id
    assert number is not None
    seen = await staff.see_staff(number, "ann_op", "Anna A.", started=True)
    assert seen is not None
    assert (seen.has_started, seen.name, seen.takes_tickets) == (True, "Anna A.", True)
    for name in ("anna", "@ANN_OP", str(number)):
        assert (await staff.staff_named(name)).id == anna
    assert await staff.see_staff(TgUserId(1), None, "stranger", started=True) is None
    with pytest.raises(NotFound, match=r"Anna A\.|anna"):
        await staff.staff_named("vera")


async def test_technicians_follow_the_mapping(desk: Desk) -> None:
    technicians = desk.stores.technicians
    mapping = {"Masha": ChatId(-1), "Petya": ChatId(-2)}
    assert await technicians.apply_mapping(OLGA, mapping) == 2
    assert await technicians.apply_mapping(OLGA, mapping) == 0
    assert await technicians.apply_mapping(OLGA, {"Petya": ChatId(-3)}) == 1
    assert [one.name for one in await technicians.technician_of_group(ChatId(-3))] == ["Petya"]
    await technicians.put_technician(OLGA, NewTechnician("Masha", TgUserId(5)))
    with pytest.raises(BadInput, match="Masha"):
        await technicians.put_technician(OLGA, NewTechnician("Petya", TgUserId(5)))
