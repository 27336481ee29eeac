"""Training selectors off the loop, while an older one serves wherever it still makes sense."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from llm.readings import Untaught
from orchestrator.ids import ScriptVersionId
from orchestrator.ports.writing import PublishedScript
from personas.scripts.model import Script

log = logging.getLogger(__name__)

SELECTORS_KEPT = 16
"""Sets of script versions whose selectors stay in memory; the oldest one makes room."""

Versions = tuple[ScriptVersionId, ...]
Outline = tuple[tuple[str, frozenset[str]], ...]
"""The scripts of a set, each with its triggers: what a selector can name."""

S = TypeVar("S")
"""What is trained: a selector, or whatever else learns from scripts."""
Train = Callable[[Sequence[Script]], Coroutine[Any, Any, S]]
Refine = Callable[[Sequence[Script], S], Coroutine[Any, Any, S]]


@dataclass(frozen=True, slots=True)
class Training(Generic[S]):
    """A selector that is being trained, or is ready."""

    outline: Outline
    task: asyncio.Task[S]

    @property
    def is_ready(self) -> bool:
        """Whether it can be asked."""
        return ended_well(self.task)

    @property
    def has_failed(self) -> bool:
        """Whether it came to nothing, and has to be begun again."""
        return self.task.done() and not ended_well(self.task)


@dataclass(slots=True)
class School(Generic[S]):
    """Selectors by the versions that they were trained on, each trained once however many ask."""

    train: Train[S]
    refine: Refine[S] | None = None
    """What takes too long for `train`: its selector serves until this returns a better one."""
    trainings: OrderedDict[Versions, Training[S]] = field(default_factory=OrderedDict)
    refinements: dict[Versions, asyncio.Task[S]] = field(default_factory=dict)

    async def selector_for(self, scripts: Sequence[PublishedScript]) -> S:
        """Return the selector for these versions, or an older one of theirs until it is trained."""
        training = self.training_for(scripts)
        if not training.is_ready:
            older = self.predecessor(training.outline)
            if older is not None:
                return older.task.result()
        return await asyncio.shield(training.task)

    def learn(self, published: Sequence[PublishedScript]) -> None:
        """Begin to train on new versions of what was asked for before, before a post comes."""
        by_key = {one.script.key: one for one in published}
        asked = {tuple(key for key, _ in one.outline) for one in self.trainings.values()}
        for keys in asked:
            scripts = [by_key[key] for key in keys if key in by_key]
            if len(scripts) == len(keys):
                self.training_for(scripts)

    def training_for(self, scripts: Sequence[PublishedScript]) -> Training[S]:
        """Return the training on these versions, which is begun where there was none."""
        versions = tuple(one.version_id for one in scripts)
        training = self.trainings.get(versions)
        if training is None or training.has_failed:
            task = begin(self.train([one.script for one in scripts]), len(scripts))
            training = Training(outline_of(scripts), task)
            self.trainings[versions] = training
            task.add_done_callback(partial(self.begin_to_refine, tuple(scripts)))
        self.trainings.move_to_end(versions)
        while len(self.trainings) > SELECTORS_KEPT:
            self.trainings.popitem(last=False)
        return training

    def begin_to_refine(
        self, published: tuple[PublishedScript, ...], trained: asyncio.Task[S]
    ) -> None:
        """Go on where the training ended well and its scripts are still asked for."""
        versions = tuple(one.version_id for one in published)
        if self.refine is None or not ended_well(trained) or versions not in self.trainings:
            return
        scripts = [one.script for one in published]
        task = begin(self.refine(scripts, trained.result()), len(scripts))
        self.refinements[versions] = task
        task.add_done_callback(partial(self.put_refined, versions))

    def put_refined(self, versions: Versions, refined: asyncio.Task[S]) -> None:
        """Let the better selector serve from now on."""
        self.refinements.pop(versions, None)
        training = self.trainings.get(versions)
        if training is not None and ended_well(refined):
            self.trainings[versions] = Training(training.outline, refined)

    def predecessor(self, outline: Outline) -> Training[S] | None:
        """Return the newest ready selector of the same scripts that names none of their past."""
        for training in reversed(self.trainings.values()):
            if training.is_ready and is_served_by(outline, training.outline):
                return training
        return None


def begin(teaching: Coroutine[Any, Any, S], scripts: int) -> asyncio.Task[S]:
    """Teach beside everything else; whoever asks waits for the task, and the loop's end ends it."""
    task = asyncio.create_task(teaching, name=f"train:{scripts} scripts")
    task.add_done_callback(tell_failure)
    return task


def outline_of(scripts: Sequence[PublishedScript]) -> Outline:
    """Say which triggers each script has."""
    return tuple(
        (one.script.key, frozenset(trigger.key for trigger in one.script.triggers))
        for one in scripts
    )


def is_served_by(new: Outline, old: Outline) -> bool:
    """Tell whether all that the old set could name is in the new one, at the same place."""
    return len(new) == len(old) and all(
        key == known and triggers >= named
        for (key, triggers), (known, named) in zip(new, old, strict=True)
    )


def ended_well(task: "asyncio.Task[Any]") -> bool:
    """Whether the task is done and has a result."""
    return task.done() and not task.cancelled() and task.exception() is None


def tell_failure(task: "asyncio.Task[Any]") -> None:
    """Log why a training failed, also where nobody waits for it."""
    failure = None if task.cancelled() else task.exception()
    if failure is not None and not isinstance(failure, Untaught):
        log.error("a selector could not be trained: %s", failure)
