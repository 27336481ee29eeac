"""Teaching selectors off the loop: words at once, meaning as soon as it is worked out.

Few phrases are learnt by words in a thread, in less than a second. Everything dearer is learnt in a
process of its own that yields to everybody. Importing this module loads none of the libraries that
learn; the thread that first teaches does.
"""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from llm.readings import CannotJudge
from llm.schooling import School
from llm.training import WITHOUT_ENCODER, Order, environment, written
from orchestrator.errors import NotAllowed
from personas.scripts.model import Script

if TYPE_CHECKING:
    from llm.meaning import Meanings
    from llm.script_selector import Lessons, ScriptSelector

log = logging.getLogger(__name__)

SHELF: Final = "selectors"
AT_ONCE: Final = 2000
"""Up to so many phrases of a language are learnt by words in a thread."""


class TrainingFailed(CannotJudge):
    """The process that was to train ended otherwise than it should have."""


class Tutor:
    """Trains selectors, each once for all nodes that share the folder."""

    def __init__(self, models: Path | None = None, *, by_meaning: bool = True) -> None:
        """Keep selectors and the encoder in that folder; without one, words are learnt anew."""
        self.models = models
        self.by_meaning = by_meaning and models is not None
        self.lock = Lock()
        self.meanings: Meanings | None = None

    def school(self, *, refines: bool = True) -> "School[ScriptSelector]":
        """Return a school of selectors; what runs for a moment only need not refine them."""
        return School(self.teach, self.refine if refines and self.by_meaning else None)

    async def teach(self, scripts: Sequence[Script]) -> "ScriptSelector":
        """Return the best selector for these scripts that is on the shelf, or teach one by words.

        Raises TrainingFailed.
        """
        found = await asyncio.to_thread(self.begin, scripts)
        if not isinstance(found, Order):
            return found
        await train_apart(found)
        return await asyncio.to_thread(self.fetch, found)

    async def refine(
        self, scripts: Sequence[Script], trained: "ScriptSelector"
    ) -> "ScriptSelector":
        """Return a selector that knows what sentences mean, where that makes a difference."""
        order = await asyncio.to_thread(self.order_meaning, scripts, trained.name)
        if order is None or order.name == trained.name:
            return trained
        if not await train_apart(order):
            self.by_meaning = False
            return trained
        return await asyncio.to_thread(self.fetch, order)

    async def find(self, name: str, scripts: Sequence[Script]) -> "ScriptSelector | None":
        """Return the selector of that name, taught again if need be and if these scripts are it.

        None where another release taught it, and it is not on the shelf any more.
        """
        order = await asyncio.to_thread(self.order_for, name, scripts)
        found = await asyncio.to_thread(self.look_up, order)
        if found is not None or not order.lessons:
            return found
        await train_apart(order)
        return await asyncio.to_thread(self.look_up, order)

    def order_for(self, name: str, scripts: Sequence[Script]) -> Order:
        """Say what to order for that name; nothing is taught where it means something else."""
        from llm.script_selector import lessons_of  # noqa: PLC0415  (a slow import, off the loop)

        lessons = lessons_of(scripts)
        for by_meaning in (False, True):
            order = self.order(lessons, by_meaning=by_meaning)
            if order.name == name:
                return order
        return replace(order, name=name, lessons={})

    def begin(self, scripts: Sequence[Script]) -> "ScriptSelector | Order":
        """Look on the shelf, else teach words here if they are few, else say what to order."""
        from llm.script_selector import (  # noqa: PLC0415  (a slow import, off the loop)
            ScriptSelector,
            lessons_of,
        )
        from llm.shelf import Shelf, name_of  # noqa: PLC0415

        lessons = lessons_of(scripts)
        if self.models is None:
            return ScriptSelector(lessons, name=name_of(lessons, by_meaning=False))
        if self.by_meaning and (found := self.look_up(self.order(lessons, by_meaning=True))):
            return found
        order = self.order(lessons)
        if (found := self.look_up(order)) is not None:
            return found
        if any(len(lesson.phrases) > AT_ONCE for lesson in lessons.values()):
            return order
        taught = ScriptSelector(lessons, name=order.name)
        Shelf(order.shelf).save(taught)
        return taught

    def order_meaning(self, scripts: Sequence[Script], by_words: str) -> Order | None:
        """Say what to order where a language is taught whose sentences the encoder knows."""
        from llm.script_selector import (  # noqa: PLC0415  (loaded by now)
            KNOWN_BY_MEANING,
            lessons_of,
        )

        lessons = lessons_of(scripts)
        if not self.by_meaning or KNOWN_BY_MEANING not in lessons:
            return None
        return self.order(lessons, by_meaning=True, by_words=by_words)

    def order(self, lessons: "Lessons", *, by_meaning: bool = False, by_words: str = "") -> Order:
        """Name what lessons come to."""
        from llm.shelf import name_of  # noqa: PLC0415  (a slow import, off the loop)

        models = self.models or Path()
        name = name_of(lessons, by_meaning=by_meaning)
        return Order(models, models / SHELF, name, dict(lessons), by_meaning, by_words)

    def look_up(self, order: Order) -> "ScriptSelector | None":
        """Return the selector from the shelf, if it is there and whole."""
        from llm.shelf import Shelf  # noqa: PLC0415  (a slow import, off the loop)

        shelf = Shelf(order.shelf)
        if not shelf.has(order.name):
            return None
        meanings = self.open() if order.by_meaning else None
        if order.by_meaning and meanings is None:
            return None
        return shelf.load(order.name, meanings)

    def fetch(self, order: Order) -> "ScriptSelector":
        """Return what was ordered; raises TrainingFailed where it is not there."""
        found = self.look_up(order)
        if found is None:
            raise TrainingFailed(f"the selector {order.name} was trained and is not there")
        return found

    def open(self) -> "Meanings | None":
        """Open the encoder once; where that fails, words alone are judged."""
        from llm.meaning import Meanings  # noqa: PLC0415  (loads the encoder's library)

        with self.lock:
            if self.models is not None and self.by_meaning and self.meanings is None:
                try:
                    self.meanings = Meanings(self.models)
                except (NotAllowed, OSError) as missing:
                    log.warning("messages are judged by words alone: %s", missing)
                    self.by_meaning = False
            return self.meanings


async def train_apart(order: Order) -> bool:
    """Have a process carry the order out; False where the encoder's weights are not installed.

    Whoever is cancelled takes the process along. Raises TrainingFailed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "llm.training",
        stdin=PIPE,
        stderr=PIPE,
        env=environment(),
        start_new_session=True,  # Ctrl-C in a terminal is for the node alone
    )
    try:
        _, told = await process.communicate(await asyncio.to_thread(written, order))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    reason = told.decode(errors="replace").strip().rpartition("\n")[2]
    if process.returncode == WITHOUT_ENCODER:
        log.warning("messages are judged by words alone: %s", reason)
        return False
    if process.returncode:
        raise TrainingFailed(f"a selector could not be trained: {reason}")
    return True
