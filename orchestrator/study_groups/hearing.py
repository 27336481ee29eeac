"""Answering members of a study group who address one of our accounts.

An answer is the lesson's or a diagnostic's own words. Where the lesson's rules hear nothing, a
model may find which of its words are meant, or speak freely, if the lesson or the settings allow
that. Otherwise the lesson's fallback is said, or nothing, with its reason.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from orchestrator.errors import Overtaken
from orchestrator.ids import GroupMessageId
from orchestrator.jobs import Job
from orchestrator.journeys.diagnosis import finding_of
from orchestrator.ports.answers import AnswerSource, NewGroupLine, Provenance
from orchestrator.ports.group_talk import GroupTalk, Member
from orchestrator.ports.study_groups import GroupState, Heard, Reply, Seat
from orchestrator.ports.writing import Brief, Line, PublishedScript, Source
from orchestrator.stage import Stage
from orchestrator.study_groups.addressing import addressed
from orchestrator.study_groups.notice import line_of
from personas.dice import pick
from personas.scripts.hearing import hear, mentions_any
from personas.scripts.model import Script, Trigger
from personas.scripts.runner import Incoming, Progress, advance
from personas.scripts.steps import Outcome
from personas.silence import Silence
from personas.strategy import Strategy
from personas.texts import stems
from personas.voice import speak

log = logging.getLogger(__name__)

ANSWER_LASTS: Final = timedelta(minutes=10)
"""A later answer would answer nothing any more."""
TOO_OLD: Final = timedelta(hours=6)
"""What nobody heard for so long is not answered any more."""
LOOKS: Final = 10
"""How often somebody looks where a member stands whose messages others answer meanwhile."""
TYPING: Final = timedelta(seconds=2)
"""How long after the question an answer leaves at the earliest."""


@dataclass(frozen=True, slots=True)
class GroupHearing:
    """Decides about members' messages, each once."""

    stage: Stage
    talk: GroupTalk | None = None
    """Who drafts what the lesson's rules have no words for; None: nobody does."""

    async def hear(self, job: Job, message: GroupMessageId) -> None:
        """Answer a message, or store why nobody does.

        What one member writes in a diagnostic is answered in its order, one after the other,
        however many hands there are. What came to nothing again and again is a silence in the end.
        """
        heard = await self.stage.stores.group_talk.heard(message)
        if heard is None:
            return
        attempts = self.stage.tuning.jobs.attempts
        if job.attempts + 1 >= attempts:
            await self.store(heard, Reply(f"no answer could be made in {attempts} attempts"))
        elif heard.diagnostic is None:
            await self.decide(heard)
        else:
            for earlier in await self.stage.stores.group_talk.undecided_before(heard):
                await self.hear_alone(earlier)
            await self.hear_alone(message)

    async def hear_alone(self, message: GroupMessageId) -> None:
        """Do so for one message; whoever is overtaken looks again where the member stands."""
        for _ in range(LOOKS):
            heard = await self.stage.stores.group_talk.heard(message)
            if heard is None:
                return
            with suppress(Overtaken):
                await self.decide(heard)
                return
        raise Overtaken(f"message {message} of a study group was overtaken {LOOKS} times")

    async def decide(self, heard: Heard) -> None:
        """Find what is said to a message, and store it."""
        now = self.stage.clock.now()
        await self.store(heard, await self.drafted(heard, now) or answer(heard, now))

    async def store(self, heard: Heard, reply: Reply) -> None:
        """Store what comes of a message."""
        now = self.stage.clock.now()
        refused = await self.stage.stores.group_talk.reply(heard, reply, now)
        log.info("study group %s: %s", heard.group.id, refused or reply.reason)

    async def drafted(self, heard: Heard, now: datetime) -> Reply | None:
        """Return a model's answer to what the lesson's own rules do not hear, if it has one."""
        seat = addressed(heard.group.seats(), heard.text, heard.replied_to)
        if self.talk is None or seat is None or silence(heard, seat, now):
            return None
        if heard.diagnostic is not None and is_about(heard, heard.diagnostic):
            return None
        member = member_in(heard, seat, free=self.stage.tuning.conversations.free_talk)
        if member is None:
            return None
        said = await self.talk.draft(member)
        if isinstance(said, Silence):
            log.info("study group %s: no draft: %s", heard.group.id, said.detail)
            return None
        return drafted_reply(heard, seat, said, now)


def member_in(heard: Heard, seat: Seat, *, free: bool) -> Member | None:
    """Describe a member whom the lesson's rules do not understand; None where they do."""
    script, version = heard.script, heard.script_version
    if script is None or version is None or seat.persona is None:
        return None
    if hear(script, heard.text) is not None:
        return None
    if not any(trigger.responses for trigger in script.triggers):
        return None
    brief = Brief(
        post_text=heard.text,
        persona=seat.persona,
        scripts=(PublishedScript(version, script),),
        recent=heard.recent,
        seed=heard.id,
        free_talk=free if script.free_talk is None else script.free_talk,
    )
    cast = tuple(line_of(one, heard.group.language) for one in heard.group.seats())
    return Member(brief, seat.role, cast)


def drafted_reply(heard: Heard, seat: Seat, said: Line, now: datetime) -> Reply:
    """Word a draft, and by whose leave it goes."""
    free = said.strategy is Strategy.FREE_20
    because = Provenance(
        source=AnswerSource.MODEL if said.source is Source.MODEL else AnswerSource.LOCAL,
        reason=said.reason,
        approved_by="free_talk of the lesson or of the settings"
        if free
        else "the published script",
        persona=None if seat.persona is None else seat.persona.key,
        script_version=said.script_version,
        strategy=said.strategy,
        fit=said.fit,
        trigger=said.trigger,
        model=said.model,
        prompt_hash=said.prompt_hash,
        cost_usd=said.cost_usd,
    )
    return Reply(said.reason, (worded(heard, seat, said.text, because, now),))


def answer(heard: Heard, now: datetime) -> Reply:
    """Say what comes of a member's message; a silence has no lines."""
    seat = addressed(heard.group.seats(), heard.text, heard.replied_to)
    if why := silence(heard, seat, now):
        return Reply(why)
    if seat is None:
        return Reply("none of our accounts was addressed")
    if heard.diagnostic is not None and is_about(heard, heard.diagnostic):
        return diagnose(heard, seat, heard.diagnostic, now)
    if heard.script is not None:
        return answer_by_lesson(heard, seat, heard.script, now)
    return Reply("no lesson was held here yet, and free talk waits for a person's leave")


def silence(heard: Heard, seat: Seat | None, now: datetime) -> str | None:
    """Say what speaks against any answer, whatever the message is about."""
    if heard.group.state is not GroupState.ACTIVE:
        return "the group is closed"
    if heard.opted_out:
        return "the member wants to hear no more of us"
    if heard.deleted:
        return "the member took the message back"
    if now - heard.sent_at > TOO_OLD:
        return "it was said too long ago"
    if seat is not None and seat.ended is not None:
        return f"the bio of {seat.name} does not name its role"
    return None


def is_about(heard: Heard, diagnostic: Script) -> bool:
    """Whether a message belongs to the group's diagnostic: it goes on with it, or begins it."""
    if heard.progress is not None:
        return heard.progress.outcome is Outcome.WAITING
    return hear(diagnostic, heard.text) is not None


def diagnose(heard: Heard, seat: Seat, diagnostic: Script, now: datetime) -> Reply:
    """Take the member's diagnostic one step on."""
    before = heard.progress or Progress()
    turn = advance(diagnostic, before, Incoming(heard.text), heard.contact)
    because = Provenance(
        source=AnswerSource.LOCAL,
        reason=turn.reason,
        approved_by="the published script",
        persona=None if seat.persona is None else seat.persona.key,
        script_version=heard.diagnostic_version,
        strategy=Strategy.SCRIPT_80,
    )
    return Reply(
        f"diagnostic {diagnostic.key}: {turn.reason}",
        tuple(line(heard, seat, text, because, now) for text in turn.says),
        turn.progress,
        finding_of(diagnostic, turn.progress),
    )


def answer_by_lesson(heard: Heard, seat: Seat, script: Script, now: datetime) -> Reply:
    """Answer with what the lesson has for this, or with its fallback, or not at all."""
    key = hear(script, heard.text)
    trigger = next((one for one in script.triggers if one.key == key), None)
    text = words_for(heard, script, trigger)
    if text is None:
        return Reply(f"the lesson {script.key} has no words for this")
    reason = f"the lesson's fallback: no trigger of {script.key} fits"
    if trigger is not None:
        reason = f"trigger {trigger.key} of the lesson {script.key}"
    because = Provenance(
        source=AnswerSource.LOCAL,
        reason=reason,
        approved_by="the published script",
        persona=None if seat.persona is None else seat.persona.key,
        script_version=heard.script_version,
        strategy=Strategy.SCRIPT_80,
        trigger=None if trigger is None else trigger.key,
    )
    return Reply(reason, (line(heard, seat, text, because, now),))


def words_for(heard: Heard, script: Script, trigger: Trigger | None) -> str | None:
    """Choose among the trigger's responses, else among the words of the fallback."""
    if trigger is not None:
        fitting = [
            one.text
            for one in trigger.responses
            if not one.when or mentions_any(stems(heard.text), one.when)
        ]
        if fitting:
            return pick(fitting, heard.id, "response")
    return None if script.fallback is None else pick(script.fallback.say, heard.id, "fallback")


def line(heard: Heard, seat: Seat, text: str, because: Provenance, now: datetime) -> NewGroupLine:
    """Word a reply to the member's message in the account's voice."""
    said = text if seat.persona is None else speak(text, seat.persona, heard.id)
    return worded(heard, seat, said, because, now)


def worded(heard: Heard, seat: Seat, said: str, because: Provenance, now: datetime) -> NewGroupLine:
    """Say words as they are in reply to the member's message."""
    return NewGroupLine(
        group=heard.group.id,
        account=seat.account,
        text=said,
        because=because,
        due_at=now + TYPING,
        expires_at=now + ANSWER_LASTS,
        reply_to=heard.message,
    )
