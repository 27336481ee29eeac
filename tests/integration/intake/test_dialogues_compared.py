"""A person's message that no update told of is found by comparing, and heard as a live one is."""

import pytest

from orchestrator.ids import TelegramId
from orchestrator.intake import correspondence
from orchestrator.ports.logs import OperationKind
from orchestrator.ports.telegram import Peer
from simulator.mtproto.faults import Fault, FaultKind
from simulator.world.messages import Draft
from tests.integration.intake.house import House

DEAF = Fault("*", FaultKind.DROP_UPDATES, times=None)


async def test_messages_that_no_update_told_of_are_recorded_and_counted(house: House) -> None:
    async with house.open() as client:
        await house.correspondence(client).compare()
        house.server.faults.add(DEAF)
        other = house.world.add_person("+9996644444", "Pavel")
        for number in range(5):
            house.world.send_private(house.owner, house.anna, f"olga {number}")
            house.world.send_private(other, house.anna, f"pavel {number}")
        await house.correspondence(client).compare()
        assert sorted(await house.messages()) == sorted(
            f"{who} {number}" for who in ("olga", "pavel") for number in range(5)
        )
        await house.correspondence(client).compare()
    assert await house.late_messages() == 10
    assert house.operations.kinds().count(OperationKind.RECOVER_UPDATES) == 1


async def test_a_stop_word_that_no_update_told_of_ends_the_conversation(house: House) -> None:
    async with house.open() as client:
        house.server.faults.add(DEAF)
        house.world.send_private(house.owner, house.anna, "Стоп")
        await house.correspondence(client).compare()
    assert await house.sql("SELECT reason FROM opt_outs") == [("stop_word",)]
    assert await house.sql("SELECT state FROM conversations") == [("closed",)]


async def test_what_was_said_before_the_account_was_with_us_is_not_taken(house: House) -> None:
    async with house.open() as client:
        house.server.faults.add(DEAF)
        house.world.send_private(house.owner, house.anna, "old")
        await house.sql("UPDATE accounts SET created_at = now() + interval '1 hour'")
        await house.correspondence(client).compare()
        await house.correspondence(client).compare()
    assert await house.messages() == []


async def test_a_run_fetches_a_bounded_number_of_pages_and_the_next_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correspondence, "PAGES_AT_ONCE", 1)
    async with house.open() as client:
        house.server.faults.add(DEAF)
        for number in range(250):
            house.world.send_private(house.owner, house.anna, str(number))
        for expected in (100, 200, 250):
            await house.correspondence(client).compare()
            assert len(await house.messages()) == expected
        upto = await house.sql("SELECT dialogues_upto, dialogues_progress FROM account_watch")
    assert upto == [(house.anna.inbox.last_id, {})]


async def test_a_difference_that_is_too_long_makes_the_comparison_due(house: House) -> None:
    async with house.open() as client:
        await house.correspondence(client).compare()
    house.world.limits.account = 10
    for number in range(30):
        house.world.send_private(house.owner, house.anna, str(number))
    async with house.open() as client:
        await house.correspondence(client).compare_due()
    assert await house.messages() == [str(number) for number in range(30)]


async def test_our_own_words_are_not_taken_for_a_persons(house: House) -> None:
    async with house.open() as client:
        house.server.faults.add(DEAF)
        house.world.send_private(house.anna, house.owner, "ours")
        house.world.send_private(house.owner, house.anna, "theirs")
        await house.correspondence(client).compare()
    assert await house.messages() == ["theirs"]


async def test_a_message_carries_what_an_answer_needs(house: House) -> None:
    house.world.send_private(house.owner, house.anna, "hello")
    async with house.open() as client:
        peer = await client.person(TelegramId(house.owner.id))
        await house.until_recorded(1)
    assert isinstance(peer, Peer)
    stored = await house.sql(
        "SELECT access_hash FROM account_entities WHERE kind = 'user' AND telegram_id = :user",
        user=house.owner.id,
    )
    assert stored == [(peer.access_hash,)]
    assert await house.messages() == ["hello"]


async def test_edits_and_deletions_that_no_update_told_of_are_found_and_counted(
    house: House,
) -> None:
    for words in ("first", "second", "third"):
        house.world.send_private(house.owner, house.anna, words)
    theirs = house.world.messages_of((house.owner, house.anna))
    async with house.open() as client:
        await house.correspondence(client).compare()
        await house.until_recorded(3)
        before = await house.late_messages()
        house.server.faults.add(DEAF)
        house.world.private_talk.edit(house.owner, theirs[0].id, Draft("stop"))
        house.world.private_talk.delete(house.owner, [theirs[1].id], revoke=True)
        for _ in range(2):
            await house.correspondence(client).compare()
    rows = await house.sql(
        "SELECT text, first_text, deleted_at IS NOT NULL FROM messages ORDER BY 1"
    )
    assert rows == [("second", None, True), ("stop", "first", False), ("third", None, False)]
    assert await house.late_messages() == before + 2
    assert await house.sql("SELECT reason FROM opt_outs") == [("stop_word",)]


@pytest.mark.parametrize("away", [False, True])
async def test_what_a_person_changes_takes_back_and_reads_is_kept(house: House, away: bool) -> None:
    def speak() -> None:
        talk = house.world.private_talk
        talk.edit(house.owner, theirs[0].id, Draft("better"))
        talk.delete(house.owner, [theirs[1].id], revoke=True)

    house.world.send_private(house.owner, house.anna, "first")
    house.world.send_private(house.owner, house.anna, "second")
    theirs = house.world.messages_of((house.owner, house.anna))
    async with house.open():
        await house.until_recorded(2)
        if not away:
            speak()
            await house.until("SELECT count(*) = 1 FROM messages WHERE deleted_at IS NOT NULL")
    if away:
        speak()
        async with house.open():
            await house.until("SELECT count(*) = 1 FROM messages WHERE deleted_at IS NOT NULL")
    rows = await house.sql(
        "SELECT text, first_text, deleted_at IS NOT NULL FROM messages ORDER BY 1"
    )
    assert rows == [("better", "first", False), ("second", None, True)]
