"""What is said at another door while an account is a dead node's still."""

from types import SimpleNamespace
from typing import cast

import pytest

from orchestrator.ids import NodeName
from orchestrator.lanes.door import AccountDoor
from orchestrator.leases.tenure import Tenure
from orchestrator.stage import Stage
from orchestrator.tuning import Tuning
from tests.support.clock import HandClock
from tests.unit.orchestrator.test_keeper import ANNA, OneTable, keeper, look_round


async def test_who_waits_for_a_dead_node_is_told_so_once_and_until_when(
    caplog: pytest.LogCaptureFixture,
) -> None:
    table, clock = OneTable(ANNA), HandClock()
    await look_round(keeper("a", table, clock))
    lasts = Tuning().lease.total_seconds()
    due = clock.monotonic() + lasts

    async def wait(_topic: object, seconds: float) -> None:
        clock.pass_by(seconds)

    async def account(_account: object) -> SimpleNamespace:
        return SimpleNamespace(name="anna")

    stage = SimpleNamespace(
        stores=SimpleNamespace(leases=table, accounts=SimpleNamespace(account=account)),
        bell=SimpleNamespace(wait=wait),
        clock=clock,
        tuning=Tuning(),
        tenure=Tenure(clock),
    )
    async with AccountDoor(cast("Stage", stage), NodeName("door")).holding(ANNA):
        assert due <= clock.monotonic() < due + 1
    (said,) = caplog.messages
    assert said.startswith("anna is still held by a, which is silent: waiting until ")
