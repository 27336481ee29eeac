"""The one call: analysis, strategy and words come back together."""

import json
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from llm.model.client import Question
from llm.prompts import Prompt, load_prompt
from orchestrator.ports.writing import Brief
from personas.language import language_of
from personas.persona import Persona
from personas.scripts.model import Script
from personas.strategy import Strategy
from personas.summary import (
    KEYWORDS,
    LONGEST_IDEA,
    ContentType,
    PostSummary,
    SummarySource,
)
from personas.voice import fill

COMMENT_PROMPT = ("comment", 2)
UNKNOWN_FIT = 0.5
"""What a missing score counts as."""
LONGEST_POST = 4096
SCRIPTS_TOLD = 24_000
"""Characters of all scripts together; beyond that only the nearest one is told."""
RECENT_TOLD = 10
LONGEST_KEYWORD = 40


class Reading(BaseModel):
    """What the model makes of a post."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    script_fit_score: float | None = Field(default=None, ge=0, le=1)
    script: str | None = None
    trigger: str | None = None
    intent: str = Field(default="", max_length=300)
    emotion: str = Field(default="", max_length=100)
    language: str = Field(default="", max_length=20)
    strategy: Strategy | None = None
    main_idea: str = Field(default="", max_length=2000)
    keywords: tuple[str, ...] = Field(default=(), max_length=50)
    tone: str = Field(default="", max_length=100)
    content_type: str = Field(default="", max_length=100)
    text: str = Field(default="", max_length=8000)

    @property
    def fit(self) -> float:
        """The score, or what counts when there is none."""
        return UNKNOWN_FIT if self.script_fit_score is None else self.script_fit_score


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what its answer is checked against."""

    question: Question[Reading]
    prompt: Prompt
    boundary: str


def ask_about(brief: Brief, nearest: Script) -> Asked:
    """Put the question together: what never changes first, the post last."""
    prompt = load_prompt(*COMMENT_PROMPT)
    scripts = [published.script for published in brief.scripts]
    boundary = f"FENCE-{secrets.token_hex(8)}"
    system = "\n\n".join(
        (
            prompt.text,
            f"# The persona\n\n{persona_told(brief.persona)}",
            f"# The scripts\n\n{scripts_told(scripts, nearest, brief.persona)}",
        )
    )
    return Asked(Question(system, data_told(brief, boundary), Reading), prompt, boundary)


def persona_told(persona: Persona) -> str:
    """Describe the persona; the same persona gives the same bytes."""
    told = {
        "name": persona.name,
        "style": persona.style,
        "tone": persona.tone,
        "examples": persona.examples,
        "never_speaks_of": persona.forbidden_topics,
    }
    return json.dumps(told, ensure_ascii=False, indent=1)


def scripts_told(scripts: Sequence[Script], nearest: Script, persona: Persona) -> str:
    """Describe the scripts in the order of their keys; one alone when all are too much."""
    in_order = sorted(scripts, key=lambda script: script.key)
    told = [script_told(script, persona) for script in in_order]
    if sum(map(len, told)) > SCRIPTS_TOLD:
        told = [script_told(nearest, persona)[:SCRIPTS_TOLD]]
    return "\n".join(told)


def script_told(script: Script, persona: Persona) -> str:
    """Describe one script, its placeholders filled."""
    told = {
        "script": script.key,
        "language": script.language,
        "goal": script.goal,
        "never_claim": script.forbidden_claims,
        "triggers": [
            {
                "trigger": trigger.key,
                "about": trigger.description or trigger.examples[0],
                "responses": [fill(response.text, persona) for response in trigger.responses],
            }
            for trigger in script.triggers
        ],
    }
    return json.dumps(told, ensure_ascii=False)


def data_told(brief: Brief, boundary: str) -> str:
    """Fence what strangers wrote; nobody can guess the fence."""
    earlier = "\n".join(f"- {visible(text)[:300]}" for text in brief.recent[:RECENT_TOLD])
    return (
        f"Comments that were said here lately:\n{boundary}\n{earlier or '(none)'}\n{boundary}\n\n"
        f"A first summary of the post:\n{boundary}\n{summary_told(brief.summary)}\n{boundary}\n\n"
        f"The post:\n{boundary}\n{visible(brief.post_text)[:LONGEST_POST]}\n{boundary}"
    )


def summary_told(summary: PostSummary | None) -> str:
    """Lay a summary out; it is made of the post's own words, and as little to be trusted."""
    if summary is None:
        return "(none)"
    told = {
        "main_idea": visible(summary.main_idea),
        "keywords": [visible(word) for word in summary.keywords],
        "tone": summary.tone,
        "content_type": summary.content_type,
    }
    return json.dumps(told, ensure_ascii=False)


def summary_in(reading: Reading, post: str) -> PostSummary | None:
    """Return the summary that a model gave, cut to what is kept; None where it gave none."""
    idea = " ".join(visible(reading.main_idea).split())[:LONGEST_IDEA]
    if not idea:
        return None
    kinds = {kind.value: kind for kind in ContentType}
    keywords = (" ".join(visible(word).split())[:LONGEST_KEYWORD] for word in reading.keywords)
    return PostSummary(
        main_idea=idea,
        keywords=tuple(word for word in keywords if word)[:KEYWORDS],
        tone=" ".join(visible(reading.tone).split())[:LONGEST_KEYWORD] or "neutral",
        content_type=kinds.get(reading.content_type.strip().lower(), ContentType.OTHER),
        language=language_of(post),
        source=SummarySource.MODEL,
    )


def visible(text: str) -> str:
    """Drop characters that no reader sees: an instruction may hide in them."""
    kept = (mark for mark in text if mark == "\n" or unicodedata.category(mark)[0] != "C")
    return "".join(kept)
