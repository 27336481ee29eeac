"""People write to an account, and a model answers what no script is about."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.ports.conversations import ConversationState, TurnKind
from orchestrator.ports.writing import Source
from tests.e2e.conftest import OLGA
from tests.e2e.talking import Talk, club, talking
from tests.support import model_server as deeds
from tests.support.model_server import ModelServer

STORY = (
    "Вчера вечером мы с дедушкой долго сидели на крыльце, он вспоминал молодость, "
    "и я понял, как мало мы о нём знаем"
)
KIND = "Вечера с лекциями у журнала тоже про такие разговоры. Вам ближе чтение или вечера?"
SAID = {"script_fit_score": 0.1, "script": "club-ru", "strategy": "free_20", "parts": [KIND]}


@pytest.fixture
async def talk(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Talk]:
    server = ModelServer(deeds.says_json(SAID))
    async with server.running():
        monkeypatch.setenv("LLM_MODEL", "test")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        async with talking(database_url, redis_url, tmp_path) as opened:
            yield opened


async def test_free_talk_waits_for_a_person_until_the_script_lets_it_go(talk: Talk) -> None:
    async with talk.company.running_node():
        talk.write(STORY)
        await talk.reaches(ConversationState.HANDED_OVER)
        (handoff,) = await talk.company.service.conversations.handoffs(10)
        assert handoff.suggestion == KIND
        assert talk.answers() == []

        scripts = [one.model_copy(update={"free_talk": True}) for one in club()]
        await talk.company.service.library.import_scripts(OLGA, scripts, "let it talk")
        other = talk.other("Vera")
        await other.says(STORY, KIND)
        await other.says("Как вступить в клуб?", "программа-помощник журнала «Фонарь»")
        await other.settles()
    free, scripted = (one.turn for one in await other.turns())
    assert (free.kind, free.source) == (TurnKind.FREE, Source.MODEL)
    assert free.prompt_hash
    assert free.says[0].endswith(KIND)
    assert "программа-помощник" in free.says[0]
    assert (scripted.kind, scripted.source) == (TurnKind.SCRIPT, Source.LOCAL)
