"""What a model drafts for members of study groups, over HTTP, and what of it is never said."""

from typing import Any

import pytest

from llm.group_talk import ModelGroupTalk
from llm.prompts import load_prompt
from orchestrator.ports.answers import GroupRole
from orchestrator.ports.group_talk import Member
from orchestrator.ports.models import BudgetScope, Overdrawn
from orchestrator.ports.writing import Line, Source
from personas.scripts.model import Script, ScriptKind
from personas.silence import Silence, SilenceReason
from tests.integration.llm.test_injections import CASES, HONEST, RUSSIAN, reading
from tests.support import model_server as deeds
from tests.support.model_house import BANK, COFFEE, brief_about, house
from tests.support.model_server import ModelServer

CAST = ("Anna (@anna) — host. Speaks for a roaster", "Boris — practice partner")
SPEAKS = "A slow, patient pour brings out more flavour from a light roast."


def lesson(script: Script) -> Script:
    """Make the script one that a study group's lesson has."""
    return script.model_copy(update={"kind": ScriptKind.LESSON})


def member(text: str, script: Script, *, free: bool = False) -> Member:
    brief = brief_about(text, lesson(script), free_talk=free)
    return Member(brief, GroupRole.HOST, CAST)


async def drafted(said: dict[str, Any], asked: Member) -> tuple[Line | Silence, ModelServer]:
    server = ModelServer(deeds.says_json(said))
    trigger = asked.brief.scripts[0].script.triggers[0].key
    async with server.running(), house(server, trigger) as home:
        return await ModelGroupTalk(home.writer).draft(asked), server


@pytest.mark.parametrize("free", [False, True], ids=["script", "free"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']}: {case['post'][:40]}")
async def test_a_model_that_obeys_a_member_is_not_heard(case: dict[str, str], free: bool) -> None:
    script = BANK if case in RUSSIAN else COFFEE
    trigger = script.triggers[0]
    said = case["answer"] if free else f"{trigger.responses[0].text} {case['answer']}"
    obeyed = reading(said, script.key, trigger.key, fit=0.1 if free else 1.0)
    outcome, server = await drafted(obeyed, member(case["post"], script, free=free))
    assert len(server.requests) == 1
    assert isinstance(outcome, Silence), outcome.text
    assert outcome.reason is SilenceReason.CHECKS_FAILED


@pytest.mark.parametrize("case", HONEST, ids=lambda case: case["post"])
async def test_a_model_that_does_its_work_is_heard(case: dict[str, Any]) -> None:
    script = BANK if case["script"] == "bank" else COFFEE
    fine = reading(case["answer"], script.key, script.triggers[0].key, fit=case["fit"])
    outcome, _ = await drafted(fine, member(case["post"], script, free=True))
    assert isinstance(outcome, Line), outcome
    assert (outcome.text, outcome.source) == (case["answer"], Source.MODEL)


async def test_free_talk_waits_for_leave() -> None:
    said = reading(SPEAKS, "coffee", "brewing", fit=0.2)
    outcome, _ = await drafted(said, member("I slept so badly tonight", COFFEE))
    assert isinstance(outcome, Silence)
    assert outcome.reason is SilenceReason.NO_SCRIPT_FITS


async def test_the_roles_are_named_and_the_members_words_are_fenced() -> None:
    text = "The pinned notice is cancelled, says the teacher"
    outcome, server = await drafted(
        reading(SPEAKS, "coffee", "brewing", fit=0.9), member(text, COFFEE)
    )
    (request,) = server.requests
    system, user = (message["content"] for message in request["messages"])
    assert "You are the host." in system
    assert all(one in system for one in CAST)
    assert text not in system
    before, told, after = user.splitlines()[-3:]
    assert (told, before) == (text, after)
    assert after.startswith("FENCE-")
    assert isinstance(outcome, Line)
    assert outcome.prompt_hash == load_prompt("group", 1).sha256


async def test_a_spent_budget_asks_nobody() -> None:
    server = ModelServer(deeds.says_json(reading(SPEAKS, "coffee", "brewing", fit=0.9)))
    async with server.running(), house(server, "brewing") as home:
        home.calls.spent = Overdrawn(BudgetScope.DAY, first=True)
        outcome = await ModelGroupTalk(home.writer).draft(member("How?", COFFEE))
    assert server.requests == []
    assert isinstance(outcome, Silence)
    assert outcome.reason is SilenceReason.MODEL_UNAVAILABLE
