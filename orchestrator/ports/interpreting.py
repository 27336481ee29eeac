"""Whoever tells what a person's message is about, and may bring words for the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from orchestrator.ports.writing import PublishedScript, Source
from personas.persona import Persona
from personas.scripts.conditions import Value
from personas.scripts.runner import Progress
from personas.strategy import Strategy

UNKNOWN_FIT = 0.5
"""What a missing score counts as."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a person wrote, never an instruction, and where that finds the conversation."""

    text: str
    scripts: tuple[PublishedScript, ...]
    """At the beginning, all that may lead the conversation; later the one that does."""
    progress: Progress
    persona: Persona
    seed: int
    begins: bool
    recent: tuple[str, ...] = ()
    """The last lines before it, each begun with who said it."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a message is about, and how it should be answered."""

    published: PublishedScript | None
    """The script that is nearest; None where there is none in its language."""
    heard: str
    """The trigger or objection that was recognised; empty: none."""
    fit: float
    strategy: Strategy
    reason: str
    source: Source = Source.LOCAL
    is_sure: bool = False
    """Whether nobody else needs to be asked."""
    intent: str = ""
    emotion: str = ""
    slots: Mapping[str, Value] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    """A model's words, checked: the script's in another tone, part by part, or free talk."""
    model: str | None = None
    prompt_hash: str | None = None
    cost_usd: Decimal | None = None
    judge: str | None = None
    """Who judged on this machine: a selector's content hash, `rules` or `examples`."""
    needs_no_answer: bool = False
    """A thanks or a farewell: nobody has to say anything to it."""


class Rejudge(Protocol):
    """Judges a message as it was judged before, offline."""

    async def judge_again(self, judge: str, message: Message) -> Opinion | None:
        """Ask whoever judged then, by name; None where nobody of that name can be had any more."""


class Interpreter(Protocol):
    """Judges messages; this machine first, and a model only where it is not sure."""

    async def interpret(self, message: Message) -> Opinion:
        """Tell what the message is about."""

    def learn(self, scripts: Sequence[PublishedScript]) -> None:
        """Prepare for new versions without blocking; what was learnt before serves meanwhile."""
