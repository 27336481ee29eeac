"""Logging operations in batches."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from orchestrator.clock import SystemClock
from orchestrator.errors import ServersUnavailable
from orchestrator.operations import BatchedOperations
from orchestrator.ports.logs import AuditEntry, Operation, OperationKind


def operation(number: int) -> Operation:
    return Operation(
        OperationKind.SEND_MESSAGE, None, succeeded=True, duration=timedelta(milliseconds=number)
    )


class KeptLogs:
    """Keeps batches; fails as long as `away` is set."""

    def __init__(self) -> None:
        self.batches: list[list[Operation]] = []
        self.away = False
        self.written = asyncio.Event()

    async def record_operations(self, operations: Sequence[Operation]) -> None:
        if self.away:
            raise ServersUnavailable("PostgreSQL cannot be reached")
        self.batches.append(list(operations))
        self.written.set()

    async def audit_entries(self, limit: int) -> Sequence[AuditEntry]:
        raise NotImplementedError

    @property
    def all(self) -> list[Operation]:
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
