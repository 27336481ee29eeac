"""Logging operations in batches."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.clock import SystemClock
from orchestrator.errors import ServersUnavailable
from orchestrator.ids import AccountId, ChannelId, MessageId, OutboxId, PostRef
from orchestrator.operations import BatchedOperations
from orchestrator.ports.logs import (
    AuditEntry,
    Entry,
    LogFilter,
    Operation,
    OperationKind,
    OperationPage,
    SessionEvent,
    SessionKind,
    SessionPage,
)
from orchestrator.whereabouts import at_work, here, settle

THEN = datetime(2026, 11, 21, 12, tzinfo=UTC)


def operation(number: int) -> Operation:
    return Operation(
        OperationKind.SEND_MESSAGE,
        None,
        succeeded=True,
        duration=timedelta(milliseconds=number),
        at=THEN,
    )


class KeptLogs:
    """Keeps batches; fails as long as `away` is set."""

    def __init__(self) -> None:
        self.batches: list[list[Entry]] = []
        self.away = False
        self.written = asyncio.Event()

    async def record_entries(self, entries: Sequence[Entry]) -> None:
        if self.away:
            raise ServersUnavailable("PostgreSQL cannot be reached")
        self.batches.append(list(entries))
        self.written.set()

    async def operations(self, wanted: LogFilter, bookmark: str | None) -> OperationPage:
        raise NotImplementedError

    async def sessions(self, wanted: LogFilter, bookmark: str | None) -> SessionPage:
        raise NotImplementedError

    async def audit_entries(self, limit: int) -> Sequence[AuditEntry]:
        raise NotImplementedError

    @property
    def all(self) -> list[Entry]:
        return [one for batch in self.batches for one in batch]


@pytest.fixture
def logs() -> KeptLogs:
    return KeptLogs()


def batched(logs: KeptLogs, *, room: int = 100, batch: int = 10) -> BatchedOperations:
    return BatchedOperations(logs, SystemClock(), room=room, batch=batch, every=0.01)


async def test_what_was_noted_is_written_while_the_block_lasts(logs: KeptLogs) -> None:
    async with batched(logs).running() as operations:
        operations.note(operation(1))
        async with asyncio.timeout(5):
            await logs.written.wait()
    assert logs.all == [operation(1)]


async def test_what_is_left_at_the_end_is_written_in_order_and_in_batches(logs: KeptLogs) -> None:
    async with batched(logs, batch=2).running() as operations:
        for number in range(5):
            operations.note(operation(number))
    assert logs.all == [operation(number) for number in range(5)]
    assert max(map(len, logs.batches)) == 2


async def test_a_batch_that_is_being_written_at_the_end_is_written_once() -> None:
    class SlowLogs(KeptLogs):
        begun = asyncio.Event()
        go_on = asyncio.Event()

        async def record_entries(self, entries: Sequence[Entry]) -> None:
            self.batches.append(list(entries))
            self.begun.set()
            await self.go_on.wait()

    slow = SlowLogs()
    async with batched(slow).running() as operations:
        operations.note(operation(1))
        async with asyncio.timeout(5):
            await slow.begun.wait()
        operations.note(operation(2))
        asyncio.get_running_loop().call_soon(slow.go_on.set)
    assert slow.all == [operation(1), operation(2)]


async def test_a_database_that_hangs_does_not_keep_the_process_from_ending() -> None:
    class StuckLogs(KeptLogs):
        async def record_entries(self, entries: Sequence[Entry]) -> None:
            await asyncio.Event().wait()

    operations = BatchedOperations(StuckLogs(), SystemClock(), every=0.01, grace=0.05)
    async with asyncio.timeout(5), operations.running():
        operations.note(operation(1))
    assert len(operations.waiting) == 1


async def test_nothing_is_lost_while_the_database_is_away_for_a_moment(logs: KeptLogs) -> None:
    operations = batched(logs)
    logs.away = True
    for number in range(3):
        operations.note(operation(number))
    await operations.try_to_flush()
    logs.away = False
    operations.note(operation(3))
    await operations.try_to_flush()
    assert logs.all == [operation(number) for number in range(4)]


async def test_a_full_buffer_drops_the_oldest_and_says_how_many(
    logs: KeptLogs, caplog: pytest.LogCaptureFixture
) -> None:
    operations = batched(logs, room=3)
    for number in range(5):
        operations.note(operation(number))
    assert operations.dropped == 2
    await operations.flush()
    assert logs.all == [operation(2), operation(3), operation(4)]
    assert "2 operations were not logged" in caplog.text
    assert operations.dropped == 0


async def test_a_failed_batch_makes_way_for_newer_ones_when_there_is_no_room(
    logs: KeptLogs,
) -> None:
    operations = batched(logs, room=2, batch=2)
    operations.note(operation(0))
    operations.note(operation(1))
    operations.put_back([operation(8), operation(9)])
    assert list(operations.waiting) == [operation(0), operation(1)]
    assert operations.dropped == 2


async def test_an_operation_knows_who_did_it_and_for_which_post(logs: KeptLogs) -> None:
    operations = batched(logs)
    post = PostRef(ChannelId(3), MessageId(45))
    with at_work(node="north", account=AccountId(7), post=post, outbox=OutboxId(9)):
        operations.note(operation(1))
    await operations.flush()
    (told,) = logs.all
    assert isinstance(told, Operation)
    assert (told.node, told.account, told.outbox) == ("north", 7, 9)
    assert (told.post, told.correlation) == (post, "post-3-45")


async def test_what_a_task_binds_is_known_to_the_tasks_that_it_starts_and_to_no_other(
    logs: KeptLogs,
) -> None:
    operations = batched(logs)

    async def note() -> None:
        operations.note(SessionEvent(SessionKind.CONNECT, None))

    async def lane(account: int) -> None:
        settle(node="north", account=AccountId(account))
        await asyncio.gather(note(), note())

    await asyncio.gather(lane(1), lane(2))
    assert here().account is None
    await operations.flush()
    assert sorted(one.account or 0 for one in logs.all) == [1, 1, 2, 2]


async def test_what_is_said_of_an_entry_counts_more_than_what_is_bound(logs: KeptLogs) -> None:
    operations = batched(logs)
    with at_work(account=AccountId(7)):
        operations.note(SessionEvent(SessionKind.LOGIN, AccountId(8), at=THEN))
    await operations.flush()
    (told,) = logs.all
    assert (told.account, told.at) == (8, THEN)


async def test_operations_are_counted_by_outcome_also_those_that_are_dropped(
    logs: KeptLogs,
) -> None:
    operations = batched(logs, room=2)
    for _ in range(3):
        operations.note(operation(500))
    operations.note(SessionEvent(SessionKind.CONNECT, None))
    assert operations.noted == {("send_message", "success"): (3, 1.5)}
    assert operations.dropped_ever == 2
