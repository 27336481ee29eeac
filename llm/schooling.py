"""Training scorers off the loop, while an older one serves wherever it still makes sense."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.ids import ScriptVersionId
from orchestrator.ports.writing import PublishedScript
from personas.scripts.model import Script

if TYPE_CHECKING:
    from llm.scorer import LocalScorer

log = logging.getLogger(__name__)

SCORERS_KEPT = 8
"""Sets of script versions whose scorers stay in memory; the oldest one makes room."""

Versions = tuple[ScriptVersionId, ...]
Outline = tuple[tuple[str, frozenset[str]], ...]
"""The scripts of a set, each with its triggers: what a scorer can name."""


@dataclass(frozen=True, slots=True)
class Training:
    """A scorer that is being trained, or is ready."""

    outline: Outline
    task: "asyncio.Task[LocalScorer]"

    @property
    def is_ready(self) -> bool:
        """Whether it can be asked."""
        return self.task.done() and not self.has_failed

    @property
    def has_failed(self) -> bool:
        """Whether it came to nothing, and has to be begun again."""
        return self.task.done() and (self.task.cancelled() or self.task.exception() is not None)


@dataclass(slots=True)
class School:
    """Scorers by the versions that they were trained on, each trained once however many ask."""

    train: "Callable[[Sequence[Script]], LocalScorer]"
    trainings: OrderedDict[Versions, Training] = field(default_factory=OrderedDict)

    async def scorer_for(self, scripts: Sequence[PublishedScript]) -> "LocalScorer":
        """Return the scorer for these versions, or an older one of theirs until it is trained."""
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

    def training_for(self, scripts: Sequence[PublishedScript]) -> Training:
        """Return the training on these versions, which is begun where there was none."""
        versions = tuple(one.version_id for one in scripts)
        training = self.trainings.get(versions)
        if training is None or training.has_failed:
            training = Training(outline_of(scripts), self.begin([one.script for one in scripts]))
            self.trainings[versions] = training
        self.trainings.move_to_end(versions)
        while len(self.trainings) > SCORERS_KEPT:
            self.trainings.popitem(last=False)
        return training

    def begin(self, scripts: Sequence[Script]) -> "asyncio.Task[LocalScorer]":
        """Train in a thread."""
        task = asyncio.create_task(
            asyncio.to_thread(self.train, scripts), name=f"train:{len(scripts)} scripts"
        )
        task.add_done_callback(tell_failure)
        return task

    def predecessor(self, outline: Outline) -> Training | None:
        """Return the newest ready scorer of the same scripts that names none of their past."""
        for training in reversed(self.trainings.values()):
            if training.is_ready and is_served_by(outline, training.outline):
                return training
        return None


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


def tell_failure(task: "asyncio.Task[LocalScorer]") -> None:
    """Log why a training failed, also where nobody waits for it."""
    if not task.cancelled() and (failure := task.exception()) is not None:
        log.error("a scorer could not be trained: %s", failure)
