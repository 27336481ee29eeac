"""Edits of messages whose copies are on their way: each copy is edited, and edited once."""

import pytest

from orchestrator.ports.desk import (
    Amendment,
    BotId,
    DoorStores,
    DueParcel,
    MessageAt,
    Outcome,
    Parcel,
    ParcelState,
)
from support.ids import ChatId, TgMessageId
from tests.integration.desk.stand import Stand

BOT, CLIENT, OPERATOR = BotId(7), ChatId(100), ChatId(200)
SAID = MessageAt(CLIENT, TgMessageId(1))
NEW_WORDS = Amendment("editMessageText", {"text": "new"})


async def on_its_way(door: DoorStores, state: ParcelState) -> DueParcel:
    """Queue a copy of what the client said, and let it come as far as that."""
    await door.parcels.queue_parcels(
        BOT, [Parcel("r:1", "sendMessage", OPERATOR, {"text": "old"}, source=SAID)]
    )
    (copy,) = await door.parcels.due_parcels(BOT, (), 10)
    if state is not ParcelState.DUE:
        await door.parcels.claim_parcels("node", [copy.id])
    if state is ParcelState.HELD:
        await door.parcels.settle_parcel(BOT, Outcome(copy, ParcelState.HELD))
    return copy


async def arrives(door: DoorStores, copy: DueParcel) -> None:
    """Let a copy arrive as message 5 of the operator's chat."""
    await door.parcels.settle_parcel(BOT, Outcome(copy, ParcelState.SENT, TgMessageId(5)))


@pytest.mark.parametrize("state", [ParcelState.DUE, ParcelState.SENDING, ParcelState.HELD])
async def test_a_copy_on_its_way_is_edited_once_it_is_known_where_it_stands(
    stand: Stand, state: ParcelState
) -> None:
    async with stand.door() as made:
        door = made.door
        copy = await on_its_way(door, state)
        (late,) = await door.relays.on_their_way(BOT, SAID)
        assert (late.parcel, late.chat) == (copy.id, OPERATOR)
        await door.parcels.amend_parcels({late.parcel: Amendment("editMessageText", {"text": "?"})})
        await door.parcels.amend_parcels({late.parcel: NEW_WORDS})
        assert not await door.relays.copies(BOT, SAID)
        if state is ParcelState.HELD:
            assert await door.parcels.release_held(BOT, OPERATOR) == 1
        await arrives(door, copy)
        (edit,) = await door.parcels.due_parcels(BOT, (), 10)
        wanted = {"chat_id": OPERATOR, "message_id": 5, "text": "new"}
        assert (edit.parcel.method, edit.parcel.params) == ("editMessageText", wanted)


async def test_a_copy_that_arrived_between_the_two_questions_is_among_the_copies(
    stand: Stand,
) -> None:
    async with stand.door() as made:
        door = made.door
        copy = await on_its_way(door, ParcelState.SENDING)
        (late,) = await door.relays.on_their_way(BOT, SAID)
        await arrives(door, copy)
        await door.parcels.amend_parcels({late.parcel: NEW_WORDS})
        assert [one.message for one in await door.relays.copies(BOT, SAID)] == [5]
        assert not await door.parcels.due_parcels(BOT, (), 10)


async def test_a_copy_that_does_not_arrive_is_not_edited(stand: Stand) -> None:
    async with stand.door() as made:
        door = made.door
        copy = await on_its_way(door, ParcelState.SENDING)
        await door.parcels.amend_parcels({copy.id: NEW_WORDS})
        await door.parcels.settle_parcel(BOT, Outcome(copy, ParcelState.FAILED, error="refused"))
        assert not await door.parcels.due_parcels(BOT, (), 10)
