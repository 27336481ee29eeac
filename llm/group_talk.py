"""Answers to members of study groups: one call to a model, through the checks of comments."""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Final

from llm.analysis import (
    LONGEST_POST,
    RECENT_TOLD,
    Asked,
    Reading,
    persona_told,
    script_told,
    visible,
)
from llm.model.answers import Failed
from llm.model.client import Question
from llm.model_writer import Heard, ModelWriter, is_ruled_out
from llm.prompts import load_prompt
from llm.readings import Fit
from orchestrator.ports.group_talk import Member
from orchestrator.ports.writing import Brief, Line
from personas.silence import Silence, SilenceReason

GROUP_PROMPT: Final = ("group", 1)


@dataclass(frozen=True, slots=True)
class ModelGroupTalk:
    """Implements the port GroupTalk, out of the writer's budget."""

    writer: ModelWriter

    async def draft(self, member: Member) -> Line | Silence:
        """Say the lesson's words where they surely fit, else ask; one call at most."""
        brief = member.brief
        local = await self.writer.local.hear(brief)
        fit = (local.fit if local else None) or unheard(brief)
        if fit is None or is_ruled_out(brief, fit):
            return Silence(SilenceReason.NO_SCRIPT_FITS, "The lesson answers nothing of the kind.")
        alone = await self.writer.local.write(brief)
        if isinstance(alone, Line):
            return alone
        asked = ask_about_member(member)
        metered = await self.writer.model.ask(asked.question, asked.prompt, None)
        if isinstance(metered.result, Failed):
            return Silence(SilenceReason.MODEL_UNAVAILABLE, f"{metered.result.detail}.")
        judge = local.judge if local else None
        heard = Heard(brief, fit, judge, asked, metered.result.value)
        # Holding words against a lesson takes its time: not on the loop.
        return await asyncio.to_thread(heard.decide, self.writer.model.client.model, metered.usd)


def unheard(brief: Brief) -> Fit | None:
    """Return a fit for a message in a language that cannot be told; None without triggers."""
    triggers = brief.scripts[0].script.triggers
    told = (one for one in triggers if one.responses)
    first = next(told, None)
    return None if first is None else Fit(0, first.key, 0.0, brief.post_text)


def ask_about_member(member: Member) -> Asked:
    """Put the question together: what never changes first, the member's words last."""
    prompt = load_prompt(*GROUP_PROMPT)
    brief = member.brief
    boundary = f"FENCE-{secrets.token_hex(8)}"
    script = brief.scripts[0].script
    cast = "\n".join(f"- {one}" for one in member.cast)
    role = member.role.value.replace("_", " ")
    system = "\n\n".join(
        (
            prompt.text,
            f"# The persona\n\n{persona_told(brief.persona)}",
            f"# The roles\n\nYou are the {role}. The organisation's accounts here:\n{cast}",
            f"# The lesson\n\n{script_told(script, brief.persona)}",
        )
    )
    earlier = "\n".join(f"- {visible(text)[:300]}" for text in brief.recent[:RECENT_TOLD])
    user = (
        f"What was said here lately:\n{boundary}\n{earlier or '(none)'}\n{boundary}\n\n"
        f"The member's message:\n{boundary}\n{visible(brief.post_text)[:LONGEST_POST]}\n{boundary}"
    )
    return Asked(Question(system, user, Reading), prompt, boundary)
