"""The check can fail: where a rule is broken on purpose, the judge sees it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.embedded import Servers
from tests.chaos.control import with_fresh_random_ids, without_leases
from tests.chaos.rig import TUNING, Rig, rig


@pytest.fixture
async def trial(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(Servers(database_url, redis_url), tmp_path, TUNING) as made:
        yield made


async def test_without_leases_accounts_are_held_twice(trial: Rig) -> None:
    verdict = await without_leases(trial)
    assert verdict.double_held > 0
    assert not verdict.is_clean


async def test_with_a_fresh_random_id_at_each_attempt_messages_are_doubled(trial: Rig) -> None:
    verdict = await with_fresh_random_ids(trial)
    assert verdict.doubled > 0
    assert not verdict.is_clean
