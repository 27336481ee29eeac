"""The judge that learns and reads in this process, in threads."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llm.readings import Heard
from llm.schooling import School
from llm.tutor import Tutor
from orchestrator.ports.writing import PublishedScript

if TYPE_CHECKING:
    from llm.script_selector import ScriptSelector


@dataclass(frozen=True, slots=True)
class Classroom:
    """Implements Judge."""

    school: "School[ScriptSelector]" = field(default_factory=lambda: Tutor().school())

    async def read(self, scripts: Sequence[PublishedScript], text: str) -> Heard:
        """Ask the selector of these scripts; the first call trains it."""
        selector = await self.school.selector_for(scripts)
        # To tell what a sentence means takes milliseconds, at times many: not on the loop.
        return Heard(await asyncio.to_thread(selector.read, text), selector.name)

    def learn(self, scripts: Sequence[PublishedScript], *, whole: bool = False) -> None:
        """Begin to train; what was learnt before serves meanwhile."""
        if whole and any(one.script.triggers for one in scripts):
            self.school.training_for(scripts)
        self.school.learn(scripts)
