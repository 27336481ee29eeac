"""Who leads, and that what two leaders fire at once is done once."""

import asyncio
from datetime import UTC, datetime, timedelta

from orchestrator.ids import NodeName
from orchestrator.jobs import OpenWindow, SweepTables
from orchestrator.leases.leader import Candidate
from orchestrator.outbox.gate import Verdict, waits_for
from orchestrator.ports.calendar import Daily
from orchestrator.ports.stores import Stores
from tests.integration.db.conftest import NODE, Scene
from tests.support.clock import HandClock
from tests.support.jobs import WORKER

SOUTH = NodeName("south")
NINE = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


async def test_two_leaders_for_a_moment_do_no_harm(stores: Stores) -> None:
    calendar = stores.calendar
    times = [NINE + timedelta(hours=hour) for hour in range(24)]
    fired = await asyncio.gather(
        *(
            calendar.fire("sweep", at, SweepTables(), leader)
            for at in times
            for leader in (NODE, SOUTH, NODE)
        )
    )
    assert sum(fired) == len(times)
    jobs = await stores.jobs.take_jobs(WORKER, 100)
    assert [job.task for job in jobs] == [SweepTables()] * len(times)
    assert await calendar.last_firings(times[-1]) == {"sweep": times[-1]}
    assert await calendar.last_firings(times[5]) == {"sweep": times[5]}


async def test_a_firing_whose_job_is_done_never_comes_again(stores: Stores) -> None:
    assert await stores.calendar.fire("sweep", NINE, SweepTables(), NODE)
    jobs = await stores.jobs.take_jobs(WORKER, 10)
    await stores.jobs.finish_jobs(jobs)
    assert not await stores.calendar.fire("sweep", NINE, SweepTables(), SOUTH)
    assert await stores.jobs.take_jobs(WORKER, 10) == []


async def test_of_many_candidates_one_leads_until_it_steps_down(stores: Stores) -> None:
    clock = HandClock()
    candidates = [
        Candidate(NodeName(f"n{number}"), stores.calendar, clock, 30.0) for number in range(6)
    ]
    assert sum(await asyncio.gather(*(one.stand() for one in candidates))) == 1
    for _ in range(3):
        clock.pass_by(15.0)
        await asyncio.gather(*(one.stand() for one in candidates))
        assert sum(one.leads for one in candidates) == 1
    [leader] = [one for one in candidates if one.leads]
    await leader.step_down()
    assert not leader.leads
    heirs = [one for one in candidates if one is not leader]
    assert sum(await asyncio.gather(*(one.stand() for one in heirs))) == 1


async def test_a_leader_that_is_not_heard_of_for_a_lease_is_followed_and_learns_it(
    stores: Stores,
) -> None:
    clock = HandClock()
    first, second = (Candidate(name, stores.calendar, clock, 30.0) for name in (NODE, SOUTH))
    assert await first.stand()
    assert not await second.stand()
    clock.pass_by(20.0)
    assert not first.leads
    assert not await second.stand()
    clock.pass_by(10.0)
    assert await second.stand()
    assert not await first.stand()
    assert (await stores.calendar.leadership()).node == SOUTH
    await first.step_down()
    assert not (await stores.calendar.leadership()).released


async def test_openings_are_those_of_running_campaigns_that_close_at_all(scene: Scene) -> None:
    calendar = scene.stores.calendar
    assert await calendar.openings() == []
    await scene.sql("UPDATE schedules SET start_time = '09:00', end_time = '18:00'")
    assert await calendar.openings() == [Daily("09:00", "Europe/Moscow")]
    await scene.sql("UPDATE campaigns SET state = 'paused'")
    assert await calendar.openings() == []


async def test_what_waited_for_its_window_goes_when_it_opens(scene: Scene) -> None:
    await scene.sql("UPDATE schedules SET start_time = '09:00', end_time = '18:00'")
    waiting, other = await scene.queued(1), await scene.queued(2)
    later = "UPDATE outbox SET due_at = now() + interval '1 hour', last_error = :why WHERE id = :id"
    await scene.sql(later, id=waiting, why=waits_for(Verdict.OUTSIDE_WINDOW))
    await scene.sql(later, id=other, why=waits_for(Verdict.HELD))
    assert await scene.stores.calendar.open_window(Daily("10:00", "Europe/Moscow")) == 0
    assert await scene.stores.calendar.open_window(Daily("09:00", "Europe/Moscow")) == 1
    due = "SELECT id FROM outbox WHERE due_at <= now()"
    assert await scene.sql(due) == waiting


async def test_a_task_of_the_calendar_comes_back_as_it_was_put(stores: Stores) -> None:
    task = OpenWindow("09:00", "Europe/Moscow")
    await stores.calendar.fire("window", NINE, task, NODE)
    [job] = await stores.jobs.take_jobs(WORKER, 10)
    assert job.task == task
