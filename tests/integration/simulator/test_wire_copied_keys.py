"""A key that is used from two addresses at once is dead for both."""

import pytest
from telethon import errors
from telethon.tl.functions.help import GetNearestDcRequest

from simulator.world.people import Person
from tests.integration.simulator.conftest import Street
from tests.integration.simulator.wire import all_gone

ASK = GetNearestDcRequest()


async def test_a_key_used_from_two_addresses_is_dead_for_both(street: Street, anna: Person) -> None:
    session = street.session_of(anna)
    first = await street.enter(anna, session, local_addr="127.0.0.9")
    assert (await first.get_me()).id == anna.id
    with pytest.raises(errors.AuthKeyDuplicatedError):
        await street.enter(anna, session, local_addr="127.0.0.10")
    with pytest.raises(errors.AuthKeyDuplicatedError):
        await first(ASK)
    assert street.world.logins.keys_of(anna.id) == ()


async def test_a_copied_key_is_on_record_and_stays_dead(street: Street, anna: Person) -> None:
    session = street.session_of(anna)
    first = await street.enter(anna, session, local_addr="127.0.0.9")
    with pytest.raises(errors.AuthKeyDuplicatedError):
        await street.enter(anna, session, local_addr="127.0.0.10")
    (seen,) = street.server.seen_twice
    assert seen.user == anna.id
    assert sorted(seen.addresses) == ["127.0.0.10", "127.0.0.9"]
    await first.disconnect()
    with pytest.raises(errors.AuthKeyDuplicatedError):
        await street.enter(anna, session, local_addr="127.0.0.9")
    assert street.server.seen_twice == (seen,)


async def test_a_key_may_move_to_another_address(street: Street, anna: Person) -> None:
    session = street.session_of(anna)
    for host in (9, 10):
        client = await street.enter(anna, session, local_addr=f"127.0.0.{host}")
        assert (await client.get_me()).id == anna.id
        (key_id,) = street.world.logins.keys_of(anna.id)
        assert street.server.listener.book.addresses(key_id) == {f"127.0.0.{host}"}
        await client.disconnect()
        assert await all_gone(street.server)
    assert street.server.seen_twice == ()


async def test_two_connections_from_one_address_share_a_key(street: Street, anna: Person) -> None:
    session = street.session_of(anna)
    clients = [await street.enter(anna, session) for _ in range(2)]
    for client in clients:
        assert (await client(ASK)).this_dc
    assert street.server.seen_twice == ()
