"""Each row of the error policy: the simulator raises it, and the database shows what follows.

A real Telethon client meets the error where it sends a comment; what is asserted is what the next
process would find: states, not-befores, suspensions, reasons, and what the channel's readers see.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cli.compose import company
from cli.demo.command import TUNING, replace_settings
from cli.demo.theatre import Theatre
from cli.settings import Settings
from db.embedded import Servers
from orchestrator.tuning import Retries, Tuning
from simulator.mtproto.faults import Fault, FaultKind
from simulator.mtproto.server_key import ServerKey
from simulator.server import serve
from tests.e2e.conftest import ANNA, SPACE, Play

SEND = "messages.SendMessage"
WORDS = SPACE.triggers[0].responses[0].text
SHORTLY = timedelta(milliseconds=20)
QUICK = replace(
    TUNING,
    lease=timedelta(seconds=10),
    fresh_post=Retries(2, SHORTLY),
    settling=Retries(3, SHORTLY),
    sending=Tuning().sending,
)


@pytest.fixture
async def stand(
    database_url: str, redis_url: str, tmp_path: Path, server_key: ServerKey
) -> AsyncIterator[Play]:
    """Anna, with a grant and a campaign; short tries where nobody needs to wait."""
    async with serve(server_key=server_key) as server:
        told = replace_settings(Settings(), server, Servers(database_url, redis_url), tmp_path)
        async with company(told, tuning=QUICK) as opened:
            play = Play(Theatre.build(server, "Rockets"), opened)
            await play.engage(ANNA)
            await play.watch()
            await play.grant()
            await play.campaign()
            yield play


async def value(play: Play, statement: str) -> Any:
    """Return the first value of a statement's first row."""
    async with play.company.engine.connect() as connection:
        return (await connection.execute(text(statement))).scalar()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the database holds after the error."""

    message: str
    account: str = "active"
    held: str | None = None
    """The chat or the method of a not-before in the future."""
    waits: timedelta = timedelta(0)
    """How long the message is put off at least."""
    attempts: int = 0
    suspended: str | None = None
    alert: bool = False
    comment: str = "pending"
    said: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """An error, how it comes, and what follows."""

    error: str
    outcome: Outcome
    code: int | None = None
    times: int | None = 1
    kind: FaultKind = FaultKind.ERROR
    where: str = field(default=SEND)


STOPPED = timedelta(seconds=50)
CASES = [
    Case(
        "FLOOD_WAIT_600",
        Outcome("due", held="messages.SendMessage", waits=timedelta(seconds=590)),
    ),
    Case(
        "FLOOD_PREMIUM_WAIT_600",
        Outcome("due", held="messages.SendMessage", waits=timedelta(seconds=590)),
    ),
    Case("SLOWMODE_WAIT_600", Outcome("due", held="chat", waits=timedelta(seconds=590))),
    Case("PEER_FLOOD", Outcome("due", account="limited", waits=STOPPED)),
    Case("USER_BANNED_IN_CHANNEL", Outcome("due", account="public_stopped", waits=STOPPED)),
    Case(
        "CHAT_WRITE_FORBIDDEN",
        Outcome("due", held="chat", suspended="telegram", alert=True, waits=STOPPED),
    ),
    Case("CHAT_GUEST_SEND_FORBIDDEN", Outcome("due", held="chat", alert=True, waits=STOPPED)),
    Case("ALLOW_PAYMENT_REQUIRED_5", Outcome("failed", comment="failed", attempts=1)),
    Case("PRIVACY_PREMIUM_REQUIRED", Outcome("failed", comment="failed", attempts=1)),
    Case("MSG_ID_INVALID", Outcome("failed", comment="failed", attempts=2), times=None),
    Case(
        "CHANNEL_PRIVATE",
        Outcome("due", held="chat", suspended="telegram", alert=True, waits=STOPPED),
    ),
    Case("AUTH_KEY_DUPLICATED", Outcome("due", account="quarantined", waits=STOPPED)),
    Case("AUTH_KEY_UNREGISTERED", Outcome("due", account="needs_login", waits=STOPPED)),
    Case("USER_DEACTIVATED", Outcome("due", account="banned", waits=STOPPED)),
    Case("FROZEN_METHOD_INVALID", Outcome("due", account="frozen", waits=STOPPED)),
    Case("RPC_CALL_FAIL", Outcome("due", attempts=1, waits=timedelta(minutes=4))),
    Case("SOMETHING_NEW", Outcome("due", attempts=1, waits=timedelta(minutes=4)), code=500),
    Case("Timeout", Outcome("due", attempts=1, waits=timedelta(minutes=4)), code=503),
    Case(
        "no answer",
        Outcome("sent", attempts=2, comment="sent", said=1),
        kind=FaultKind.CUT_AFTER,
    ),
    Case("RANDOM_ID_DUPLICATE", Outcome("sent", attempts=2, comment="sent", said=1)),
    Case(
        "USER_IS_BLOCKED", Outcome("failed", comment="failed", attempts=1)
    ),  # under a post there is no conversation to close: see test_direct_messages
    Case(
        "PERSISTENT_TIMESTAMP_OUTDATED",
        Outcome("sent", attempts=1, comment="sent", said=1),
        where="updates.GetDifference",
    ),
    Case("NEVER_HEARD_OF", Outcome("failed", comment="failed", attempts=1, alert=True), code=400),
]


@pytest.mark.parametrize("case", CASES, ids=[case.error for case in CASES])
async def test_what_follows_from(case: Case, stand: Play) -> None:
    expected = case.outcome
    error = case.error if case.kind is FaultKind.ERROR else ""
    stand.theatre.server.faults.add(
        Fault(case.where, case.kind, error=error, code=case.code, times=case.times)
    )

    async def settled() -> bool:
        return bool(await value(stand, REACHED.format(state=expected.message))) and (
            await value(stand, "SELECT state FROM accounts") == expected.account
        )

    async with stand.company.running_node():
        post = await stand.publish()
        await stand.until(settled)
    found = Outcome(
        message=await value(stand, "SELECT state FROM outbox"),
        account=await value(stand, "SELECT state FROM accounts"),
        held=await value(stand, HELD),
        waits=min(expected.waits, await value(stand, "SELECT due_at - now() FROM outbox"))
        if expected.waits
        else timedelta(0),
        attempts=await value(stand, "SELECT attempts FROM outbox"),
        suspended=await value(stand, "SELECT suspended_for FROM grants"),
        alert=bool(await value(stand, "SELECT count(*) FROM account_events WHERE kind = 'alert'")),
        comment=await value(stand, "SELECT status FROM comments"),
        said=len(stand.said(post)),
    )
    assert found == expected
    assert stand.theatre.server.faults.met
    if expected.message == "failed":
        assert await value(stand, "SELECT failed_reason FROM comments")


REACHED = """
    SELECT count(*) FROM outbox
    WHERE state = '{state}' AND (finished_at IS NOT NULL OR last_error NOT LIKE 'waits:%')
"""
HELD = """
    SELECT CASE WHEN peer_id IS NOT NULL THEN 'chat' ELSE method END
    FROM holds WHERE not_before > now()
"""


async def test_a_random_id_that_is_taken_for_ever_ends_as_unresolved_and_never_as_failed(
    stand: Play,
) -> None:
    stand.theatre.server.faults.add(
        Fault(SEND, FaultKind.ERROR, error="RANDOM_ID_DUPLICATE", times=None)
    )

    async def unresolved() -> bool:
        return bool(await value(stand, "SELECT state = 'unresolved' FROM outbox"))

    async with stand.company.running_node():
        post = await stand.publish()
        await stand.until(unresolved)
    assert await value(stand, "SELECT attempts FROM outbox") == QUICK.settling.attempts
    assert await value(stand, "SELECT status FROM comments") == "unresolved"
    assert stand.said(post) == []


async def test_a_flood_wait_is_honoured_by_the_next_process(stand: Play) -> None:
    stand.theatre.server.faults.add(Fault(SEND, FaultKind.ERROR, error="FLOOD_WAIT_600"))

    async def held() -> bool:
        return bool(await value(stand, "SELECT count(*) FROM holds"))

    async def refused() -> bool:
        told = await value(stand, "SELECT last_error FROM outbox")
        return bool(told) and "Telegram asked the account to wait" in told

    async with stand.company.running_node("first"):
        post = await stand.publish()
        await stand.until(held)
    async with stand.company.engine.begin() as connection:
        await connection.execute(text("UPDATE outbox SET due_at = now()"))
    async with stand.company.running_node("second"):
        await stand.until(refused)
    assert stand.said(post) == []
    assert await value(stand, "SELECT not_before > now() + interval '5 minutes' FROM holds")


async def test_after_three_attempts_a_message_has_failed_with_a_reason(
    stand: Play,
) -> None:
    stand.theatre.server.faults.add(Fault(SEND, FaultKind.ERROR, error="RPC_CALL_FAIL", times=None))

    async def attempts(count: int) -> bool:
        return bool(
            await value(
                stand, f"SELECT attempts = {count} AND state = 'due' AND due_at > now() FROM outbox"
            )
        )

    delays = []
    async with stand.company.running_node():
        await stand.publish()
        for count in (1, 2):
            await stand.until(lambda count=count: attempts(count))  # type: ignore[misc]
            async with stand.company.engine.begin() as connection:
                put_off = await connection.execute(
                    text("UPDATE outbox SET due_at = now() RETURNING"
                         " (SELECT extract(epoch FROM old.due_at - now()) FROM outbox old"
                         "  WHERE old.id = outbox.id)")
                )  # fmt: skip
                delays.append(float(put_off.scalar_one()))
                await connection.execute(text("NOTIFY troupe, 'outbox'"))

        async def failed() -> bool:
            return bool(await value(stand, "SELECT state = 'failed' FROM outbox"))

        await stand.until(failed)
    assert 290 <= delays[0] <= 375
    assert 590 <= delays[1] <= 750
    reason = await value(stand, "SELECT failed_reason FROM comments")
    assert "RPC_CALL_FAIL" in reason
    assert "3 times" in reason
