"""The demo and the node as processes of their own: started, killed, and started again."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli.demo.injection import KNOWN
from tests.e2e.conftest import Play
from tests.integration.embedded.trials import gone, servers_of

PATIENCE = 300.0


async def start(home: Path, *words: str, **variables: str) -> asyncio.subprocess.Process:
    """Start `troupe` with a data folder of its own."""
    environment = {**os.environ, "TROUPE_HOME": str(home), "WEB_PORT": "0", **variables}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", *words),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def until_served(process: asyncio.subprocess.Process, home: Path) -> list[psutil.Process]:
    """Wait until the demo of that process has its servers; returns them."""
    async with asyncio.timeout(PATIENCE):
        while not (found := servers_of(home / "demo")):
            assert process.returncode is None, await process.communicate()
            await asyncio.sleep(0.05)
    return found


async def finish(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    """Wait for a process; returns its exit code and what it said."""
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def play_once(home: Path, *words: str) -> dict[str, Any]:
    """Run a demo to its end; returns the one JSON object that it prints."""
    code, out, err = await finish(await start(home, "demo", "--once", "--json", *words))
    assert code == 0, err
    (line,) = out.splitlines()
    summary: dict[str, Any] = json.loads(line)
    return summary


async def test_the_demo_decides_about_every_post_and_says_nothing_twice(tmp_path: Path) -> None:
    summary = await play_once(tmp_path / "a home")
    assert summary["comments_sent"] > 0
    assert summary["duplicates"] == 0
    assert summary["posts_seen"] == summary["posts_published"]
    decided = sum(summary["silences"].values()) + sum(summary["comments"].values())
    assert decided == summary["posts_seen"]
    ticket = summary["ticket"]
    steps = ["menu", "asked", "taken", "to_operator", "to_client", "finished", "survey"]
    assert list(ticket["steps"]) == steps
    assert (ticket["is_over"], ticket["marks"]) == (True, [5, 5, 4])


async def test_a_demo_that_was_killed_leaves_nothing_and_can_be_played_again(
    tmp_path: Path,
) -> None:
    process = await start(tmp_path, "demo", "--json")
    running = await until_served(process, tmp_path)
    process.kill()
    await process.wait()
    summary = await play_once(tmp_path)
    assert summary["duplicates"] == 0
    assert await gone([*running, *servers_of(tmp_path / "demo")])


async def test_a_second_demo_is_told_that_one_is_running(tmp_path: Path) -> None:
    first = await start(tmp_path, "demo", "--json")
    await until_served(first, tmp_path)
    code, out, err = await finish(await start(tmp_path, "demo", "--once", "--json"))
    first.send_signal(signal.SIGTERM)
    await finish(first)
    assert (code, out) == (1, "")
    assert "a demo is running already" in err


async def test_what_is_asked_for_wrongly_is_refused_before_anything_is_begun(
    tmp_path: Path,
) -> None:
    code, out, err = await finish(await start(tmp_path / "home", "demo", "--scripts", "nope"))
    assert (code, out, err) == (1, "", "troupe: nope cannot be read: No such file or directory\n")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "no Telegram Desktop export: it is not JSON"),
        ('{"messages": [{"type": "dance"}]}', "is one of 'service', 'message'"),
        ('{"messages": [{"type": "message", "text": 5}]}', "no Telegram Desktop export"),
        ('{"messages": []}', "holds no posts"),
    ],
)
async def test_a_file_that_is_no_export_is_refused_with_a_sentence(
    tmp_path: Path, content: str, sentence: str
) -> None:
    file = tmp_path / "result.json"
    file.write_text(content)
    code, out, err = await finish(await start(tmp_path, "demo", "--replay", str(file)))
    assert (code, out) == (1, "")
    assert sentence in err
    assert "Traceback" not in err


async def test_a_node_speaks_stops_on_sigterm_and_leaves_its_accounts_free(cast: Play) -> None:
    await cast.grant()
    await cast.campaign()
    process = await start(cast.company.settings.home, "run", "--node", "north", **address(cast))
    post = await cast.publish()
    await cast.until_decided()
    assert len(cast.said(post)) == 1
    begun = asyncio.get_running_loop().time()
    process.send_signal(signal.SIGTERM)
    code, _, err = await finish(process)
    assert code == 0, err
    assert asyncio.get_running_loop().time() - begun < 10
    anna = await cast.service.accounts.show("anna")
    lease = await cast.company.stage.stores.leases.lease_of(anna.id)
    assert lease.released
    assert not psutil.pid_exists(process.pid)


def address(play: Play) -> dict[str, str]:
    """Return the variables that point a process at the play's servers."""
    told = play.company.settings
    return {
        "DATABASE_URL": str(told.database_url),
        "REDIS_URL": str(told.redis_url),
        "TELEGRAM_API_ID": str(told.telegram_api_id),
        "TELEGRAM_API_HASH": str(told.telegram_api_hash),
        "TELEGRAM_SERVER": str(told.telegram_server),
        "TELEGRAM_DC_ID": str(told.telegram_dc_id),
        "TELEGRAM_PUBLIC_KEY_FILE": str(told.telegram_public_key_file),
    }


@pytest.mark.parametrize("words", ["flood,drop,lost-answer", ",".join(KNOWN)])
async def test_the_demo_meets_every_fault_that_was_asked_for_and_loses_nothing(
    tmp_path: Path, words: str
) -> None:
    summary = await play_once(tmp_path, "--inject", words)
    met = summary["injected"]
    assert set(met) == set(words.split(","))
    assert [word for word, count in met.items() if not count] == []
    assert summary["duplicates"] == summary["undecided"] == 0
    assert summary["posts_seen"] == summary["posts_published"]
    assert set(summary["comments"]) == {"sent"}
    assert summary["comments_sent"] == summary["comments"]["sent"]


async def test_help_lists_every_fault_that_can_be_injected(tmp_path: Path) -> None:
    code, out, _ = await finish(await start(tmp_path, "demo", "--help", COLUMNS="400"))
    assert code == 0
    assert [word for word in KNOWN if word not in out] == []


async def test_an_unknown_fault_is_wrong_usage(tmp_path: Path) -> None:
    code, out, err = await finish(await start(tmp_path, "demo", "--inject", "sulk"))
    assert (code, out) == (2, "")
    assert "sulk" in err
