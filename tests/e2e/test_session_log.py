"""The session log of a real client on a simulated Telegram that misbehaves."""

from collections.abc import Awaitable, Callable

from orchestrator.service.logs import LogQuery
from simulator.mtproto.faults import Fault, FaultKind
from tests.e2e.conftest import Play

SEND = "messages.SendMessage"


def told(play: Play, kind: str) -> Callable[[], Awaitable[bool]]:
    """Tell whether an event of that kind stands in Anna's session log."""

    async def stands() -> bool:
        return bool(await play.service.logs.sessions(LogQuery("anna", (kind,))))

    return stands


async def test_a_flood_wait_stands_in_both_logs_under_telegrams_own_name(cast: Play) -> None:
    cast.theatre.server.faults.add(Fault(SEND, FaultKind.ERROR, error="FLOOD_WAIT_600"))
    await cast.grant()
    await cast.campaign()
    async with cast.company.running_node("north"):
        await cast.publish()
        await cast.until(told(cast, "flood_wait"))
    (wait,) = await cast.service.logs.sessions(LogQuery("anna", ("flood_wait",)))
    assert (wait.node, wait.error_name, wait.status) == ("north", "FLOOD_WAIT", "failed")
    assert wait.duration.total_seconds() == 600
    (failed,) = await cast.service.logs.operations(LogQuery(kinds=("send_message",), failed=True))
    assert (failed.account, failed.node, failed.error_name) == ("anna", "north", "FLOOD_WAIT")
    assert failed.correlation is not None
    (decided,) = await cast.service.logs.operations(
        LogQuery(kinds=("generate_comment",), correlation=failed.correlation)
    )
    assert (decided.account, decided.status) == ("anna", "success")


async def test_a_cut_connection_and_the_one_after_it_stand_in_the_session_log(cast: Play) -> None:
    cast.theatre.server.faults.add(Fault(SEND, FaultKind.CUT_BEFORE))
    await cast.grant()
    await cast.campaign()
    async with cast.company.running_node("north"):
        await cast.publish()
        await cast.until(told(cast, "reconnect"))
    (back,) = await cast.service.logs.sessions(LogQuery("anna", ("reconnect",)))
    assert back.cause
    await cast.company.operations.flush()
    ended = await cast.service.logs.sessions(LogQuery("anna", ("disconnect",)))
    # What doors do between times has no node.
    assert [one.status for one in ended if one.node == "north"] == ["failed", "completed"]
    assert back.duration.total_seconds() < 30
