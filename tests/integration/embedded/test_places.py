"""Any data folder will do, and nothing around it is touched."""

import asyncio
import os
import stat
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis
import redis.asyncio

from db.embedded import (
    Servers,
    default_folder,
    embedded_servers,
    ensure_database,
    erase,
    postgres_tool,
    recreate_all,
    stop,
)
from db.embedded.estate import survey
from db.embedded.folder import locate, prepare
from db.embedded.recipe import Kind
from orchestrator.errors import BadInput, ServersUnavailable
from tests.integration.embedded.trials import LINGER, query, servers_of


@pytest.mark.parametrize(
    "name",
    ['with a space/с кириллицей/quote\'s "and" $HOME', "/".join(["long" * 12] * 6)],
    ids=["awkward", "long"],
)
async def test_a_folder_of_any_name_will_do(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    try:
        async with embedded_servers(folder, linger=LINGER, volatile=True) as servers:
            assert await query(servers.database_url, "select 1") == 1
            async with redis.asyncio.Redis.from_url(servers.redis_url) as client:
                assert await client.ping()
    finally:
        await erase(folder, volatile=True)


async def test_the_same_folder_by_another_name_has_the_same_servers(
    folder: Path, tmp_path: Path
) -> None:
    alias = tmp_path / "alias"
    alias.symlink_to(folder)
    async with (
        embedded_servers(folder, linger=LINGER) as direct,
        embedded_servers(alias, linger=LINGER) as aliased,
    ):
        assert direct == aliased


async def test_no_folder_but_our_own_has_its_rights_changed(fresh_folder: Path) -> None:
    await asyncio.to_thread(fresh_folder.mkdir, 0o755)
    around = [fresh_folder, *fresh_folder.parents]
    before = [rights(place) for place in around]
    async with embedded_servers(fresh_folder, linger=LINGER):
        pass
    await stop(fresh_folder)
    assert [rights(place) for place in around] == before


def rights(place: Path) -> tuple[int, int, int]:
    """Return a folder's mode and owners."""
    found = place.stat()
    return stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid


async def test_data_and_passwords_are_private(folder: Path) -> None:
    async with embedded_servers(folder, linger=LINGER):
        home = locate(folder)
        for kind in Kind:
            assert rights(home.data(kind))[0] == 0o700
        for private in (home.passwords, home.state, home.socket):
            assert rights(private)[0] & 0o077 == 0


async def test_no_password_is_on_a_command_line_in_a_log_or_in_what_is_printed(
    folder: Path,
) -> None:
    async with embedded_servers(folder, linger=LINGER) as servers:
        home = locate(folder)
        secrets = [servers.database_url, servers.redis_url]
        passwords = [url.rpartition("@")[0].rpartition(":")[2] for url in secrets]
        shown = [" ".join(process.cmdline()) for process in servers_of(folder)]
        shown += [log.read_text(encoding="utf-8") for log in home.path.glob("*.log")]
        shown += [repr(servers), str(servers), f"{servers}"]
        assert all(len(password) >= 32 for password in passwords)
        assert not [text for text in shown for password in passwords if password in text]


async def test_servers_listen_on_loopback_only(folder: Path) -> None:
    async with embedded_servers(folder, linger=LINGER):
        addresses = {
            connection.laddr.ip
            for process in servers_of(folder)
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }
    assert addresses == {"127.0.0.1"}


async def test_nobody_gets_in_without_the_password(folder: Path) -> None:
    async with embedded_servers(folder, linger=LINGER) as servers:
        for credentials in ("troupe:guess", "troupe"):
            place = servers.database_url.rpartition("@")[2]
            with pytest.raises(asyncpg.InvalidPasswordError):
                await query(f"postgresql://{credentials}@{place}", "select 1")
        for credentials in (":guess@", ""):
            place = servers.redis_url.rpartition("@")[2]
            async with redis.asyncio.Redis.from_url(f"redis://{credentials}{place}") as client:
                with pytest.raises(redis.AuthenticationError):
                    await client.ping()


async def test_russian_text_folds_case_is_searched_and_compared(servers: Servers) -> None:
    database = servers.database_url
    assert await query(database, "select lower('ПРИВЕТ, ЁЖ')") == "привет, ёж"
    assert await query(database, "select 'Привет' ilike '%РИВЕ%'") is True
    await query(database, "create extension if not exists pg_trgm")
    assert await query(database, "select similarity('наука', 'НАУКА')") == 1.0
    found = "select to_tsvector('russian', 'открыли планету') @@ to_tsquery('russian', 'ПЛАНЕТА')"
    assert await query(database, found) is True


async def test_a_further_database_is_made_once_and_begins_anew_with_redis(folder: Path) -> None:
    async with embedded_servers(folder, linger=LINGER, database="main") as servers:
        made = await asyncio.gather(*(ensure_database(servers, "demo") for _ in range(3)))
        assert len(set(made)) == 1
        assert await query(made[0].database_url, "select current_database()") == "demo"
        assert await query(servers.database_url, "select current_database()") == "main"
        await remember(made[0])
        await recreate_all(servers, "demo")
        assert await what_is_remembered(made[0]) == (None, None)


async def remember(servers: Servers) -> None:
    """Leave something in both servers."""
    async with redis.asyncio.Redis.from_url(servers.redis_url) as client:
        await client.set("sent", "1")
    await query(servers.database_url, "create table sent (number int)")


async def what_is_remembered(servers: Servers) -> tuple[object, object]:
    """Look for it."""
    async with redis.asyncio.Redis.from_url(servers.redis_url) as client:
        return await client.get("sent"), await query(
            servers.database_url, "select to_regclass('sent')"
        )


@pytest.mark.parametrize("name", ["", "Troupe", 'x"; drop database troupe', "a" * 64, "a-b"])
async def test_a_database_name_that_needs_quoting_is_refused(servers: Servers, name: str) -> None:
    with pytest.raises(BadInput, match="cannot name a database"):
        await ensure_database(servers, name)


async def test_data_of_another_postgresql_is_left_alone(folder: Path) -> None:
    async with embedded_servers(folder, linger=LINGER):
        pass
    await stop(folder)
    version = locate(folder).data(Kind.POSTGRES) / "PG_VERSION"
    ours = version.read_text(encoding="ascii")
    version.write_text("17\n", encoding="ascii")
    try:
        with pytest.raises(ServersUnavailable, match=r"made by PostgreSQL 17.*troupe db backup"):
            async with embedded_servers(folder, linger=LINGER):
                pass
        assert version.read_text(encoding="ascii") == "17\n"
    finally:
        version.write_text(ours, encoding="ascii")


async def test_a_start_cut_off_while_the_data_was_made_is_made_good(fresh_folder: Path) -> None:
    home = locate(fresh_folder)
    prepare(home, fresh_folder)
    unfinished = home.data("postgres.unfinished")
    unfinished.mkdir()
    (unfinished / "PG_VERSION").touch()
    async with embedded_servers(fresh_folder, linger=LINGER) as servers:
        assert await query(servers.database_url, "select 1") == 1
    assert not unfinished.exists()


async def test_a_folder_that_cannot_be_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    if os.geteuid() == 0:
        pytest.skip("root keeps its servers below /var/lib/troupe and never writes there")
    with pytest.raises(ServersUnavailable, match="TROUPE_HOME"):
        async with embedded_servers(tmp_path / "file", linger=LINGER):
            pass


async def test_root_does_not_begin_a_second_database_beside_a_users(fresh_folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root keeps its servers elsewhere")
    (fresh_folder / "servers").mkdir(parents=True)
    with pytest.raises(ServersUnavailable, match="run Troupe as that user"):
        async with embedded_servers(fresh_folder, linger=LINGER):
            pass


async def test_on_windows_a_sentence_names_the_way(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ServersUnavailable, match="set DATABASE_URL and REDIS_URL"):
        async with embedded_servers(folder):
            pass


def test_the_default_folder_is_the_one_named_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TROUPE_HOME", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("TROUPE_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_folder().name == "troupe"


@pytest.mark.parametrize("tool", ["pg_dump", "pg_restore", "psql"])
async def test_a_tool_runs_for_whoever_runs_troupe(tool: str) -> None:
    process = await asyncio.create_subprocess_exec(
        postgres_tool(tool), "--version", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    assert b"(PostgreSQL) 18" in output


async def test_what_the_servers_of_a_folder_keep_is_found_by_its_name(
    folder: Path,
) -> None:
    async with embedded_servers(folder, linger=LINGER):
        kept = {plot.folder: plot for plot in await asyncio.to_thread(survey, folder)}[folder]
        assert kept.runs
        assert kept.size > 10_000_000
