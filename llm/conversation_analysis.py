"""The one call about a person's message: analysis, strategy and words come back together."""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from llm.analysis import SCRIPTS_TOLD, UNKNOWN_FIT, persona_told, visible
from llm.model.client import Question
from llm.prompts import Prompt, load_prompt
from orchestrator.ports.interpreting import Message
from orchestrator.ports.writing import PublishedScript
from personas.scripts.conditions import Value
from personas.scripts.model import Script
from personas.scripts.runner import Incoming, advance
from personas.scripts.steps import Step
from personas.scripts.variables import Variable, VariableType
from personas.strategy import Strategy
from personas.voice import speak

CONVERSATION_PROMPT = ("conversation", 1)
LONGEST_MESSAGE = 4096
ANSWERS_TOLD = 12
"""Possible answers to one question that are played through before the model is asked."""
TRUTHS: dict[str, bool] = {"yes": True, "no": False}

Visible = Annotated[str, AfterValidator(visible)]
"""A model's note about a person: PostgreSQL stores no NUL, and no terminal should obey one."""


class MessageReading(BaseModel):
    """What the model makes of a message."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    script_fit_score: float | None = Field(default=None, ge=0, le=1)
    script: str | None = None
    about: str | None = None
    answer: str | None = None
    intent: Visible = Field(default="", max_length=300)
    emotion: Visible = Field(default="", max_length=100)
    language: str = Field(default="", max_length=20)
    strategy: Strategy | None = None
    parts: list[str] = []

    @property
    def fit(self) -> float:
        """The score, or what counts when there is none."""
        return UNKNOWN_FIT if self.script_fit_score is None else self.script_fit_score


@dataclass(frozen=True, slots=True)
class AskedAboutMessage:
    """A question with what its answer is checked against."""

    question: Question[MessageReading]
    prompt: Prompt
    boundary: str


def ask_about_message(message: Message, candidates: Sequence[PublishedScript]) -> AskedAboutMessage:
    """Put the question together: what never changes first, the person's words last."""
    prompt = load_prompt(*CONVERSATION_PROMPT)
    boundary = f"FENCE-{secrets.token_hex(8)}"
    told = "\n".join(json.dumps(script_told(one.script), ensure_ascii=False) for one in candidates)
    system = "\n\n".join(
        (
            prompt.text,
            f"# The persona\n\n{persona_told(message.persona)}",
            f"# The script\n\n{told[:SCRIPTS_TOLD]}",
        )
    )
    user = data_told(message, candidates, boundary)
    return AskedAboutMessage(Question(system, user, MessageReading), prompt, boundary)


def script_told(script: Script) -> dict[str, object]:
    """Describe what is the same for every message."""
    return {
        "script": script.key,
        "language": script.language,
        "goal": script.goal,
        "never_claim": script.forbidden_claims,
        "about": {
            **{one.key: one.description or one.examples[0] for one in script.triggers},
            **{one.key: (*one.examples, *one.phrases)[0] for one in script.objections},
        },
    }


def data_told(message: Message, candidates: Sequence[PublishedScript], boundary: str) -> str:
    """Tell where the conversation stands, then fence what strangers wrote."""
    step = None if message.begins else step_of(candidates[0].script, message.progress.step)
    asked = "" if step is None else step.hint or step.key
    ways = json.dumps(list(ways_on(message, candidates)), ensure_ascii=False)
    earlier = "\n".join(f"- {visible(line)[:300]}" for line in message.recent)
    return (
        f"What the script asked last: {asked or 'nothing yet'}\n"
        f"What the script says now, by `about` and `answer`:\n{ways[:SCRIPTS_TOLD]}\n\n"
        f"Earlier lines:\n{boundary}\n{earlier or '(none)'}\n{boundary}\n\n"
        f"The person's message:\n{boundary}\n{visible(message.text)[:LONGEST_MESSAGE]}\n{boundary}"
    )


def ways_on(message: Message, candidates: Sequence[PublishedScript]) -> Iterator[dict[str, object]]:
    """Play through what each reading of the message would lead to."""
    for published in candidates:
        script = published.script
        for about in ("", *script.heard):
            answers: tuple[str | None, ...] = (
                (None,) if about else (None, *options(message, script))
            )
            for answer in answers:
                says = scripted_words(message, published, about, slots_of(message, script, answer))
                yield {"script": script.key, "about": about, "answer": answer, "says": says}


def scripted_words(
    message: Message, published: PublishedScript, heard: str, slots: dict[str, Value]
) -> tuple[str, ...]:
    """Return what the script says to a message that is about this, in the persona's voice."""
    incoming = Incoming(message.text, heard, slots)
    turn = advance(published.script, message.progress, incoming, message.seed)
    return tuple(speak(text, message.persona, message.seed) for text in turn.says)


def options(message: Message, script: Script) -> tuple[str, ...]:
    """Return what may be answered to the present step, where that can be listed."""
    variable = wanted(message, script)
    if variable is None:
        return ()
    if variable.type is VariableType.YES_NO:
        return tuple(TRUTHS)
    return tuple(option.value for option in variable.options)[:ANSWERS_TOLD]


def slots_of(message: Message, script: Script, answer: str | None) -> dict[str, Value]:
    """Return the slot that an answer fills; only what was offered counts.

    What is not one of a few options (a number, a name) is read from the person's own words alone.
    """
    variable = wanted(message, script)
    if variable is None or answer is None or answer not in options(message, script):
        return {}
    return {variable.key: TRUTHS[answer] if variable.type is VariableType.YES_NO else answer}


def wanted(message: Message, script: Script) -> Variable | None:
    """Return the variable that the present step asks for, where its values can be listed."""
    step = step_of(script, message.progress.step)
    if step is None or step.collect is None:
        return None
    found = next(one for one in script.variables if one.key == step.collect.variable)
    return found if found.type in {VariableType.YES_NO, VariableType.CHOICE} else None


def step_of(script: Script, key: str | None) -> Step | None:
    """Return the step of that name."""
    return next((step for step in script.steps if step.key == key), None)
