import asyncio
import subprocess
import sys

import pytest

from llm.classroom import Classroom
from llm.schooling import SELECTORS_KEPT
from llm.script_writer import ScriptWriter
from orchestrator.ids import ScriptVersionId
from orchestrator.ports.writing import Brief, Line, PublishedScript, Source, Writer
from personas.persona import Persona, Tone
from personas.scripts.model import Script
from personas.silence import Silence, SilenceReason
from personas.strategy import Strategy
from tests.unit.llm.library import CARDS, COFFEE, comment_script

ANNA = Persona(key="anna", name="Anna", disclosure="Speaks for us", tone=Tone.RESERVED)


def published(*scripts: Script, first: int = 1) -> tuple[PublishedScript, ...]:
    return tuple(
        PublishedScript(ScriptVersionId(first + place), script)
        for place, script in enumerate(scripts)
    )


def brief(
    text: str,
    scripts: tuple[PublishedScript, ...] = published(COFFEE, CARDS),
    recent: tuple[str, ...] = (),
    seed: int = 7,
    persona: Persona = ANNA,
) -> Brief:
    return Brief(post_text=text, persona=persona, scripts=scripts, recent=recent, seed=seed)


async def line(question: Brief) -> Line:
    said = await ScriptWriter().write(question)
    assert isinstance(said, Line), said
    return said


async def silence(question: Brief) -> Silence:
    found = await ScriptWriter().write(question)
    assert isinstance(found, Silence), found
    assert found.detail.endswith(".")
    return found


async def test_the_script_that_fits_is_spoken_and_explained() -> None:
    said = await line(brief("How to brew better coffee at home"))
    trigger = COFFEE.triggers[0]
    assert said.text in {response.text for response in trigger.responses}
    assert (said.script_version, said.script_key, said.trigger) == (1, "drinks", "coffee")
    assert said.strategy is Strategy.SCRIPT_80
    assert said.source is Source.LOCAL
    assert said.judge
    assert said.fit > 0.7
    assert "How to brew better coffee" in said.reason


async def test_the_posts_language_decides_which_script_is_heard() -> None:
    said = await line(brief("Карта не пришла, что делать?"))
    assert (said.script_version, said.trigger) == (2, "card")


async def test_what_no_script_fits_is_a_silence_and_never_filler() -> None:
    found = await silence(brief("The parliament passed a new law on Tuesday"))
    assert found.reason is SilenceReason.NO_SCRIPT_FITS
    assert "of 0.70" in found.detail


@pytest.mark.parametrize("scripts", [(), published(CARDS)])
async def test_no_script_in_the_language_is_a_silence(
    scripts: tuple[PublishedScript, ...],
) -> None:
    found = await silence(brief("How to brew better coffee at home", scripts))
    assert found.reason is SilenceReason.NO_SCRIPT_FITS


async def test_a_word_on_the_never_list_rules_the_script_out() -> None:
    found = await silence(brief("How to brew better coffee at home. Sponsored by a shop."))
    assert found.reason is SilenceReason.NO_SCRIPT_FITS
    assert "sponsored" in found.detail


async def test_a_script_may_ask_for_a_better_fit_than_usual() -> None:
    strict = Script.model_validate(COFFEE.model_dump() | {"limits": {"fit": 0.99999}})
    found = await silence(brief("Espresso machines compared", published(strict)))
    assert found.reason is SilenceReason.NO_SCRIPT_FITS


async def test_a_variant_said_lately_gives_way_to_another() -> None:
    first = await line(brief("How to brew better coffee at home"))
    second = await line(brief("How to brew better coffee at home", recent=(first.text,)))
    assert second.text != first.text


async def test_when_every_variant_was_said_lately_there_is_nothing_new() -> None:
    recent = tuple(response.text for response in COFFEE.triggers[0].responses)
    found = await silence(brief("How to brew better coffee at home", recent=recent))
    assert found.reason is SilenceReason.NOTHING_NEW


async def test_the_same_seed_says_the_same() -> None:
    question = brief("How to brew better coffee at home", seed=11)
    assert (await line(question)).text == (await line(question)).text


async def test_seeds_bring_variety() -> None:
    writer = ScriptWriter()
    said = [await writer.write(brief("How to brew coffee", seed=seed)) for seed in range(20)]
    assert len({item.text for item in said if isinstance(item, Line)}) == 2


async def test_the_response_is_spoken_in_the_personas_voice() -> None:
    script = comment_script("loud", "en", {"coffee": ["how to brew coffee", "espresso at home"]})
    loud = script.model_dump(mode="json")
    loud["triggers"][0]["responses"] = ["I am {persona}, and this is curious!!"]
    anna = Persona.model_validate(ANNA.model_dump() | {"vocabulary": {"curious": "remarkable"}})
    said = await line(
        brief("How to brew coffee", published(Script.model_validate(loud)), persona=anna)
    )
    assert said.text == "I am Anna, and this is remarkable."


def with_responses(*responses: object) -> tuple[PublishedScript, ...]:
    content = COFFEE.model_dump(mode="json")
    content["triggers"][0]["responses"] = list(responses)
    return published(Script.model_validate(content))


async def test_a_response_made_for_the_posts_words_comes_first() -> None:
    scripts = with_responses("General.", {"text": "About grinding.", "when": ["grind*"]})
    for seed in range(10):
        said = await line(brief("The best grind for filter coffee", scripts, seed=seed))
        assert said.text == "About grinding."
        said = await line(brief("How to brew good coffee", scripts, seed=seed))
        assert said.text == "General."


async def test_a_response_made_for_other_words_is_not_said() -> None:
    scripts = with_responses({"text": "About grinding.", "when": ["grind*"]})
    found = await silence(brief("How to brew good coffee", scripts))
    assert found.reason is SilenceReason.NO_SCRIPT_FITS
    assert "none of its responses suits" in found.detail


async def test_many_askers_train_one_selector() -> None:
    room = Classroom()
    writer = ScriptWriter(room)
    question = brief("How to brew good coffee")
    await asyncio.gather(*(writer.write(question) for _ in range(10)))
    assert len(room.school.trainings) == 1


async def test_an_asker_who_gives_up_does_not_stop_the_training_for_others() -> None:
    room = Classroom()
    writer = ScriptWriter(room)
    hasty = asyncio.create_task(writer.write(brief("How to brew good coffee")))
    await asyncio.sleep(0)  # one turn of the loop: the training has begun
    assert room.school.trainings
    hasty.cancel()
    assert isinstance(await writer.write(brief("How to brew good coffee")), Line)


async def test_only_so_many_selectors_are_kept() -> None:
    room = Classroom()
    writer = ScriptWriter(room)
    for version in range(SELECTORS_KEPT + 2):
        await writer.write(brief("How to brew good coffee", published(COFFEE, first=version)))
    assert len(room.school.trainings) == SELECTORS_KEPT


def test_the_writer_fits_the_port() -> None:
    writer: Writer = ScriptWriter()
    assert writer


def test_importing_the_writer_does_not_load_scikit_learn() -> None:
    program = (
        "import sys, llm.script_writer; print('sklearn' in sys.modules or 'numpy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
