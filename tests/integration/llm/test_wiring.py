"""What a node writes with, put together from settings."""

from typing import Any

import pytest

from cli.compose import company
from cli.settings import Settings
from llm.interpreter import LocalInterpreter
from llm.model_interpreter import ModelInterpreter
from llm.model_writer import ModelWriter
from llm.script_writer import ScriptWriter
from orchestrator.ids import NodeName
from orchestrator.supervisor.duties import Duties


@pytest.mark.parametrize(
    ("more", "kind", "listener"),
    [
        ({}, ScriptWriter, LocalInterpreter),
        (
            {"llm_model": "test", "openai_base_url": "http://127.0.0.1:9/v1"},
            ModelWriter,
            ModelInterpreter,
        ),
    ],
)
async def test_the_settings_choose_the_writer_and_the_interpreter(  # noqa: PLR0917 - fixtures
    more: dict[str, Any],
    kind: type[Any],
    listener: type[Any],
    database_url: str,
    redis_url: str,
    tmp_path: Any,
) -> None:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it, its types do not
        database_url=database_url,
        redis_url=redis_url,
        TROUPE_HOME=tmp_path,
        **more,
    )
    async with company(settings) as house:
        worker = house.worker(NodeName("north"))
        duties = worker.do.__self__  # type: ignore[attr-defined]  # a bound method
    assert isinstance(duties, Duties)
    assert isinstance(duties.decider.writer, kind)
    assert isinstance(duties.conductor.interpreter, listener)
