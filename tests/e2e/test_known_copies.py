"""Two accounts under one post: Telegram is asked once where it is discussed."""

import pytest
from sqlalchemy import TextClause, text

from simulator.mtproto.faults import Fault, FaultKind
from simulator.world.messages import Message
from tests.e2e.conftest import BORIS, Play

LOOKED_UP = Fault("messages.GetDiscussionMessage", FaultKind.DELAY, seconds=0.001, times=None)
SAY = text(
    """
    WITH said AS (
        INSERT INTO comments (channel_id, message_id, slot, account_id, persona_id, draft_id,
                              grant_id, campaign_id, schedule_id, text, planned_on)
        SELECT c.channel_id, CAST(:post AS bigint), CAST(:slot AS integer), s.account_id,
               c.persona_id, c.draft_id, c.grant_id, c.campaign_id, s.id, 'And then?', c.planned_on
        FROM comments c
        JOIN schedules s ON s.campaign_id = c.campaign_id
        WHERE (s.account_id = c.account_id) = (CAST(:slot AS integer) = 1)
        ORDER BY c.id LIMIT 1
        RETURNING id, account_id, grant_id, text
    )
    INSERT INTO outbox (account_id, kind, comment_id, grant_id, text, random_id, due_at, expires_at)
    SELECT account_id, 'comment', id, grant_id, text, id, now(), now() + interval '1 hour'
    FROM said
    """
)
MISLEAD = text(
    "UPDATE posts SET group_message_id = group_message_id + 5000 WHERE message_id = :post"
)

KNOWN = text(
    """
    SELECT count(*) FROM account_entities
    WHERE telegram_id = (SELECT linked_group_id FROM grants)
    """
)


async def change(play: Play, statement: TextClause, **values: int) -> None:
    """Change rows behind Troupe's back, and ring for the lanes."""
    async with play.company.engine.begin() as connection:
        await connection.execute(statement, values)
        await connection.execute(text("NOTIFY troupe, 'outbox'"))


@pytest.fixture
async def pair(cast: Play) -> Play:
    """Anna and Boris, who may both speak under a post."""
    await cast.engage(BORIS)
    await cast.grant(per_post=2)
    await cast.campaign()
    cast.theatre.server.faults.add(LOOKED_UP)
    return cast


async def both_know_the_group(play: Play) -> bool:
    """Tell whether both accounts' access to the group is stored, a moment after they met it."""
    async with play.company.engine.connect() as connection:
        return int((await connection.execute(KNOWN)).scalar_one()) == 2


async def both_have_spoken(play: Play) -> Message:
    """Let both speak under one post; returns the next one, under which nobody has."""
    first = await play.publish()
    await play.until_decided()
    await change(play, SAY, post=first.id, slot=2)
    await play.until_decided()
    assert len(play.said(first)) == 2
    await play.until(lambda: both_know_the_group(play))
    second = await play.publish()
    await play.until_decided(2)
    return second


async def test_a_post_that_one_account_looked_up_is_not_looked_up_by_the_next(pair: Play) -> None:
    faults = pair.theatre.server.faults
    async with pair.company.running_node():
        post = await both_have_spoken(pair)
        asked = len(faults.met)
        for slot in (1, 2):
            await change(pair, SAY, post=post.id, slot=slot)
            await pair.until_decided(2)
    assert len(pair.said(post)) == 2
    assert len(faults.met) == asked + 1


async def test_a_copy_that_is_gone_is_looked_up_anew(pair: Play) -> None:
    faults = pair.theatre.server.faults
    async with pair.company.running_node():
        post = await both_have_spoken(pair)
        asked = len(faults.met)
        await change(pair, SAY, post=post.id, slot=1)
        await pair.until_decided(2)
        await change(pair, MISLEAD, post=post.id)
        await change(pair, SAY, post=post.id, slot=2)
        await pair.until_decided(2)
    assert len(pair.said(post)) == 2
    assert len(faults.met) == asked + 2
