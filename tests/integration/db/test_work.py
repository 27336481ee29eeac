"""The queue of jobs, commands between processes, and leases."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.commands import (
    Command,
    CommandResult,
    DeleteMessages,
    Done,
    EndSession,
    EngagementRead,
    Failed,
    FindChannel,
    LookAtChannel,
    ReadEngagement,
    ReadProfile,
    WriteBio,
)
from orchestrator.errors import NotFound
from orchestrator.facts import Engagement
from orchestrator.ids import (
    AccountId,
    CommandId,
    CommentId,
    GrantId,
    MessageId,
    NodeName,
    PostRef,
    TelegramId,
)
from orchestrator.jobs import ConsiderPost, RefreshEngagement, Task, VerifyGrant
from orchestrator.ports.accounts import AccountState
from orchestrator.ports.stores import Stores
from orchestrator.ports.telegram import Peer, Profile
from orchestrator.ports.work import Claimant
from tests.integration.db.conftest import NODE, OLGA, Scene, seen
from tests.support.jobs import OTHER, WORKER

HOUR = timedelta(hours=1)
NONE: frozenset[NodeName] = frozenset()
SOUTH = NodeName("south")
PEER = Peer("channel", TelegramId(701), -(2**62))
TASKS: list[Task] = [
    ConsiderPost(PostRef(1, MessageId(2))),  # type: ignore[arg-type]
    RefreshEngagement(CommentId(3)),
    VerifyGrant(GrantId(4)),
]
COMMANDS: list[Command] = [
    ReadProfile(),
    WriteBio("Музей · ИИ"),
    FindChannel("@sky"),
    LookAtChannel(TelegramId(700)),
    DeleteMessages(PEER, (MessageId(1), MessageId(2))),
    ReadEngagement(PEER, ()),
    EndSession(),
]
RESULTS: list[CommandResult] = [
    Done(),
    Profile(TelegramId(1), None, "Anna", "bio"),
    seen(),
    EngagementRead(((MessageId(1), Engagement(1, 2, 3)),)),
    Failed("No."),
]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: type(task).__name__)
async def test_a_task_comes_back_as_it_was_queued(stores: Stores, task: Task) -> None:
    assert await stores.jobs.queue_job(task)
    [job] = await stores.jobs.take_jobs(WORKER, 10)
    assert (job.task, job.attempts) == (task, 0)


async def test_the_same_task_waits_once_and_may_come_again_when_it_is_done(stores: Stores) -> None:
    task = VerifyGrant(GrantId(1))
    assert [await stores.jobs.queue_job(task) for _ in range(3)] == [True, False, False]
    taken = await stores.jobs.take_jobs(WORKER, 10)
    assert not await stores.jobs.queue_job(task)
    await stores.jobs.finish_jobs(taken)
    assert await stores.jobs.queue_job(task)


async def test_workers_never_take_the_same_job(stores: Stores) -> None:
    for number in range(60):
        await stores.jobs.queue_job(VerifyGrant(GrantId(number)))
    batches = await asyncio.gather(*(stores.jobs.take_jobs(WORKER, 10) for _ in range(8)))
    taken = [job.id for batch in batches for job in batch]
    assert len(taken) == len(set(taken)) == 60


async def test_a_job_waits_for_its_time_and_counts_its_failures(stores: Stores) -> None:
    await stores.jobs.queue_job(VerifyGrant(GrantId(1)), delay=HOUR)
    assert await stores.jobs.take_jobs(WORKER, 10) == []
    await stores.jobs.queue_job(VerifyGrant(GrantId(2)))
    [job] = await stores.jobs.take_jobs(WORKER, 10)
    await stores.jobs.put_off_job(job, timedelta(), "no answer")
    [again] = await stores.jobs.take_jobs(WORKER, 10)
    assert (again.id, again.attempts) == (job.id, 1)
    await stores.jobs.bury_job(again, "gave up")
    assert await stores.jobs.take_jobs(WORKER, 10) == []


@pytest.mark.parametrize(
    ("kind", "payload"), [("FromTheFuture", "{}"), ("VerifyGrant", '{"proof": 7}')]
)
async def test_a_job_of_a_newer_node_kills_nobody_and_waits_for_who_knows_it(
    scene: Scene, kind: str, payload: str
) -> None:
    jobs = scene.stores.jobs
    await scene.sql(
        "INSERT INTO jobs (kind, payload, unique_key, due_at)"
        f" VALUES ('{kind}', '{payload}', 'odd', now() - interval '1 hour') RETURNING id"
    )
    await jobs.queue_job(VerifyGrant(GrantId(1)))
    (job,) = await jobs.take_jobs(WORKER, 10)
    assert job.task == VerifyGrant(GrantId(1))
    assert await scene.sql("SELECT state FROM jobs WHERE unique_key = 'odd'") == "waiting"
    left = "SELECT last_error FROM jobs WHERE unique_key = 'odd' AND due_at > now()"
    assert "bring it up to date" in str(await scene.sql(f"{left} AND attempts = 0"))
    await scene.sql(
        "UPDATE jobs SET due_at = now(), created_at = now() - interval '2 days'"
        " WHERE unique_key = 'odd' RETURNING id"
    )
    assert await jobs.take_jobs(WORKER, 10) == []
    assert await scene.sql("SELECT state FROM jobs WHERE unique_key = 'odd'") == "buried"


async def test_a_command_of_a_newer_door_is_refused_and_its_neighbours_are_not(
    scene: Scene,
) -> None:
    odd = await scene.sql(
        "INSERT INTO commands (account_id, kind, payload, asked_by)"
        f" VALUES ({scene.anna}, 'FromTheFuture', '{{}}', 'olga') RETURNING id"
    )
    commands = scene.stores.commands
    put = await commands.put_command(scene.anna, ReadProfile(), "olga")
    assert [one.id for one in await commands.take_commands([scene.anna])] == [put]
    told = await commands.command_result(CommandId(int(odd)))
    assert isinstance(told, Failed)
    assert "FromTheFuture" in told.sentence


async def test_whatever_a_job_failed_with_is_stored(scene: Scene) -> None:
    jobs = scene.stores.jobs
    await jobs.queue_job(VerifyGrant(GrantId(1)))
    (job,) = await jobs.take_jobs(WORKER, 10)
    await jobs.put_off_job(job, timedelta(), "a\x00b \ud800 " + "я" * 9000)
    assert str(await scene.sql("SELECT last_error FROM jobs")).startswith("ab ? я")
    (job,) = await jobs.take_jobs(WORKER, 10)
    await jobs.bury_job(job, "\x00")
    assert await scene.sql("SELECT state FROM jobs") == "buried"


async def test_what_is_done_is_stored_when_more_is_taken(stores: Stores) -> None:
    for number in range(3):
        await stores.jobs.queue_job(VerifyGrant(GrantId(number)))
    first = await stores.jobs.take_jobs(WORKER, 2)
    second = await stores.jobs.take_jobs(WORKER, 2, done=first)
    assert [len(first), len(second)] == [2, 1]
    assert await stores.jobs.queue_job(first[0].task)
    assert not await stores.jobs.queue_job(second[0].task)


async def test_jobs_that_were_not_begun_are_given_back_with_nothing_against_them(
    stores: Stores,
) -> None:
    await stores.jobs.queue_job(VerifyGrant(GrantId(1)))
    await stores.jobs.return_jobs(await stores.jobs.take_jobs(WORKER, 10))
    [job] = await stores.jobs.take_jobs(OTHER, 10)
    assert job.attempts == 0


async def test_jobs_of_a_node_that_lives_are_left_to_it(stores: Stores) -> None:
    born = await stores.leases.node_started(WORKER.node, "host", 1, "0.1")
    assert born is not None
    await stores.jobs.queue_job(VerifyGrant(GrantId(1)))
    [job] = await stores.jobs.take_jobs(Claimant(WORKER.node, born), 10)
    assert await stores.jobs.take_over_jobs(OTHER, [], frozenset()) == 0
    assert await stores.jobs.take_over_jobs(Claimant(WORKER.node, born), [job.id], NONE) == 0


async def test_jobs_of_a_dead_node_are_done_by_another_and_the_dead_decides_nothing(
    stores: Stores,
) -> None:
    born = await stores.leases.node_started(WORKER.node, "host", 1, "0.1")
    assert born is not None
    await stores.jobs.queue_job(VerifyGrant(GrantId(1)))
    [job] = await stores.jobs.take_jobs(Claimant(WORKER.node, born), 10)
    assert await stores.jobs.take_over_jobs(OTHER, [], frozenset({WORKER.node})) == 1
    [taken_over] = await stores.jobs.take_jobs(OTHER, 10)
    assert (taken_over.id, taken_over.attempts) == (job.id, 1)
    await stores.jobs.finish_jobs([job])
    await stores.jobs.put_off_job(job, timedelta(), "too late")
    await stores.jobs.bury_job(job, "too late")
    assert not await stores.jobs.queue_job(job.task)
    await stores.jobs.finish_jobs([taken_over])
    assert await stores.jobs.queue_job(job.task)


@pytest.mark.parametrize("ending", ["stopped", "followed"])
async def test_jobs_of_a_process_that_ended_need_no_waiting(stores: Stores, ending: str) -> None:
    born = await stores.leases.node_started(WORKER.node, "host", 1, "0.1")
    assert born is not None
    await stores.jobs.queue_job(VerifyGrant(GrantId(1)))
    await stores.jobs.take_jobs(Claimant(WORKER.node, born), 10)
    if ending == "stopped":
        await stores.leases.node_stopped(WORKER.node, born)
    else:
        pulse = await stores.leases.pulse_of(WORKER.node)
        await stores.leases.node_started(WORKER.node, "host", 2, "0.1", after=pulse)
    assert await stores.jobs.take_over_jobs(OTHER, [], frozenset()) == 1


async def test_a_process_gets_back_what_it_took_without_hearing_of_it(stores: Stores) -> None:
    for number in range(2):
        await stores.jobs.queue_job(VerifyGrant(GrantId(number)))
    heard, _unheard = await stores.jobs.take_jobs(WORKER, 10)
    assert await stores.jobs.take_over_jobs(WORKER, [heard.id], frozenset()) == 1


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
async def test_a_command_reaches_the_holder_as_it_was_put(scene: Scene, command: Command) -> None:
    commands = scene.stores.commands
    put = await commands.put_command(scene.anna, command, "a door")
    assert await commands.command_result(put) is None
    [taken] = await commands.take_commands([scene.anna])
    assert (taken.id, taken.account, taken.command) == (put, scene.anna, command)
    assert await commands.take_commands([scene.anna]) == []
    assert not await commands.withdraw_command(put)


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
async def test_a_result_reaches_the_door_as_it_was_given(
    scene: Scene, result: CommandResult
) -> None:
    commands = scene.stores.commands
    put = await commands.put_command(scene.anna, ReadProfile(), "a door")
    await commands.take_commands([scene.anna])
    await commands.finish_command(put, result)
    assert await commands.command_result(put) == result


async def test_a_command_that_nobody_took_can_be_withdrawn(scene: Scene) -> None:
    put = await scene.stores.commands.put_command(scene.anna, ReadProfile(), "a door")
    assert await scene.stores.commands.withdraw_command(put)
    assert await scene.stores.commands.take_commands([scene.anna]) == []


async def test_a_lease_that_moved_cannot_be_taken(scene: Scene) -> None:
    leases = scene.stores.leases
    saw = await leases.lease_of(scene.anna)
    held = {scene.anna: scene.holder.fence}
    assert await leases.renew_leases(NODE, held) == {scene.anna}
    assert await leases.take_lease(SOUTH, saw) is None
    saw = await leases.lease_of(scene.anna)
    fence = await leases.take_lease(SOUTH, saw)
    assert fence == scene.holder.fence + 1
    assert await leases.renew_leases(NODE, held) == frozenset()
    await leases.release_lease(scene.anna, scene.holder.fence)
    assert not (await leases.lease_of(scene.anna)).released


async def test_of_many_challengers_one_gets_the_lease(scene: Scene) -> None:
    saw = await scene.stores.leases.lease_of(scene.anna)
    fences = await asyncio.gather(
        *(scene.stores.leases.take_lease(NodeName(f"n{n}"), saw) for n in range(8))
    )
    assert sum(fence is not None for fence in fences) == 1


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(st.sampled_from("tvr"), st.sampled_from("ab")), max_size=12))
async def test_fences_only_grow_and_one_node_holds(
    scene: Scene, acts: list[tuple[str, str]]
) -> None:
    leases = scene.stores.leases
    fences: dict[str, int] = {}
    last = (await leases.lease_of(scene.anna)).fence
    for act, node in acts:
        lease = await leases.lease_of(scene.anna)
        if act == "t":
            fence = await leases.take_lease(NodeName(node), lease)
            assert fence is not None
            assert fence > last
            fences[node] = last = fence
        elif node in fences and act == "v":
            kept = await leases.renew_leases(NodeName(node), {scene.anna: fences[node]})  # type: ignore[dict-item]
            assert bool(kept) is (fences[node] == lease.fence and not lease.released)
        elif node in fences:
            await leases.release_lease(scene.anna, fences[node])  # type: ignore[arg-type]
            released = (await leases.lease_of(scene.anna)).released
            assert released is (fences[node] == lease.fence or lease.released)


async def test_only_accounts_that_run_and_have_a_session_are_to_be_connected(scene: Scene) -> None:
    stores = scene.stores
    await stores.accounts.add_account(OLGA, "boris", "+1", "anna")
    assert [lease.account for lease in await stores.leases.leases()] == [scene.anna]
    await stores.accounts.set_account_state(OLGA, scene.anna, AccountState.PAUSED, "a rest")
    assert await stores.leases.leases() == []


async def test_an_unknown_account_has_no_lease(stores: Stores) -> None:
    with pytest.raises(NotFound):
        await stores.leases.lease_of(AccountId(99))


async def test_a_node_says_that_it_lives_and_hears_that_it_should_drain(scene: Scene) -> None:
    leases = scene.stores.leases
    born = await leases.node_started(NODE, "host", 1, "0.1")
    assert born is not None
    first = await leases.node_seen(NODE, born)
    assert first is not None
    assert not first.draining
    [node] = await leases.nodes()
    assert (node.name, node.accounts, node.beat) == (NODE, 1, first.beat)
    assert await leases.drain_node(OLGA, NODE, draining=True)
    second = await leases.node_seen(NODE, born)
    assert second is not None
    assert (second.draining, second.beat) == (True, first.beat + 1)
    await leases.node_stopped(NODE, born)
    assert await leases.nodes() == []
    assert not await leases.drain_node(OLGA, NODE, draining=True)


async def test_a_name_goes_to_another_process_only_if_nobody_moved_under_it(scene: Scene) -> None:
    leases = scene.stores.leases
    born = await leases.node_started(NODE, "host", 1, "0.1")
    assert born is not None
    assert await leases.node_started(NODE, "host", 2, "0.1") is None
    before = await leases.pulse_of(NODE)
    await leases.node_seen(NODE, born)
    assert await leases.node_started(NODE, "host", 2, "0.1", after=before) is None
    now = await leases.pulse_of(NODE)
    heir = await leases.node_started(NODE, "host", 2, "0.1", after=now)
    assert heir == born + 1
    assert await leases.node_seen(NODE, born) is None
    await leases.node_stopped(NODE, born)
    assert len(await leases.nodes()) == 1


async def test_of_many_that_take_the_same_accounts_each_account_goes_to_one(scene: Scene) -> None:
    leases = scene.stores.leases
    await scene.sql(
        "INSERT INTO accounts (name, phone_hint, persona_id, state)"
        " SELECT 'a' || n, phone_hint, persona_id, 'active' FROM accounts, generate_series(1, 40) n"
    )
    await scene.sql(
        "INSERT INTO leases (account_id) SELECT id FROM accounts ON CONFLICT DO NOTHING"
    )
    saw = [await leases.lease_of(AccountId(n)) for n in range(scene.anna, scene.anna + 41)]
    taken = await asyncio.gather(
        *(leases.take_leases(NodeName(f"n{n}"), saw[:: 1 if n % 2 else -1]) for n in range(6))
    )
    accounts = [account for fences in taken for account in fences]
    assert len(accounts) == len(set(accounts)) > 0
    rest = [lease for lease in saw if lease.account not in accounts]
    last = await leases.take_leases(SOUTH, rest)
    assert len(accounts) + len(last) == 41
    assert await leases.take_leases(NODE, saw) == {}


async def test_a_survey_leaves_out_what_moving_nodes_hold(scene: Scene) -> None:
    leases = scene.stores.leases
    await leases.node_started(NODE, "host", 1, "0.1")
    survey = await leases.survey(SOUTH, frozenset())
    assert [lease.account for lease in survey.leases] == [scene.anna]
    assert [pulse.node for pulse in survey.pulses] == [NODE]
    assert await leases.shares() == {NODE: 1}
    assert (await leases.survey(SOUTH, frozenset({NODE}))).leases == ()
    assert len((await leases.survey(NODE, frozenset({NODE}))).leases) == 1
    await leases.release_lease(scene.anna, scene.holder.fence)
    assert len((await leases.survey(SOUTH, frozenset({NODE}))).leases) == 1
