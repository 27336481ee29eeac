"""Receiving under faults, in short: nothing is lost, and everything is recorded once."""

from pathlib import Path

from db.embedded import Servers
from tests.chaos.receiving import ReceivingPlan, open_ears, receive_letters, receive_posts
from tests.chaos.rig import rig

SHORT = ReceivingPlan(seed=5, posts=400, letters=100, accounts=4, burst=20, kills=2, patience=60.0)


async def test_dropped_and_doubled_updates_and_killed_nodes_lose_and_double_nothing(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with rig(Servers(database_url, redis_url), tmp_path) as trial:
        await open_ears(trial, SHORT)
        async with trial.tended():
            posts = await receive_posts(trial, SHORT)
            letters = await receive_letters(trial, SHORT)
        evidence = await trial.evidence()
    assert posts.is_clean, posts
    assert posts.dropped > 0
    assert letters.is_clean, letters
    assert not evidence.double_held
    assert not evidence.unexplained
