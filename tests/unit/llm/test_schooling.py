"""New versions are learnt in a thread while what was learnt before serves."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from llm.schooling import School
from llm.script_selector import ScriptSelector, lessons_of
from orchestrator.ids import ScriptVersionId
from orchestrator.ports.writing import PublishedScript
from personas.scripts.model import Script
from tests.unit.llm.library import CARDS, COFFEE

LOUDER = COFFEE.model_copy(update={"name": "Louder"})
POORER = COFFEE.model_copy(update={"triggers": COFFEE.triggers[:-1]})


def in_thread(
    train: Callable[[Sequence[Script]], ScriptSelector],
) -> Callable[[Sequence[Script]], Coroutine[Any, Any, ScriptSelector]]:
    async def apart(scripts: Sequence[Script]) -> ScriptSelector:
        return await asyncio.to_thread(train, scripts)

    return apart


def edition(script: Script, version: int) -> PublishedScript:
    return PublishedScript(ScriptVersionId(version), script)


@dataclass(slots=True)
class Teacher:
    """Trains only when it is let."""

    free: threading.Event = field(default_factory=threading.Event)
    taught: list[tuple[str, ...]] = field(default_factory=list)

    def train(self, scripts: Sequence[Script]) -> ScriptSelector:
        assert self.free.wait(20)
        self.taught.append(tuple(script.name for script in scripts))
        return ScriptSelector(lessons_of(scripts))


@pytest.fixture
def teacher() -> Teacher:
    made = Teacher()
    made.free.set()
    return made


async def test_the_old_selector_serves_until_the_new_one_is_trained(teacher: Teacher) -> None:
    school = School(in_thread(teacher.train))
    old = await school.selector_for([edition(COFFEE, 1)])
    teacher.free.clear()
    assert await school.selector_for([edition(LOUDER, 2)]) is old
    training = school.training_for([edition(LOUDER, 2)])
    teacher.free.set()
    new = await training.task
    assert new is not old
    assert await school.selector_for([edition(LOUDER, 2)]) is new


async def test_a_selector_that_could_name_a_trigger_which_is_gone_serves_no_more(
    teacher: Teacher,
) -> None:
    school = School(in_thread(teacher.train))
    old = await school.selector_for([edition(COFFEE, 1)])
    assert await school.selector_for([edition(POORER, 2)]) is not old


async def test_other_scripts_are_never_judged_by_it(teacher: Teacher) -> None:
    school = School(in_thread(teacher.train))
    old = await school.selector_for([edition(COFFEE, 1)])
    assert await school.selector_for([edition(COFFEE, 1), edition(CARDS, 2)]) is not old


async def test_what_was_asked_for_before_is_learnt_before_anybody_asks(teacher: Teacher) -> None:
    school = School(in_thread(teacher.train))
    await school.selector_for([edition(COFFEE, 1)])
    school.learn([edition(CARDS, 3), edition(LOUDER, 2)])
    await school.training_for([edition(LOUDER, 2)]).task
    assert teacher.taught == [(COFFEE.name,), ("Louder",)]


async def test_a_training_that_failed_is_begun_again(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []

    def train(scripts: Sequence[Script]) -> ScriptSelector:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("out of chalk")
        return ScriptSelector(lessons_of(scripts))

    school = School(in_thread(train))
    with pytest.raises(ValueError, match="chalk"):
        await school.selector_for([edition(COFFEE, 1)])
    assert await school.selector_for([edition(COFFEE, 1)])
    assert "a selector could not be trained: out of chalk" in caplog.text
