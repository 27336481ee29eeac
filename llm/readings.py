"""What a text was taken for, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from llm.small_talk import Intent
from orchestrator.ports.writing import PublishedScript


@dataclass(frozen=True, slots=True)
class Fit:
    """The trigger that suits a text best."""

    script: int
    """The place of the script in the order in which they were given."""
    trigger: str
    score: float
    """0 to 1; comparable between triggers and scripts."""
    passage: str
    """The part of the text that was understood so."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The trigger that suits a text best, and the small talk that it is instead, if any."""

    fit: Fit
    intent: Intent | None = None
    certainty: float = 0.0
    """Of the intent: a fit like a trigger's."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A reading, and the name of whoever read."""

    reading: Reading | None
    """None where there is no trigger in the text's language."""
    judge: str

    @property
    def fit(self) -> Fit | None:
        """The trigger that suits the text best, if there is one in its language."""
        return None if self.reading is None else self.reading.fit


class CannotJudge(RuntimeError):
    """Nobody who has learnt can be asked now."""


class Untaught(CannotJudge):
    """Nobody is to be taught what is asked about: there is nothing wrong with that."""


class Judge(Protocol):
    """Reads texts by what it learnt of scripts, off the loop."""

    async def read(self, scripts: Sequence[PublishedScript], text: str) -> Heard:
        """Say what a text means, as soon as there is somebody who learnt; raises CannotJudge."""

    def learn(self, scripts: Sequence[PublishedScript], *, whole: bool = False) -> None:
        """Prepare for new versions of what was asked about; with `whole`, for the set itself."""
