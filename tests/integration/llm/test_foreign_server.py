"""The same client against a server that somebody else wrote: aimock, from npm (MIT licence)."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from llm.model.answers import Answered, Failed, FailureKind
from llm.model.client import ModelAddress, ModelClient, Question
from tests.support.clock import HandClock

PACKAGE = "@copilotkit/aimock@1.43.0"
ADDRESS = re.compile(rb"listening on (http://\S+)")


class Weather(BaseModel):
    place: str
    warm: float = Field(ge=0, le=1)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Install the server, or say why it cannot be."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node is not installed here")
    folder = tmp_path_factory.mktemp("aimock")
    install = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--no-save"]
    try:
        done = subprocess.run([*install, PACKAGE], capture_output=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm could not install {PACKAGE} within a minute")
    if done.returncode:
        pytest.skip(f"npm cannot install {PACKAGE} here: is its registry in reach?")
    return [node, str(folder / "node_modules/@copilotkit/aimock/dist/cli.js")]


@asynccontextmanager
async def serving(
    program: list[str], folder: Path, *fixtures: dict[str, Any]
) -> AsyncIterator[ModelClient]:
    """Run the server with those answers, and a client of it."""
    file = folder / "answers.json"
    file.write_text(json.dumps({"fixtures": fixtures}), encoding="utf-8")
    server = await asyncio.create_subprocess_exec(
        *program, "-p", "0", "-f", str(file), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(120):
            url = await address_of(server)
        client = ModelClient(ModelAddress("gpt-test", f"{url}/v1", "key"), clock=HandClock())
        async with client.running():
            yield client
    finally:
        server.terminate()
        await server.communicate()


async def address_of(server: asyncio.subprocess.Process) -> str:
    assert server.stdout is not None
    async for line in server.stdout:
        if found := ADDRESS.search(line):
            return found.group(1).decode()
    raise AssertionError("the server ended before it listened")


def asked(text: str) -> Question[Weather]:
    return Question(system="Rules.", user=text, shape=Weather)


async def test_an_answer_comes_back_in_shape(program: list[str], tmp_path: Path) -> None:
    good = {"match": {"userMessage": "here"}, "response": {"content": '{"place":"A","warm":0.5}'}}
    async with serving(program, tmp_path, good) as client:
        answer = await client.ask(asked("here?"))
    assert isinstance(answer, Answered)
    assert answer.value.place == "A"
    assert answer.effort.requests == 1


async def test_a_wrong_shape_and_a_limit_are_failures(program: list[str], tmp_path: Path) -> None:
    wrong = {"match": {"userMessage": "odd"}, "response": {"content": "I'd rather not."}}
    again = {"match": {"userMessage": "wanted shape"}, "response": {"content": "No."}}
    busy = {
        "match": {"userMessage": "busy"},
        "response": {"error": {"message": "slow down", "type": "rate_limit_error"}, "status": 429},
    }
    async with serving(program, tmp_path, wrong, again, busy) as client:
        odd, late = await client.ask(asked("odd?")), await client.ask(asked("busy?"))
    assert isinstance(odd, Failed)
    assert odd.kind is FailureKind.BAD_ANSWER
    assert isinstance(late, Failed)
    assert late.kind is FailureKind.RATE_LIMITED
    assert late.effort.requests == 3
