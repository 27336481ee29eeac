"""Versions of scripts: drafts, publishing, rolling back, and what never changes."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from orchestrator.actor import Actor
from orchestrator.errors import NotFound
from orchestrator.library.node_library import NodeLibrary
from orchestrator.ports.library import Live
from orchestrator.ports.stores import Stores
from personas.scripts.canonical import canonical_json
from personas.scripts.model import Script, ScriptKind

from .conftest import Scene

OLGA = Actor("olga")
SEATS: dict[str, Any] = {
    "key": "seats",
    "kind": "sales",
    "name": "Seats",
    "language": "en",
    "variables": [{"key": "seats", "type": "integer", "default": 5}],
    "steps": [{"key": "ask", "say": "How many?", "next": "close"}],
    "handoff": {"say": "A colleague comes.", "phrases": ["human"]},
}


def seats(**changes: Any) -> Script:
    return Script.model_validate(SEATS | changes)


async def in_production(stores: Stores) -> tuple[int, str]:
    [record] = await stores.library.scripts()
    return record.version, (await stores.library.script_named("seats")).name


async def test_a_draft_is_used_by_nobody_before_it_is_promoted(stores: Stores) -> None:
    library = stores.library
    await library.put_script(OLGA, seats(), "first")
    assert await library.draft_script(OLGA, seats(name="Chairs"), "better words") == 2
    assert await library.draft_script(OLGA, seats(name="Chairs"), "again") is None
    assert await in_production(stores) == (1, "Seats")
    assert (await library.scripts())[0].name == "Seats"
    assert await library.promote_version(OLGA, "seats", 2, Live.MOVE)
    assert not await library.promote_version(OLGA, "seats", 2, Live.MOVE)
    assert await in_production(stores) == (2, "Chairs")
    assert (await library.scripts())[0].name == "Chairs"


async def test_the_history_tells_who_changed_what_and_where_the_label_points(
    stores: Stores,
) -> None:
    await stores.library.put_script(OLGA, seats(), "first")
    await stores.library.put_script(Actor("boris"), seats(name="Chairs"), "wider", Live.RESTART)
    newest, oldest = await stores.library.history("seats")
    assert (newest.version, newest.author, newest.change) == (2, "boris", "wider")
    assert (newest.labels, newest.live) == (("production",), Live.RESTART)
    assert (oldest.labels, oldest.live, oldest.author) == ((), None, "olga")


async def test_versions_stored_at_once_are_counted_one_by_one(stores: Stores) -> None:
    async def store(number: int) -> None:
        script = seats(name=f"Seats {number}")
        put = stores.library.put_script if number % 2 else stores.library.draft_script
        await put(OLGA, script, f"change {number}")

    await asyncio.gather(*(store(number) for number in range(8)))
    history = await stores.library.history("seats")
    assert [one.version for one in history] == list(range(8, 0, -1))
    assert len({one.sha256 for one in history}) == 8
    assert sum("production" in one.labels for one in history) == 1


async def test_any_version_comes_back_byte_by_byte(stores: Stores) -> None:
    await stores.library.put_script(OLGA, seats(), "first")
    await stores.library.put_script(OLGA, seats(name="Chairs"), "wider")
    for version, script in ((1, seats()), (2, seats(name="Chairs"))):
        stored = await stores.library.script_version("seats", version)
        assert canonical_json(stored) == canonical_json(script)


async def test_what_is_not_there_is_told_with_what_is(stores: Stores) -> None:
    await stores.library.put_script(OLGA, seats(), "first")
    with pytest.raises(NotFound, match="seats has no version 9; the newest is 1"):
        await stores.library.promote_version(OLGA, "seats", 9, Live.STAY)
    with pytest.raises(NotFound, match="there are seats"):
        await stores.library.history("chairs")
    with pytest.raises(NotFound, match="there are seats"):
        await stores.library.activate_script(OLGA, "chairs", active=False)


async def test_a_script_that_is_off_is_never_chosen(stores: Stores) -> None:
    comment = seats(kind="comment", triggers=[{"key": "a", "examples": ["aa"], "responses": ["b"]}])
    await stores.library.put_script(OLGA, comment, "first")
    library = NodeLibrary(stores.labels)
    assert len(await library.published(ScriptKind.COMMENT)) == 1
    assert await stores.library.activate_script(OLGA, "seats", active=False)
    assert not await stores.library.activate_script(OLGA, "seats", active=False)
    await library.load()
    assert await library.published(ScriptKind.COMMENT) == ()
    await stores.library.put_script(OLGA, seats(), "second")
    assert not (await stores.library.scripts())[0].is_active


@pytest.mark.parametrize("column", ["content = '{}'", "sha256 = 'x'", "version = 7"])
async def test_no_plain_sql_changes_a_version(scene: Scene, column: str) -> None:
    await scene.stores.library.put_script(OLGA, seats(), "first")
    with pytest.raises(DBAPIError, match="never changes"):
        await scene.sql(f"UPDATE script_versions SET {column}")


async def test_plain_sql_cannot_choose_something_else_for_live_conversations(scene: Scene) -> None:
    await scene.stores.library.put_script(OLGA, seats(), "first")
    with pytest.raises(DBAPIError, match="live_conversations"):
        await scene.sql("UPDATE script_labels SET live_conversations = 'vanish'")
