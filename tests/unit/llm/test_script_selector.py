"""What speaks: triggers, small talk and strangers told apart, kept on disk, and taught apart."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from cli.documents import read_scripts
from llm.classroom import Classroom
from llm.interpreter import LocalInterpreter, taught
from llm.judge_process import LONGEST_LINE, JudgeProcess
from llm.overhearing import BY_EXAMPLES
from llm.readings import CannotJudge, Heard
from llm.rejudging import Rejudging
from llm.schooling import School
from llm.script_selector import ScriptSelector, lessons_of
from llm.shelf import Shelf, name_of
from llm.small_talk import Intent, without_salutation
from llm.tutor import Tutor
from orchestrator.ids import ScriptVersionId
from orchestrator.ports.interpreting import Message
from orchestrator.ports.writing import PublishedScript
from personas.persona import Persona
from personas.scripts.model import Script
from personas.scripts.runner import Progress
from personas.strategy import Strategy
from tests.unit.llm.library import CARDS, COFFEE

CLUB = tuple(
    PublishedScript(ScriptVersionId(number), script)
    for number, script in enumerate(read_scripts(Path("cli/demo_data/conversations")), 1)
)
RUSSIAN = next(one for one in CLUB if one.script.language == "ru")
ANNA = Persona(key="anna", name="Anna", disclosure="Speaks for us")


def selector(*scripts: Script) -> ScriptSelector:
    return ScriptSelector(lessons_of(scripts))


@pytest.fixture(scope="module")
def club() -> ScriptSelector:
    return selector(*(taught(one).script for one in CLUB))


def first(text: str, scripts: tuple[PublishedScript, ...] = CLUB) -> Message:
    return Message(text, scripts, Progress(), ANNA, seed=1, begins=True)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Здравствуйте", Intent.GREETING),
        ("привет)", Intent.GREETING),
        ("hi", Intent.GREETING),
        ("Good evening!", Intent.GREETING),
        ("Спасибо!", Intent.THANKS),
        ("thank you so much", Intent.THANKS),
        ("До свидания", Intent.FAREWELL),
        ("Здравствуйте! Как вступить в клуб?", None),
        ("Hello, how do I join the club?", None),
        ("У меня вчера умерла кошка", None),
    ],
)
def test_small_talk_is_told_from_questions(
    club: ScriptSelector, text: str, intent: Intent | None
) -> None:
    reading = club.read(text)
    assert reading is not None
    assert reading.intent is intent


def test_a_greeting_before_a_question_is_no_part_of_it(club: ScriptSelector) -> None:
    asked = "Как вступить в клуб?"
    assert without_salutation(f"Здравствуйте! {asked}") == asked
    assert without_salutation("Здравствуйте!") == "Здравствуйте!"
    assert club.score(f"Добрый день, {asked}") == club.score(asked)


@pytest.mark.parametrize("text", ["My cat died yesterday and I cried", "У меня умерла бабушка"])
def test_a_story_from_life_fits_no_script(club: ScriptSelector, text: str) -> None:
    fit = club.score(text)
    assert fit is not None
    assert fit.score < 0.7


async def test_a_bare_greeting_is_answered_by_the_only_opening() -> None:
    opinion = await LocalInterpreter(patience=None).interpret(first("Добрый день"))
    assert (opinion.published, opinion.strategy) == (RUSSIAN, Strategy.SCRIPT_80)
    assert opinion.is_sure
    assert len(opinion.judge or "") == 64


async def test_of_several_scripts_the_one_that_greets_opens() -> None:
    second = RUSSIAN.script.model_copy(update={"key": "other"})
    other = PublishedScript(ScriptVersionId(8), second)
    undecided = await LocalInterpreter(patience=None).interpret(
        first("Добрый день", (*CLUB, other))
    )
    assert undecided.strategy is Strategy.FREE_20
    assert "2 scripts could open" in undecided.reason
    greets = PublishedScript(ScriptVersionId(9), second.model_copy(update={"greets": True}))
    opinion = await LocalInterpreter(patience=None).interpret(first("Добрый день", (*CLUB, greets)))
    assert opinion.published == greets
    shy = RUSSIAN.script.model_copy(update={"greets": False})
    held = PublishedScript(ScriptVersionId(10), shy)
    opinion = await LocalInterpreter(patience=None).interpret(first("Добрый день", (held,)))
    assert opinion.strategy is Strategy.FREE_20


async def test_thanks_need_no_answer() -> None:
    opinion = await LocalInterpreter(patience=None).interpret(first("Спасибо большое"))
    assert opinion.needs_no_answer
    assert opinion.strategy is Strategy.FREE_20


class NeverReady:
    """A judge that is still learning."""

    async def read(self, scripts: Sequence[PublishedScript], text: str) -> Heard:
        await asyncio.Event().wait()
        raise CannotJudge("nobody comes")

    def learn(self, scripts: Sequence[PublishedScript], *, whole: bool = False) -> None:
        """Learn nothing."""


@pytest.mark.parametrize(
    ("text", "heard", "strategy"),
    [
        ("Как вступить в клуб?", "membership", Strategy.SCRIPT_80),
        ("Здравствуйте", "", Strategy.SCRIPT_80),
        ("Про погоду в горах", "", Strategy.FREE_20),
    ],
)
async def test_examples_judge_while_nobody_has_learnt(
    text: str, heard: str, strategy: Strategy
) -> None:
    listener = LocalInterpreter(NeverReady(), patience=0)
    opinion = await listener.interpret(first(text))
    assert (opinion.judge, opinion.strategy) == (BY_EXAMPLES, strategy)
    if strategy is Strategy.SCRIPT_80:
        assert opinion.heard == heard


async def test_what_examples_judged_is_judged_by_them_again_without_alarm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opinion = await Rejudging(Tutor(tmp_path)).judge_again(BY_EXAMPLES, first("Здравствуйте"))
    assert opinion is not None
    assert opinion.judge == BY_EXAMPLES
    assert not caplog.records


def test_what_was_trained_is_found_under_the_hash_of_what_it_learnt(tmp_path: Path) -> None:
    scripts = [COFFEE, CARDS]
    trained = Tutor(tmp_path, by_meaning=False).begin(scripts)
    again = Tutor(tmp_path, by_meaning=False).begin([one.model_copy() for one in scripts])
    assert isinstance(trained, ScriptSelector)
    assert isinstance(again, ScriptSelector)
    assert trained.name == again.name == name_of(lessons_of(scripts), by_meaning=False)
    assert again.taught["en"].judge is not trained.taught["en"].judge
    assert again.read("how to brew espresso") == trained.read("how to brew espresso")
    renamed = COFFEE.model_copy(update={"name": "Other words of no trigger"})
    assert name_of(lessons_of([renamed, CARDS]), by_meaning=False) == trained.name
    poorer = COFFEE.model_copy(update={"triggers": COFFEE.triggers[:-1]})
    assert name_of(lessons_of([poorer, CARDS]), by_meaning=False) != trained.name


def test_a_cut_file_is_learnt_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tutor = Tutor(tmp_path, by_meaning=False)
    trained = tutor.begin([COFFEE])
    assert isinstance(trained, ScriptSelector)
    path = Shelf(tmp_path / "selectors").path(trained.name)
    path.write_bytes(path.read_bytes()[:-9])
    assert isinstance(tutor.begin([COFFEE]), ScriptSelector)
    assert "is not whole" in caplog.text
    assert Shelf(tmp_path / "selectors").load(trained.name, None) is not None


def test_what_another_release_keeps_on_the_shelf_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = Tutor(tmp_path, by_meaning=False).begin([COFFEE])
    assert isinstance(trained, ScriptSelector)
    shelf = Shelf(tmp_path / "selectors")
    assert shelf.load(trained.name, None) is not None
    monkeypatch.setattr("llm.shelf.program", lambda: "another release")
    assert shelf.load(trained.name, None) is None


async def test_words_serve_first_meaning_follows_and_a_restart_learns_nothing(
    tmp_path: Path,
) -> None:
    scripts = [COFFEE]
    by_words, by_meaning = (name_of(lessons_of(scripts), by_meaning=one) for one in (False, True))
    tutor = Tutor(tmp_path)
    first_one = await tutor.teach(scripts)
    refined = await tutor.refine(scripts, first_one)
    assert [first_one.name, refined.name] == [by_words, by_meaning]
    assert (first_one.senses, refined.senses) == (None, tutor.meanings)
    restarted = Tutor(tmp_path)
    assert (await restarted.teach(scripts)).name == by_meaning
    published = (PublishedScript(ScriptVersionId(1), COFFEE),)
    asked = first("Any advice on an espresso at home?", published)
    again = await Rejudging(restarted).judge_again(by_meaning, asked)
    assert again is not None
    assert (again.judge, again.heard) == (by_meaning, "coffee")
    assert await Rejudging(restarted).judge_again("feed" * 16, asked) is None


async def test_a_judge_that_was_killed_is_begun_again(tmp_path: Path) -> None:
    judge = JudgeProcess(tmp_path, by_meaning=False)
    scripts = [PublishedScript(ScriptVersionId(1), COFFEE)]
    try:
        before = await judge.read(scripts, "how to brew espresso")
        assert judge.process is not None
        process = judge.process
        process.kill()
        await process.wait()
        try:
            after = await judge.read(scripts, "how to brew espresso")
        except CannotJudge:  # the pipe broke while it was asked
            after = await judge.read(scripts, "how to brew espresso")
        assert after == before
        assert judge.process is not process
    finally:
        await judge.close()
    with pytest.raises(CannotJudge, match="stops"):
        await judge.read(scripts, "how to brew espresso")


@pytest.mark.parametrize("said", ["nonsense", "x" * LONGEST_LINE * 3])
async def test_a_judge_that_raves_is_ended_and_nobody_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    (tmp_path / "words").write_text(f"{said}\n")
    raving = tmp_path / "raving"
    raving.write_text(f"#!/bin/sh\ncat '{tmp_path}/words'\nexec cat >/dev/null\n")
    raving.chmod(0o755)
    judge = JudgeProcess(tmp_path, by_meaning=False)
    scripts = [PublishedScript(ScriptVersionId(1), COFFEE)]
    try:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "executable", str(raving))
            with pytest.raises(CannotJudge, match="ended"):
                await judge.read(scripts, "how to brew espresso")
        assert (await judge.read(scripts, "how to brew espresso")).reading is not None
    finally:
        await judge.close()


async def test_a_judge_that_cannot_learn_says_so() -> None:
    async def fail(scripts: Sequence[Script]) -> ScriptSelector:
        raise CannotJudge(f"out of chalk for {len(scripts)}")

    listener = LocalInterpreter(Classroom(School(fail)))
    opinion = await listener.interpret(first("Как вступить в клуб?"))
    assert opinion.judge == BY_EXAMPLES


def test_a_node_loads_nothing_that_learns() -> None:
    program = (
        "import sys, llm.interpreter, llm.judge_process, llm.script_writer, llm.overhearing;"
        "print({'sklearn', 'numpy', 'ctranslate2'} & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
