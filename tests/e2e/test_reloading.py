"""Two nodes as processes of their own take up what plain SQL changes."""

import asyncio
import json
from collections.abc import Callable

import asyncpg

from orchestrator.ports.labels import LabelStanding
from personas.scripts.canonical import canonical_json
from tests.e2e.conftest import OLGA, SPACE, Play
from tests.e2e.test_nodes import PATIENCE, pytestmark, running
from tests.fixtures.commands import Troupe, environment, quiet_logging, refused, troupe

__all__ = ["environment", "pytestmark", "quiet_logging", "troupe"]

ADD_VERSION = """
    INSERT INTO script_versions (script_id, version, content, sha256, author)
    SELECT id, $1, $2, 'by hand', 'psql' FROM scripts WHERE key = 'space' RETURNING id
"""


async def publish_by_sql(database_url: str, version: int, content: object) -> None:
    """Add a version and move the label to it, as somebody at psql would."""
    connection = await asyncpg.connect(database_url)
    try:
        added = await connection.fetchval(ADD_VERSION, version, json.dumps(content))
        await connection.execute(
            "UPDATE script_labels SET version_id = $1, moved_by = 'psql'", added
        )
    finally:
        await connection.close()


async def until_standing(play: Play, wanted: Callable[[LabelStanding], bool]) -> LabelStanding:
    async with asyncio.timeout(PATIENCE):
        while True:
            (standing,) = await play.service.reloading.standings("space")
            if wanted(standing):
                return standing
            await asyncio.sleep(0.02)


async def test_a_label_moved_by_sql_is_in_use_on_both_nodes(play: Play) -> None:
    database_url = str(play.company.settings.database_url)
    await play.service.library.import_scripts(OLGA, [SPACE], "first")
    async with running(play, "a", "127.0.0.2"), running(play, "b", "127.0.0.3"):
        await until_standing(play, lambda one: len(one.nodes) == 2 and not one.behind)

        content = json.loads(canonical_json(SPACE.model_copy(update={"name": "By hand"})))
        await publish_by_sql(database_url, 2, content)
        standing = await until_standing(play, lambda one: one.version == 2 and not one.behind)
        assert [(use.node, use.version) for use in standing.nodes] == [("a", 2), ("b", 2)]

        await publish_by_sql(database_url, 3, {"key": "space"})
        standing = await until_standing(
            play, lambda one: one.version == 3 and all(use.refused for use in one.nodes)
        )
        assert [(use.node, use.version) for use in standing.behind] == [("a", 2), ("b", 2)]


def test_status_shows_where_labels_point_when_no_node_runs(troupe: Troupe) -> None:
    assert "No script yet" in troupe("scripts", "status").out
    assert "there are none yet" in refused(troupe("scripts", "status", "space"))
