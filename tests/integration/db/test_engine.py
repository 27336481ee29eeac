"""What PostgreSQL's failures look like to the rest of Troupe, and that transactions never block."""

import asyncio
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import URL, make_url, text

from db.engine import create_engine, transaction
from db.tables.house import settings
from orchestrator.errors import NotAllowed, ServersUnavailable, TroupeError
from orchestrator.facts import PostsDeleted
from orchestrator.ids import MessageId, OutboxId, TelegramId
from orchestrator.outbox.gate import GateTerms
from orchestrator.ports.accounts import AccountState
from orchestrator.ports.campaigns import CampaignState
from orchestrator.ports.telegram import Sent
from tests.integration.db.conftest import CHANNEL, GROUP, NODE, OLGA, Scene, new_grant, seen


@pytest.mark.parametrize(
    "change", [{"password": "wrong"}, {"database": "nowhere"}, {"port": 9}, {"username": "nobody"}]
)
async def test_a_server_that_does_not_let_us_in_is_said_to_be_unavailable(
    database_url: str, change: dict[str, object]
) -> None:
    url: URL = make_url(database_url).set(**change)  # type: ignore[arg-type]
    engine = create_engine(url.render_as_string(hide_password=False))
    with pytest.raises(ServersUnavailable, match="DATABASE_URL"):
        async with transaction(engine):
            pass
    await engine.dispose()


async def test_a_connection_that_was_cut_is_an_outage_and_the_next_one_works(
    database_url: str,
) -> None:
    engine = create_engine(database_url, pool_size=1, overflow=0)
    with pytest.raises(ServersUnavailable):
        async with transaction(engine) as connection:
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    async with transaction(engine) as connection:
        assert (await connection.execute(text("SELECT 1"))).scalar() == 1
    await engine.dispose()


async def test_a_connection_that_broke_while_it_rested_is_replaced_unnoticed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.engine.REST_SECONDS", 0.0)
    engine = create_engine(database_url, pool_size=1, overflow=0)
    other = create_engine(database_url)
    async with transaction(engine) as connection:
        pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar()
    async with transaction(other) as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    async with transaction(engine) as connection:
        assert (await connection.execute(text("SELECT pg_backend_pid()"))).scalar() != pid
    await engine.dispose()
    await other.dispose()


async def test_json_goes_in_and_out_as_it_is(database_url: str) -> None:
    value = {"текст": [1, 2.5, None, True, {"вложено": '\\u0000 и " и \n'}], "big": 2**60}
    engine = create_engine(database_url)
    async with transaction(engine) as connection:
        await connection.execute(settings.insert().values(key="k", value=value, changed_by="olga"))
        assert (await connection.execute(settings.select())).one().value == value
    await engine.dispose()


class Commotion:
    """Everything that may happen around one channel, in any order and at once."""

    def __init__(self, scene: Scene, messages: list[OutboxId]) -> None:
        self.scene, self.stores, self.messages = scene, scene.stores, messages
        self.dice = random.Random(7)  # noqa: S311 - a choice of acts, not a secret
        self.refused: list[str] = []

    async def act_often(self) -> None:
        acts = [
            *[self.claim_and_settle] * 12,
            *[self.speak] * 8,
            self.grant_anew,
            self.swap_group,
            self.delete_posts,
            self.change_states,
            self.restart_campaign,
            self.cancel,
        ]
        for _ in range(40):
            try:
                await self.dice.choice(acts)()
            except TroupeError as error:
                self.refused.append(str(error))

    async def claim_and_settle(self) -> None:
        outbox, holder = self.stores.outbox, self.scene.holder
        message = self.dice.choice(self.messages[-5:])
        await outbox.claim_if_welcome(holder, message, GateTerms())
        match self.dice.randint(1, 5):
            case 1:
                await outbox.give_back(holder, message)
            case 2:
                await outbox.record_sent(holder, message, Sent(MessageId(1), datetime.now(UTC)))
            case 3:
                await outbox.record_unknown(holder, message, "?", timedelta())
            case 4:
                await outbox.put_off(holder, message, timedelta(), "later", attempted=False)
            case _:
                await outbox.fail(holder, message, "no")

    async def speak(self) -> None:
        post = await self.scene.post(self.dice.randint(1, 400))
        context = await self.stores.drafting.post_context(post)
        if context is None or context.grant is None or not context.turns:
            return
        draft = self.scene.draft_in(context)
        held = await self.stores.drafting.hold_for_review(draft)
        if held is not None:
            now = datetime.now(UTC)
            await self.stores.review.approve_and_queue(OLGA, held, now, now + timedelta(hours=1))
        comment = await self.stores.drafting.queue_comment(draft)
        if comment is not None:
            found = await self.scene.sql("SELECT id FROM outbox WHERE comment_id = :c", c=comment)
            message = OutboxId(found)
            await self.stores.outbox.address(self.scene.holder, message, self.scene.thread())
            self.messages.append(message)

    async def grant_anew(self) -> None:
        grants = self.stores.grants
        for grant in await grants.grants(self.scene.channel):
            if grant.revoked_at is None:
                await grants.revoke_and_cancel(OLGA, grant.id)
        await grants.add_grant(OLGA, new_grant(self.scene.channel, self.scene.anna))

    async def swap_group(self) -> None:
        for group in (TelegramId(999), GROUP):
            now = datetime.now(UTC)
            await self.stores.channels.record_channel_seen(self.scene.anna, seen(group), now)

    async def delete_posts(self) -> None:
        gone = tuple(MessageId(self.dice.randint(1, 400)) for _ in range(40))
        deletion = PostsDeleted(self.scene.anna, CHANNEL, gone)
        await self.stores.intake.record_posts_deleted(deletion)

    async def change_states(self) -> None:
        anna, fence = self.scene.anna, self.scene.holder.fence
        for state in (AccountState.PAUSED, AccountState.ACTIVE):
            await self.stores.accounts.set_account_state(OLGA, anna, state, None)
        await self.stores.accounts.record_disclosure(anna, fence, disclosed=True)
        await self.stores.leases.renew_leases(NODE, {anna: fence})

    async def restart_campaign(self) -> None:
        stores, campaign = self.stores.campaigns, self.scene.campaign
        with suppress(NotAllowed):  # Somebody else may be at it.
            for state in (CampaignState.PAUSED, CampaignState.STOPPED):
                await stores.set_campaign_state(OLGA, campaign, state)
        for what in ("campaigns SET state = 'running'", "schedules SET is_active = true"):
            await self.scene.sql(f"UPDATE {what}")  # what a stop ends for good

    async def can_still_speak(self) -> bool:
        """Put things in order again, and have one more message claimed."""
        await self.swap_group()
        await self.change_states()
        await self.restart_campaign()
        await self.grant_anew()
        message = await self.scene.queued(1000)
        claim = await self.stores.outbox.claim_if_welcome(self.scene.holder, message, GateTerms())
        return claim.letter is not None

    async def cancel(self) -> None:
        await self.stores.outbox.cancel_message(OLGA, self.dice.choice(self.messages))


MOST_IN_ONE_PLACE = """
    SELECT max(n) FROM (
        SELECT count(*) AS n FROM comments WHERE status <> 'failed'
        GROUP BY channel_id, message_id, slot) AS places
"""
DISAGREEING = """
    SELECT count(*) FROM outbox o JOIN comments c ON c.id = o.comment_id
    WHERE c.status <> CASE o.state
        WHEN 'due' THEN 'pending'
        WHEN 'cancelled' THEN 'failed'
        WHEN 'sending' THEN CASE WHEN o.unsettled THEN 'unknown' ELSE 'pending' END
        ELSE o.state END
"""


async def test_whatever_happens_at_once_nothing_deadlocks_and_all_agrees(scene: Scene) -> None:
    await scene.sql("UPDATE schedules SET comments_per_day = 30000")
    await scene.sql("UPDATE grants SET comments_per_post = 3")
    messages = [await scene.queued(number) for number in range(1, 9)]
    commotion = Commotion(scene, messages)
    await asyncio.gather(*(commotion.act_often() for _ in range(8)))
    assert not [sentence for sentence in commotion.refused if "PostgreSQL" in sentence]
    assert await commotion.can_still_speak()
    assert await scene.sql(MOST_IN_ONE_PLACE) == 1
    assert await scene.sql(DISAGREEING) == 0
