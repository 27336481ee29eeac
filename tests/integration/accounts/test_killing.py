"""kill -9 between dispatch and commit loses nothing."""

import asyncio
import pickle
import sys
from pathlib import Path

import pytest

from orchestrator.facts import DirectMessageSeen, PostSeen
from orchestrator.ports.sessions import SessionStore
from tests.integration.accounts.cast import ANNA, Cast, Ear, endpoint
from tests.integration.accounts.stores import FileSessions


@pytest.fixture
def sessions(tmp_path: Path) -> SessionStore:
    return FileSessions(tmp_path)


async def test_what_a_killed_process_had_not_committed_is_told_to_the_next(
    cast: Cast, tmp_path: Path
) -> None:
    anna = await cast.enlist()
    owner = cast.world.add_person("+9996633333", "Olga")
    science = cast.world.add_channel("Science", owner=owner)
    cast.world.join(science, anna)
    await cast.sign_in(ANNA)
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.accounts.victim",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert victim.stdin is not None
    assert victim.stdout is not None
    victim.stdin.write(pickle.dumps((endpoint(cast.server), str(tmp_path))))
    victim.stdin.write_eof()
    async with asyncio.timeout(120):
        assert await victim.stdout.readline() == b"open\n"
        cast.world.publish(science, "interrupted")
        assert await victim.stdout.readline() == b"PostSeen\n"
        cast.world.send_private(owner, anna, "said meanwhile")
        victim.kill()
        await victim.wait()
    cast.sessions = FileSessions(tmp_path)
    ear = Ear()
    async with cast.door().open(ANNA, ear):
        await ear.until(lambda: len(ear.facts) == 2)
    assert [post.text for post in ear.of(PostSeen)] == ["interrupted"]
    assert [message.text for message in ear.of(DirectMessageSeen)] == ["said meanwhile"]
