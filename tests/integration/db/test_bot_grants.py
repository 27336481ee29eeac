"""What the bot tells a channel's admins of those who would comment there."""

import pytest

from tests.integration.db.conftest import Scene


async def test_accounts_that_run_and_disclose_are_named_once(scene: Scene) -> None:
    assert await scene.stores.bot_grants.disclosures() == ["Museum, AI"]


@pytest.mark.parametrize("change", ["disclosed_at = NULL", "state = 'paused'", "persona_id = NULL"])
async def test_who_is_silent_is_not_named(scene: Scene, change: str) -> None:
    await scene.sql(f"UPDATE accounts SET {change}")
    assert await scene.stores.bot_grants.disclosures() == []
