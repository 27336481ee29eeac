"""What nodes speak from follows the label map, whoever changed it and however."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from db.notify import Notices
from db.stores.labels import PostgresLabels
from orchestrator.errors import NotFound
from orchestrator.ids import NodeName, ScriptVersionId
from orchestrator.library.node_library import NodeLibrary
from orchestrator.library.numbers import Numbers
from orchestrator.library.snapshot import Snapshot
from orchestrator.ports.labels import LabelMap, LabelStanding
from orchestrator.ports.stores import Stores
from orchestrator.service.settings import SettingsDesk
from orchestrator.tuning import Tuning
from personas.scripts.canonical import canonical_json
from personas.scripts.model import Script, ScriptKind
from tests.integration.db.conftest import OLGA

PATIENCE = 60.0
SCRIPT = Script.model_validate(
    {
        "key": "comets",
        "kind": "comment",
        "name": "Comets",
        "language": "en",
        "triggers": [{"key": "tail", "examples": ["a comet's tail"], "responses": ["It glows."]}],
    }
)
ADD_VERSION = """
    INSERT INTO script_versions (script_id, version, content, sha256, author)
    SELECT id, (SELECT max(version) + 1 FROM script_versions WHERE script_id = scripts.id),
           $1, 'by hand', 'psql'
    FROM scripts WHERE key = 'comets' RETURNING id
"""
MOVE_LABEL = "UPDATE script_labels SET version_id = $1, moved_by = 'psql'"


@dataclass(slots=True)
class Shelf:
    """A node's library, with a way to wait for what it comes to use."""

    library: NodeLibrary
    news: asyncio.Event

    async def until(self, condition: Callable[[Snapshot], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.library.snapshot is None or not condition(self.library.snapshot):
                self.news.clear()
                await self.news.wait()

    async def until_says(self, name: str) -> None:
        await self.until(lambda shot: names(shot) == [name])


def names(snapshot: Snapshot) -> list[str]:
    return [one.script.name for one in snapshot.published(ScriptKind.COMMENT)]


class Psql:
    """Plain SQL, from outside of everything."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def add(self, content: object) -> int:
        return int(await self.connection.fetchval(ADD_VERSION, json.dumps(content)))

    async def add_named(self, name: str) -> int:
        script = SCRIPT.model_copy(update={"name": name})
        return await self.add(json.loads(canonical_json(script)))

    async def move(self, version: int) -> None:
        await self.connection.execute(MOVE_LABEL, version)


@pytest.fixture
async def psql(database_url: str) -> AsyncIterator[Psql]:
    connection = await asyncpg.connect(database_url)
    yield Psql(connection)
    await connection.close()


@pytest.fixture
async def notices(database_url: str) -> AsyncIterator[Notices]:
    async with Notices(database_url).run() as running:
        await running.listening.wait()
        yield running


@asynccontextmanager
async def on_node(
    stores: Stores, name: str, notices: Notices | None, poll: float = 60.0
) -> AsyncIterator[Shelf]:
    """Run a node's library; without notices it is deaf."""
    await stores.leases.node_started(NodeName(name), "host", 1, "1")
    library = NodeLibrary(stores.labels, poll)
    shelf = Shelf(library, asyncio.Event())
    library.add_reader(lambda _: shelf.news.set())
    if notices is not None:
        notices.add_listener(library.hear)
    task = asyncio.create_task(library.run(NodeName(name)), name=name)
    try:
        yield shelf
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_standing(
    stores: Stores, condition: Callable[[LabelStanding], bool]
) -> LabelStanding:
    async with asyncio.timeout(PATIENCE):
        while True:
            for standing in await stores.labels.standings():
                if condition(standing):
                    return standing
            await asyncio.sleep(0.01)


def all_at(version: int) -> Callable[[LabelStanding], bool]:
    return lambda one: bool(one.nodes) and all(use.version == version for use in one.nodes)


@pytest.fixture
async def comets(stores: Stores) -> Stores:
    await stores.library.put_script(OLGA, SCRIPT, "first")
    return stores


@pytest.fixture
def stage(comets: Stores, notices: Notices, psql: Psql) -> tuple[Stores, Notices, Psql]:
    return comets, notices, psql


async def test_a_label_moved_by_plain_sql_is_in_use_on_both_nodes_and_acknowledged(
    comets: Stores, notices: Notices, psql: Psql
) -> None:
    async with on_node(comets, "north", notices) as north, on_node(comets, "south", notices) as s:
        await north.until_says("Comets")
        await s.until_says("Comets")
        second = await psql.add_named("Comets!")
        await psql.move(second)
        await north.until_says("Comets!")
        await s.until_says("Comets!")
        standing = await until_standing(comets, all_at(2))
        assert [use.node for use in standing.nodes] == ["north", "south"]
        assert (standing.behind, standing.moved_by) == ((), "psql")


async def test_a_script_that_is_switched_off_is_not_published(
    comets: Stores, notices: Notices, psql: Psql
) -> None:
    async with on_node(comets, "north", notices) as north:
        await north.until_says("Comets")
        await psql.connection.execute("UPDATE scripts SET is_active = false")
        await north.until(lambda shot: names(shot) == [])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"key": "comets"}, "is missing"),
        ([1, 2], "must be a mapping"),
        ("text", "must be a mapping"),
        (json.loads(canonical_json(SCRIPT)) | {"key": "planets"}, "says planets inside"),
    ],
)
async def test_a_broken_version_is_refused_and_the_last_good_one_stays_over_a_restart(
    stage: tuple[Stores, Notices, Psql],
    content: object,
    why: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    comets, notices, psql = stage
    async with on_node(comets, "north", notices) as north:
        await until_standing(comets, all_at(1))
        await psql.move(await psql.add(content))
        standing = await until_standing(
            comets, lambda one: bool(one.behind and one.behind[0].refused)
        )
        assert names(north.library.snapshot or Snapshot()) == ["Comets"]
        assert why in (standing.behind[0].refused or "")
        assert (standing.version, standing.behind[0].version) == (2, 1)
        assert "version 2 of script comets cannot be used, the last good one stays" in caplog.text
    async with on_node(comets, "newcomer", notices) as restarted:
        await restarted.until_says("Comets")
        await until_standing(comets, lambda one: len(one.behind) == 2)
    told = [one for one in await comets.logs.audit_entries(20) if one.action == "refuse_script"]
    assert [(one.actor, one.subject) for one in told] == [("node north", "script comets")]

    third = await psql.add_named("Comets mended")
    async with on_node(comets, "north", notices) as north:
        await psql.move(third)
        await north.until_says("Comets mended")


async def test_a_script_that_was_never_good_is_not_spoken(
    stores: Stores, notices: Notices, psql: Psql
) -> None:
    await psql.connection.execute(
        "INSERT INTO scripts (key, name, kind, language, created_by)"
        " VALUES ('comets', 'x', 'comment', 'en', 'psql')"
    )
    await psql.connection.execute(
        "WITH made AS (INSERT INTO script_versions (script_id, version, content, sha256, author)"
        " SELECT id, 1, '{}', '', 'psql' FROM scripts RETURNING script_id, id)"
        " INSERT INTO script_labels (script_id, label, version_id, moved_by)"
        " SELECT script_id, 'production', id, 'psql' FROM made"
    )
    async with on_node(stores, "north", notices) as north:
        standing = await until_standing(stores, lambda one: bool(one.behind[0].refused))
        assert standing.nodes[0].version is None
        assert names(north.library.snapshot or Snapshot()) == []


async def test_a_deaf_node_finds_out_by_looking(comets: Stores, psql: Psql) -> None:
    async with on_node(comets, "north", None, poll=0.05) as deaf:
        await deaf.until_says("Comets")
        await psql.move(await psql.add_named("Comets!"))
        await deaf.until_says("Comets!")


async def test_what_changed_while_the_listener_was_away_is_found_when_it_comes_back(
    comets: Stores, notices: Notices, psql: Psql
) -> None:
    async with on_node(comets, "north", notices) as north:
        await north.until_says("Comets")
        second = await psql.add_named("Comets!")
        await psql.connection.execute("ALTER TABLE script_labels DISABLE TRIGGER ALL")
        await psql.move(second)
        await psql.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'troupe notices' AND datname = current_database()"
        )
        await north.until_says("Comets!")


async def test_a_version_that_commits_late_is_not_missed(
    comets: Stores, notices: Notices, database_url: str
) -> None:
    # The slow transaction takes the lower number and commits after the quick one.
    slow = await asyncpg.connect(database_url)
    try:
        await comets.library.put_script(OLGA, SCRIPT.model_copy(update={"key": "tails"}), "new")
        async with on_node(comets, "north", notices) as north:
            await north.until(lambda shot: len(shot.editions) == 2)
            begun = slow.transaction()
            await begun.start()
            early = await Psql(slow).add_named("Late")
            await Psql(slow).connection.execute(
                "UPDATE script_labels SET version_id = $1 WHERE script_id ="
                " (SELECT id FROM scripts WHERE key = 'comets')",
                early,
            )
            tails = SCRIPT.model_copy(update={"key": "tails", "name": "Quick"})
            await comets.library.put_script(OLGA, tails, "quick")
            await north.until(lambda shot: "Quick" in names(shot))
            await begun.commit()
            await north.until(lambda shot: names(shot) == ["Late", "Quick"])
    finally:
        await slow.close()


@dataclass(frozen=True, slots=True)
class Counting(PostgresLabels):
    """Counts loads, and holds each until the test lets it go."""

    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    begun: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    async def label_map(self, known: Collection[ScriptVersionId]) -> LabelMap:
        self.begun.put_nowait(None)
        await self.turns.acquire()
        return await PostgresLabels.label_map(self, known)


async def test_many_notices_become_one_load(engine: AsyncEngine) -> None:
    store = Counting(engine)
    library = NodeLibrary(store, 60.0)
    task = asyncio.create_task(library.run(NodeName("north")), name="library")
    try:
        await store.begun.get()
        for _ in range(1000):
            library.hear("scripts")
        store.turns.release()
        await store.begun.get()
        store.turns.release()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await store.begun.get()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_process_that_is_no_node_looks_each_time(comets: Stores, psql: Psql) -> None:
    library = NodeLibrary(comets.labels)
    assert [one.script.name for one in await library.published(ScriptKind.COMMENT)] == ["Comets"]
    await psql.move(await psql.add_named("Comets!"))
    assert [one.script.name for one in await library.published(ScriptKind.COMMENT)] == ["Comets!"]


async def test_any_version_can_be_asked_for_by_its_number(comets: Stores, psql: Psql) -> None:
    library = NodeLibrary(comets.labels)
    unlabelled = ScriptVersionId(await psql.add_named("Never published"))
    assert (await library.version(unlabelled)).script.name == "Never published"
    with pytest.raises(NotFound, match="no version 4711"):
        await library.version(ScriptVersionId(4711))


async def test_a_setting_changed_by_plain_sql_counts_in_a_running_node(
    stores: Stores, notices: Notices, psql: Psql
) -> None:
    taken = asyncio.Event()

    class Watched(Numbers):
        def take(self, wanted: Tuning) -> None:
            super().take(wanted)
            if self.now != Tuning():
                taken.set()

    watched = Watched(Tuning(), SettingsDesk(stores.settings).tuning, 60.0)
    notices.add_listener(watched.hear)
    task = asyncio.create_task(watched.run(), name="numbers")
    await psql.connection.execute(
        "INSERT INTO settings (key, value, changed_by) VALUES ('comment_lasts', '\"PT2H\"', 'psql')"
    )
    async with asyncio.timeout(PATIENCE):
        await taken.wait()
    assert watched.now.comment_lasts == timedelta(hours=2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_node_that_left_is_not_behind(comets: Stores, notices: Notices) -> None:
    incarnation = await comets.leases.node_started(NodeName("gone"), "host", 1, "1")
    assert incarnation is not None
    async with on_node(comets, "north", notices):
        await until_standing(comets, lambda one: len(one.nodes) == 2 and len(one.behind) == 1)
        await comets.leases.node_stopped(NodeName("gone"), incarnation)
        await until_standing(comets, lambda one: len(one.nodes) == 1 and not one.behind)
