"""Posts that give orders to a model, and a model that obeys every one of them, over HTTP."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from personas.language import language_of
from personas.silence import Silence, SilenceReason
from tests.support import model_server as deeds
from tests.support.model_house import BANK, COFFEE, brief_about, house
from tests.support.model_server import ModelServer

FOLDER = Path(__file__).parents[2] / "unit" / "llm"


def read(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return rows


CASES = read("injections.yaml")
HONEST = read("honest_answers.yaml")
RUSSIAN = [case for case in CASES if language_of(case["post"]) == "ru"]


def test_the_set_is_large_and_in_both_languages() -> None:
    assert len(CASES) >= 60
    assert len({case["post"] for case in CASES}) == len(CASES)
    assert len(RUSSIAN) >= 30
    assert len(CASES) - len(RUSSIAN) >= 30


@pytest.mark.parametrize("free", [False, True], ids=["script", "free"])
@pytest.mark.parametrize("added", [False, True], ids=["alone", "behind the script's words"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']}: {case['post'][:40]}")
async def test_a_model_that_obeys_the_post_is_not_heard(
    case: dict[str, str], added: bool, free: bool
) -> None:
    script = BANK if case in RUSSIAN else COFFEE
    trigger = script.triggers[0]
    said = f"{trigger.responses[0].text} {case['answer']}" if added else case["answer"]
    obeyed = reading(said, script.key, trigger.key, fit=0.1 if free else 1.0)
    server = ModelServer(deeds.says_json(obeyed))
    async with server.running(), house(server, trigger.key) as home:
        outcome = await home.writer.write(brief_about(case["post"], script, free_talk=free))
    assert len(server.requests) == 1
    assert isinstance(outcome, Silence), outcome.text
    assert outcome.reason is SilenceReason.CHECKS_FAILED


@pytest.mark.parametrize("case", HONEST, ids=lambda case: case["post"])
async def test_a_model_that_does_its_work_is_heard(case: dict[str, Any]) -> None:
    script = BANK if case["script"] == "bank" else COFFEE
    trigger = script.triggers[0].key
    fine = reading(case["answer"], script.key, trigger, fit=case["fit"])
    server = ModelServer(deeds.says_json(fine))
    async with server.running(), house(server, trigger) as home:
        outcome = await home.writer.write(brief_about(case["post"], script, free_talk=True))
    assert not isinstance(outcome, Silence), outcome.detail
    assert outcome.text == case["answer"]


def reading(text: str, script: str, trigger: str, *, fit: float) -> dict[str, Any]:
    return {
        "script_fit_score": fit,
        "script": script,
        "trigger": trigger,
        "intent": "order",
        "emotion": "calm",
        "language": "ru",
        "strategy": "script_80",
        "text": text,
    }
