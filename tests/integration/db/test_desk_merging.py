"""Merging tickets from outside of Telegram."""

import pytest

from orchestrator.errors import BadInput, NotAllowed, NotFound
from orchestrator.service.merging import Merging
from support.actor import THE_CLOCK
from tests.integration.db.desk_scene import OLGA, Desk, the_client


async def test_two_tickets_become_one_and_every_other_way_is_refused(desk: Desk) -> None:
    merging = Merging(desk.stores.tickets)
    client = await desk.client()
    first = (await desk.open(client)).ticket.id
    await desk.say(first, the_client(client), "hello")
    await desk.stores.tickets.finish(desk.act(), first, THE_CLOCK)
    second = (await desk.open(client, topic="return")).ticket.id
    stranger = await desk.ticket()
    with pytest.raises(BadInput, match="itself"):
        await merging.merge(OLGA, first, first)
    with pytest.raises(NotAllowed, match="different clients"):
        await merging.merge(OLGA, first, stranger)
    with pytest.raises(NotFound, match="no ticket"):
        await merging.merge(OLGA, first, 10**9)
    assert (await merging.merge(OLGA, first, second)).id == second
    with pytest.raises(NotAllowed, match="already"):
        await merging.merge(OLGA, first, second)
    with pytest.raises(NotAllowed, match="name that one"):
        await merging.merge(OLGA, second, first)
    [event] = [
        one for one in await desk.stores.tickets.events(second) if one.action == "merge_here"
    ]
    assert (event.by, event.payload) == ("olga", {"ticket": first})
