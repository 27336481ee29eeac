"""The personas, scripts and posts that the demo ships."""

import json
from importlib.resources import files
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from jsonschema import ValidationError, validate

from cli.demo.replay import read_replay
from cli.documents import read_personas, read_scripts
from llm.script_writer import ScriptWriter
from orchestrator.ids import ScriptVersionId
from orchestrator.ports.writing import Brief, Line, PublishedScript
from personas.checks import SAME_FROM, CheckContext, check
from personas.choice import Player, PostView, choose
from personas.language import language_of
from personas.persona import Persona
from personas.scripts.canonical import canonical_json
from personas.scripts.linter import lint
from personas.scripts.model import Script
from personas.scripts.rehearsal import run_tests
from personas.scripts.schema import json_schema
from personas.silence import Silence, SilenceReason
from personas.texts import similarity
from personas.voice import speak

DATA = Path(str(files("cli") / "demo_data"))
PERSONAS = tuple(read_personas(DATA / "personas.yaml"))
SCRIPTS = tuple(read_scripts(DATA / "scripts"))
POSTS = read_replay(DATA / "posts.json").posts

EXPECTED = {
    "Экзопланета у соседней": "exoplanets",
    "Доброе утро!": SilenceReason.NO_SCRIPT_FITS,
    "Python 3.15 beta": "release",
    "Марсоход прислал": "mars",
    "Скидка 40 %": SilenceReason.NO_SCRIPT_FITS,
    "Bees learn": "animals",
    "Опрос:": SilenceReason.NO_SCRIPT_FITS,
    "Палеонтологи описали": "fossils",
    "Как работает asyncio": "asyncio",
    "Antarctic glaciers": "climate",
    "Гороскоп": SilenceReason.FORBIDDEN_TOPIC,
    "Чёрная дыра": "black-holes",
    "": SilenceReason.EMPTY_POST,
    "Бактерии устойчивы": "microbes",
    "Weekly digest": SilenceReason.NO_SCRIPT_FITS,
    "Медики связали": "risk-studies",
    "Ищем редактора": SilenceReason.NO_SCRIPT_FITS,
    "How to publish": "packaging",
    "Археологи раскопали": "archaeology",
    "Что нового в Python": "release",
    "Rocket launch": "launches",
    "Guten Morgen!": SilenceReason.LANGUAGE_NOT_SPOKEN,
    "Физики измерили": "quantum",
    "Нейросеть пишет": "ai-models",
}


def named(scripts: tuple[Script, ...]) -> list[str]:
    return [script.key for script in scripts]


@pytest.mark.parametrize("script", SCRIPTS, ids=named(SCRIPTS))
def test_each_trigger_has_examples_to_learn_from_and_variants_to_say(script: Script) -> None:
    for trigger in script.triggers:
        assert len(trigger.examples) >= 8, trigger.key
        assert len(trigger.responses) >= 4, trigger.key


@pytest.mark.parametrize("script", SCRIPTS, ids=named(SCRIPTS))
def test_each_response_passes_the_checks_in_every_voice(script: Script) -> None:
    for persona in PERSONAS:
        context = CheckContext(
            language=script.language,
            forbidden_topics=persona.forbidden_topics,
            forbidden_claims=script.forbidden_claims,
        )
        for trigger in script.triggers:
            for response in trigger.responses:
                assert check(speak(response.text, persona, 1), context) == (), response.text


@pytest.mark.parametrize("script", SCRIPTS, ids=named(SCRIPTS))
def test_variants_of_one_trigger_say_different_things(script: Script) -> None:
    for trigger in script.triggers:
        for one, other in combinations(trigger.responses, 2):
            assert similarity(one.text, other.text) < SAME_FROM, one.text


def test_each_persona_names_whom_it_speaks_for() -> None:
    assert len(PERSONAS) == 3
    for persona in PERSONAS:
        assert "Фонар" in persona.disclosure or "Lantern" in persona.disclosure
        assert "програм" in persona.disclosure or "program" in persona.disclosure


async def decided(writer: ScriptWriter, text: str, cast: tuple[Persona, ...]) -> str:
    players = [Player(place, persona) for place, persona in enumerate(cast)]
    found = choose(PostView(text, 1), players)
    if isinstance(found, Silence):
        return found.reason
    scripts = tuple(
        PublishedScript(ScriptVersionId(place), script) for place, script in enumerate(SCRIPTS)
    )
    said = await writer.write(Brief(text, found.persona, scripts, (), 1))
    if isinstance(said, Line):
        assert check(said.text, CheckContext(language=language_of(text))) == ()
        return said.trigger or ""
    return said.reason


async def test_each_post_of_the_demo_meets_the_fate_that_was_meant_for_it() -> None:
    writer = ScriptWriter()
    fates = {text: await decided(writer, text, PERSONAS) for text in POSTS}
    assert len(fates) == len(EXPECTED) == 24
    for start, fate in EXPECTED.items():
        text = next(text for text in POSTS if (text.startswith(start) if start else not text))
        assert fates[text] == fate, text


CONVERSATIONS = tuple(read_scripts(DATA / "conversations"))


@pytest.mark.parametrize("script", CONVERSATIONS, ids=named(CONVERSATIONS))
def test_each_conversation_is_in_order_and_keeps_its_word(script: Script) -> None:
    assert lint(script) == ()
    assert len(script.tests) >= 7
    assert [one for one in run_tests(script) if not one.passed] == []


@pytest.mark.parametrize("script", CONVERSATIONS, ids=named(CONVERSATIONS))
def test_what_editors_check_with_the_schema_accepts_the_examples(script: Script) -> None:
    as_stored = json.loads(canonical_json(script))
    validate(as_stored, json_schema())
    as_written = yaml.safe_load((DATA / "conversations" / f"{script.key}.yaml").read_text())
    validate(as_written, json_schema())
    with pytest.raises(ValidationError):
        validate(as_written | {"scenes": []}, json_schema())


GROUP_SCRIPTS = tuple(read_scripts(DATA / "groups"))


@pytest.mark.parametrize("script", GROUP_SCRIPTS, ids=named(GROUP_SCRIPTS))
def test_each_lesson_and_diagnostic_is_in_order(script: Script) -> None:
    assert lint(script) == ()
    assert [one for one in run_tests(script) if not one.passed] == []
    validate(json.loads(canonical_json(script)), json_schema())
    as_written = yaml.safe_load((DATA / "groups" / f"{script.key}.yaml").read_text())
    validate(as_written, json_schema())


def test_lessons_and_diagnostics_come_in_both_languages() -> None:
    kinds = {(script.kind.value, script.language) for script in GROUP_SCRIPTS}
    assert kinds == {(kind, tongue) for kind in ("lesson", "diagnostic") for tongue in ("en", "ru")}
