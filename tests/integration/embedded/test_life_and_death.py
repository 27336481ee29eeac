"""Servers live exactly as long as somebody needs them, however the somebodies end."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis.asyncio

from db.embedded import ServerStatus, embedded_servers, erase, running, stop
from db.embedded.folder import locate, prepare
from db.embedded.launch import supervisor_listens
from db.embedded.postgres import Postgres
from db.embedded.processes import eldest
from db.embedded.recipe import Kind
from db.embedded.server import free_port
from db.embedded.supervisor import FIRST_MEMBER_SECONDS, make_servers
from tests.integration.embedded.trials import (
    LINGER,
    PATIENCE,
    all_of,
    gone,
    holds,
    kill,
    member,
    query,
    servers_of,
    store,
    until,
)


async def test_a_later_start_is_quicker_than_the_first(fresh_folder: Path) -> None:
    """In one of five pairs at least: `benchmarks.bench_start` tells by how much."""
    for _ in range(5):
        first = await seconds_to_start(fresh_folder, before=erase)
        if await seconds_to_start(fresh_folder, before=stop) < first:
            return
    pytest.fail("making the folder took no time at all")


async def seconds_to_start(folder: Path, before: Callable[[Path], Awaitable[None]]) -> float:
    await before(folder)
    begun = time.perf_counter()
    async with embedded_servers(folder, linger=LINGER):
        return time.perf_counter() - begun


async def test_killing_the_only_process_leaves_no_server_and_loses_no_commit(folder: Path) -> None:
    async with member(folder) as only:
        number = await store(only.database_url)
        everything = all_of(folder, only.supervisor)
        await only.kill()
        assert await gone(everything)
    assert await running(folder) is None
    async with embedded_servers(folder, linger=LINGER) as servers:
        assert await holds(servers.database_url, number)


async def test_killing_everything_at_once_loses_no_commit(folder: Path) -> None:
    async with member(folder) as only:
        number = await store(only.database_url)
        everything = all_of(folder, only.supervisor)
        await only.kill()
        kill(everything)
        assert await gone(everything)
    async with embedded_servers(folder, linger=LINGER) as servers:
        assert await holds(servers.database_url, number)


async def test_several_processes_starting_at_once_share_the_servers(folder: Path) -> None:
    async with AsyncExitStack() as stack:
        starting = [stack.enter_async_context(member(folder)) for _ in range(5)]
        members = await asyncio.gather(*starting)
        assert len({found.supervisor for found in members}) == 1
        assert len({found.database_url for found in members}) == 1
        heads = sorted(process.name() for process in eldest(servers_of(folder)))
        assert heads == ["postgres", "valkey-server"]
        everything = all_of(folder, members[0].supervisor)
        for early in members[:4]:
            await early.kill()
        assert await query(members[4].database_url, "select 1") == 1
        await members[4].leave()
        assert await gone(everything)


async def test_a_supervisor_whose_starter_was_killed_serves_the_next_process(
    folder: Path,
) -> None:
    home = locate(folder)
    prepare(home, folder)
    begun = time.perf_counter()
    for _ in range(2):  # nobody joins the first: its starter is dead
        assert await supervisor_listens(home, home.log("supervisor"))
    async with embedded_servers(folder, linger=LINGER):
        assert time.perf_counter() - begun < FIRST_MEMBER_SECONDS


async def test_one_who_comes_during_the_linger_finds_the_servers_running(folder: Path) -> None:
    async with embedded_servers(folder, linger=PATIENCE):
        before = await running(folder)
    async with embedded_servers(folder, linger=LINGER):
        after = await running(folder)
    assert before is not None
    assert after is not None
    assert after.supervisor_pid == before.supervisor_pid


async def test_a_killed_supervisor_takes_its_servers_with_it(folder: Path) -> None:
    async with member(folder) as only:
        servers = servers_of(folder)
        assert servers
        only.process.send_signal(signal.SIGSTOP)  # else it would start them again
        os.kill(only.supervisor, signal.SIGKILL)
        assert await gone(servers)


async def test_a_member_gets_its_servers_back_when_the_supervisor_is_killed(folder: Path) -> None:
    async with embedded_servers(folder, linger=LINGER) as servers:
        status = await running(folder)
        assert status is not None
        number = await store(servers.database_url)
        os.kill(status.supervisor_pid, signal.SIGKILL)
        assert await until(lambda: has_successor(folder, status))
        assert await until(lambda: holds(servers.database_url, number))


async def has_successor(folder: Path, status: ServerStatus) -> bool:
    """Say whether another supervisor serves the folder now."""
    found = await running(folder)
    return found is not None and found.supervisor_pid != status.supervisor_pid


async def test_a_server_that_is_killed_is_started_again(folder: Path) -> None:
    async with embedded_servers(folder, linger=LINGER) as servers:
        number = await store(servers.database_url)
        kill(eldest(servers_of(folder)))
        assert await until(lambda: holds(servers.database_url, number))


async def test_servers_that_nobody_supervises_are_stopped_at_the_next_start(folder: Path) -> None:
    async with embedded_servers(folder, linger=LINGER):
        pass
    await stop(folder)
    stray = start_without_supervisor(folder)
    try:
        async with embedded_servers(folder, linger=LINGER) as servers:
            assert await asyncio.to_thread(stray.wait, PATIENCE) == 0
            assert await query(servers.database_url, "select 1") == 1
    finally:
        stray.kill()


def start_without_supervisor(folder: Path) -> subprocess.Popen[bytes]:
    """Start PostgreSQL as a supervisor on a system without PR_SET_PDEATHSIG leaves it behind."""
    home = locate(folder)
    recipe = make_servers(home)[Kind.POSTGRES].recipe
    assert isinstance(recipe, Postgres)
    stray = subprocess.Popen(
        recipe.command(free_port()),
        cwd=recipe.data,
        user=recipe.owner.uid if recipe.owner else None,
        group=recipe.owner.gid if recipe.owner else None,
        stderr=subprocess.DEVNULL,
    )
    while psutil.Process(stray.pid).cwd() != str(recipe.data) or not pid_file(folder).exists():
        assert stray.poll() is None
    return stray


async def test_a_stale_pid_file_that_names_a_stranger_harms_neither(folder: Path) -> None:
    async with embedded_servers(folder, linger=LINGER):
        pass
    await stop(folder)
    stranger = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "input()"),
        stdin=asyncio.subprocess.PIPE,
        cwd=pid_file(folder).parent,
    )
    pid_file(folder).write_text(f"{stranger.pid}\n{pid_file(folder).parent}\n1\n5432\n")
    async with embedded_servers(folder, linger=LINGER) as servers:
        assert await query(servers.database_url, "select 1") == 1
    await stop(folder)
    assert stranger.returncode is None
    await stranger.communicate(b"\n")
    assert stranger.returncode == 0


def pid_file(folder: Path) -> Path:
    """Return PostgreSQL's own pid file."""
    return locate(folder).data(Kind.POSTGRES) / "postmaster.pid"


async def test_stopping_on_purpose_is_not_undone_by_the_members(folder: Path) -> None:
    async with embedded_servers(folder, linger=LINGER) as servers:
        await stop(folder)
        assert await running(folder) is None
        with pytest.raises(OSError, match=r"[Cc]onnect"):
            await query(servers.database_url, "select 1")


async def test_a_port_taken_meanwhile_is_replaced(folder: Path) -> None:
    async with embedded_servers(folder, linger=LINGER):
        before = await running(folder)
    await stop(folder)
    assert before is not None
    thief = await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", before.postgres_port
    )
    async with thief, embedded_servers(folder, linger=LINGER) as servers:
        assert f":{before.postgres_port}/" not in servers.database_url
        assert await query(servers.database_url, "select 1") == 1


async def test_valkey_keeps_over_an_orderly_stop_what_it_held(folder: Path) -> None:
    async with valkey_of(folder) as client:
        await client.set("pace", "7")
    await stop(folder)
    async with valkey_of(folder) as client:
        assert await client.get("pace") == b"7"


@asynccontextmanager
async def valkey_of(folder: Path) -> AsyncIterator[redis.asyncio.Redis]:
    """Have the servers of a folder running, and a client of their Valkey."""
    async with (
        embedded_servers(folder, linger=LINGER) as servers,
        redis.asyncio.Redis.from_url(servers.redis_url) as client,
    ):
        yield client


async def test_volatile_servers_forget_and_leave_the_durable_ones_alone(folder: Path) -> None:
    async with embedded_servers(folder, linger=LINGER) as durable:
        number = await store(durable.database_url)
        async with embedded_servers(folder, linger=LINGER, volatile=True) as volatile:
            assert volatile.database_url != durable.database_url
            assert not await holds(volatile.database_url, number)
        await stop(folder, volatile=True)
        assert not locate(folder, volatile=True).data(Kind.POSTGRES).exists()
        assert await holds(durable.database_url, number)


async def test_durable_is_the_default_and_waits_for_the_disk(folder: Path) -> None:
    async with embedded_servers(folder, linger=LINGER) as servers:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert await query(servers.database_url, f"show {setting}") == "on"


async def test_what_a_killed_volatile_supervisor_left_goes_at_the_next_start(
    fresh_folder: Path, tmp_path: Path
) -> None:
    place = locate(fresh_folder, volatile=True)
    async with embedded_servers(fresh_folder, linger=LINGER, volatile=True) as servers:
        number = await store(servers.database_url)
        left = all_of(fresh_folder, await supervisor_of(fresh_folder), volatile=True)
    kill(left)
    assert await gone(left)
    assert place.data(Kind.POSTGRES).exists()
    if place.by_root:  # whose volatile data lies in one place for all folders
        elsewhere = tmp_path / "elsewhere"
        async with embedded_servers(elsewhere, linger=LINGER, volatile=True):
            assert not place.path.exists()
        await erase(elsewhere, volatile=True)
    else:
        async with embedded_servers(fresh_folder, linger=LINGER, volatile=True) as servers:
            assert not await holds(servers.database_url, number)


async def supervisor_of(folder: Path) -> int:
    """Return the process number of a folder's volatile supervisor."""
    status = await running(folder, volatile=True)
    assert status is not None
    return status.supervisor_pid


async def test_a_failing_statement_leaves_nothing_that_was_written_in_the_log(folder: Path) -> None:
    async with embedded_servers(folder, linger=LINGER) as servers:
        await query(servers.database_url, "create table if not exists phones (phone text unique)")
        with pytest.raises(asyncpg.UniqueViolationError):
            await query(servers.database_url, "insert into phones values ('+7000'), ('+7000')")
    log = locate(folder).log(Kind.POSTGRES).read_text(encoding="utf-8")
    assert "duplicate key" in log
    assert "+7000" not in log
