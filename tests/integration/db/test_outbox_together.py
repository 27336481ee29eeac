"""Many lanes ask the gate at once: one statement answers, and nobody waits for somebody's lock."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from db.stores.outbox import PostgresOutbox
from orchestrator.ids import MessageId, OutboxId
from orchestrator.outbox.gate import GateTerms, Verdict
from orchestrator.ports.outbox import Claim, Holder
from orchestrator.ports.telegram import Sent
from tests.integration.db.conftest import Scene
from tests.integration.db.test_outbox_desk import another_account

TERMS = GateTerms()


@pytest.fixture
async def pair(scene: Scene) -> tuple[tuple[Holder, OutboxId], tuple[Holder, OutboxId]]:
    """A message of Anna's and one of Boris', both welcome."""
    first, second = await scene.queued(1), await scene.queued(2)
    boris = await another_account(scene)
    await scene.stores.accounts.record_disclosure(boris.account, boris.fence, disclosed=True)
    await scene.sql("UPDATE outbox SET account_id = :b WHERE id = :m", b=boris.account, m=second)
    return (scene.holder, first), (boris, second)


async def claims(scene: Scene, *asked: tuple[Holder, OutboxId]) -> list[Claim]:
    outbox = scene.stores.outbox
    return await asyncio.gather(
        *(outbox.claim_if_welcome(holder, message, TERMS) for holder, message in asked)
    )


async def test_each_account_is_judged_for_itself(
    scene: Scene, pair: tuple[tuple[Holder, OutboxId], tuple[Holder, OutboxId]]
) -> None:
    await scene.sql("UPDATE accounts SET state = 'paused' WHERE name = 'boris'")
    anna, boris = await claims(scene, *pair)
    assert (anna.verdict, boris.verdict) == (Verdict.WELCOME, Verdict.ACCOUNT_PARKED)


async def test_those_who_ask_together_are_answered_by_few_statements(
    scene: Scene, pair: tuple[tuple[Holder, OutboxId], tuple[Holder, OutboxId]]
) -> None:
    asked: list[str] = []
    listen = scene.engine.sync_engine
    event.listen(listen, "before_cursor_execute", lambda *told: asked.append(told[2]), named=False)
    found = await claims(scene, *pair)
    assert [claim.verdict for claim in found] == [Verdict.WELCOME] * 2
    assert len([one for one in asked if "speaker AS" in one]) == 1
    now = datetime.now(UTC)
    await asyncio.gather(
        *(
            scene.stores.outbox.record_sent(holder, message, Sent(MessageId(message), now))
            for holder, message in pair
        )
    )
    assert len([one for one in asked if "settled AS" in one]) == 1
    assert await scene.sql("SELECT count(*) FROM comments WHERE status = 'sent'") == 2


async def test_a_row_that_somebody_holds_stops_one_lane_and_not_the_others(
    scene: Scene, pair: tuple[tuple[Holder, OutboxId], tuple[Holder, OutboxId]]
) -> None:
    async with scene.engine.begin() as connection:
        await connection.execute(text("SELECT 1 FROM accounts WHERE name = 'boris' FOR UPDATE"))
        blocked = asyncio.create_task(claims(scene, pair[1]))
        [anna] = await claims(scene, pair[0])
        assert anna.verdict is Verdict.WELCOME
        assert not blocked.done()
    [boris] = await blocked
    assert boris.verdict is Verdict.WELCOME


async def test_two_messages_of_one_account_are_never_judged_in_one_statement(scene: Scene) -> None:
    await scene.sql("UPDATE schedules SET comments_per_day = 1")
    messages = [await scene.queued(number) for number in (1, 2)]
    found = await claims(scene, *((scene.holder, message) for message in messages))
    assert sorted(claim.verdict for claim in found) == [Verdict.DAILY_LIMIT, Verdict.WELCOME]


async def test_a_claim_that_nobody_waits_for_any_more_is_given_back(scene: Scene) -> None:
    message = await scene.queued()
    outbox = scene.stores.outbox
    assert isinstance(outbox, PostgresOutbox)
    asking = asyncio.create_task(outbox.claim_if_welcome(scene.holder, message, TERMS))
    while outbox.exchange.waiting or not outbox.exchange.answering:  # noqa: ASYNC110 - one turn
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await asyncio.gather(*outbox.exchange.answering)
    state = await scene.sql("SELECT state || attempts FROM outbox WHERE id = :m", m=message)
    assert state == "due0"


async def test_one_bad_proof_fails_and_the_next_is_stored(scene: Scene) -> None:
    message = await scene.queued()
    outbox = scene.stores.outbox
    await outbox.claim_if_welcome(scene.holder, message, TERMS)
    with pytest.raises(DBAPIError):
        await outbox.record_sent(scene.holder, message, Sent(MessageId(2**70), datetime.now(UTC)))
    proof = Sent(MessageId(7), datetime.now(UTC) - timedelta(seconds=1))
    await outbox.record_sent(scene.holder, message, proof)
    assert await scene.sql("SELECT state FROM outbox WHERE id = :m", m=message) == "sent"
