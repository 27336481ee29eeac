"""A diagnostic in private: stopped in the middle, gone on with, and its result on record."""

from pathlib import Path

from cli.documents import read_scripts
from orchestrator.ids import JourneyId
from orchestrator.ports.conversations import ConversationState
from orchestrator.ports.journeys import Finding, ItemState, JourneyState
from tests.e2e.conftest import OLGA
from tests.e2e.talking import talking

SCRIPTS = Path("cli/demo_data/groups")


async def test_a_diagnostic_survives_a_restart_and_ends_with_its_result(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with talking(database_url, redis_url, tmp_path) as talk:
        service = talk.company.service
        await service.library.import_scripts(OLGA, read_scripts(SCRIPTS), "first")
        async with talk.company.running_node():
            await talk.says("Start the diagnostic", "1. a balcony", "assistant program")
            await talk.says("3", "How would you carry it")
            await talk.settles()
        [row] = await service.journeys.list(JourneyState.ACTIVE, 5)
        assert (row.current, row.started_by) == ("diagnostic-telescope-en", "the person")
        [item] = (await service.journeys.show(row.id)).items
        assert (item.state, item.step, item.turns) == (ItemState.RUNNING, "carrying", 2)
        async with talk.company.running_node():
            await talk.says("by car", "How often")
            await talk.says("every clear evening", "6 of 6")
            await talk.reaches(ConversationState.CLOSED)
        assert await service.journeys.results(None, 5) != []
        [found] = await service.journeys.results("diagnostic-telescope-en", 5)
        assert found.finding == Finding(6, "large")
        detail = await service.journeys.show(JourneyId(row.id))
        assert detail.row.state is JourneyState.DONE
        [item] = detail.items
        assert (item.state, item.finding) == (ItemState.DONE, Finding(6, "large"))
