"""A desk that is asked to stop records what is answered by then, and leaves no doubt."""

import asyncio
from collections.abc import Sequence

import pytest

from db.stores.desk_parcels import PostgresParcels
from desk.courier import Courier
from orchestrator.ports.desk import BotId, Outcome, ParcelId
from tests.integration.desk.stand import PATIENCE, Stand
from tests.integration.desk.test_killed import fetch


async def test_what_is_answered_while_the_desk_stops_is_on_record(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed, stopping = asyncio.Event(), asyncio.Event()
    claim, settle = PostgresParcels.claim_parcels, PostgresParcels.settle_parcel
    stop = Courier.stop

    async def claim_and_wait(
        self: PostgresParcels, by: str, parcels: Sequence[ParcelId]
    ) -> frozenset[ParcelId]:
        found = await claim(self, by, parcels)
        claimed.set()
        await stopping.wait()
        return found

    async def settle_after_others(self: PostgresParcels, bot: BotId, outcome: Outcome) -> None:
        for _ in range(50):
            await asyncio.sleep(0)
        await settle(self, bot, outcome)

    async def tell_and_stop(self: Courier) -> None:
        stopping.set()
        await stop(self)

    monkeypatch.setattr(PostgresParcels, "claim_parcels", claim_and_wait)
    monkeypatch.setattr(PostgresParcels, "settle_parcel", settle_after_others)
    monkeypatch.setattr(Courier, "stop", tell_and_stop)
    async with stand.open():
        anna = stand.person("Anna")
        stand.say(anna, "/start")
        async with asyncio.timeout(PATIENCE):
            await claimed.wait()
    assert [one.text[:12] for one in stand.told(anna) if one.author != anna.id] == ["Здравствуйте"]
    assert [one[0] for one in await fetch(stand, "SELECT state FROM desk_parcels")] == ["sent"]
