"""A handler that is killed half way runs again: what it decided stands, and is said all the same.

Each update is handled twice here, and what was to be said the first time is thrown away, as it is
for a process that dies before the end of the update is stored.
"""

import asyncio
from collections.abc import Sequence

import pytest

from desk.dispatch import Switchboard
from orchestrator.ports.desk import Parcel, WaitingUpdate
from tests.integration.desk.forum import forum_on
from tests.integration.desk.lives import life_in_topics, life_with_an_operator
from tests.integration.desk.stand import Stand

EXCERPT = "Что уже сказано"
handle_once = Switchboard.handle


@pytest.fixture
def differing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Handle everything twice; what is said differently the second time stands in the list."""
    found: list[str] = []
    alone = asyncio.Lock()

    async def handle_twice(desk: Switchboard, waiting: WaitingUpdate) -> Sequence[Parcel]:
        # What others do between the two tries would be told differently with good reason.
        async with alone:
            first = await handle_once(desk, waiting)
            second = await handle_once(desk, waiting)
        if said(first) != said(second):
            found.append(f"{dict(waiting.update.content)}\n{said(first)}\n{said(second)}")
        return second

    monkeypatch.setattr(Switchboard, "handle", handle_twice)
    return found


def said(parcels: Sequence[Parcel]) -> list[tuple[str, object, object]]:
    """Return what parcels say, but for relays and their excerpt.

    What was relayed by others between the two times is not relayed again, and may be more than it
    was: their unique keys see to it that each arrives once.
    """
    return [
        (one.method, one.chat, one.params)
        for one in parcels
        if not one.key.startswith("r:") and EXCERPT not in str(one.params.get("text"))
    ]


async def test_the_life_of_a_ticket_with_an_operator_is_told_alike_twice(
    stand: Stand, differing: list[str]
) -> None:
    async with stand.open() as door:
        await life_with_an_operator(stand, door)
    assert not differing, "\n\n".join(differing)


async def test_the_life_of_a_ticket_in_topics_is_told_alike_twice(
    stand: Stand, differing: list[str]
) -> None:
    async with forum_on(stand) as forum:
        await life_in_topics(forum)
    assert not differing, "\n\n".join(differing)
