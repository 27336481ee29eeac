"""Answers conversations: one job, one turn, everything of it stored at once."""

import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from orchestrator.conversations.deciding import Setting, decide, hand_over, seed_of
from orchestrator.conversations.ground import Ground, carry, ground_of
from orchestrator.errors import NotFound
from orchestrator.ids import ConversationId
from orchestrator.jobs import Job
from orchestrator.ports.conversations import (
    Arrival,
    Conclusion,
    ConversationState,
    NewHandoff,
    Said,
    Standing,
)
from orchestrator.ports.interpreting import Interpreter, Message, Opinion
from orchestrator.ports.logs import Operation, OperationKind
from orchestrator.ports.writing import PublishedScript
from orchestrator.stage import Stage
from personas.scripts.model import ScriptKind
from personas.scripts.runner import Progress
from personas.strategy import Strategy

log = logging.getLogger(__name__)

LONGEST_ASKED = 4 * 4096
"""Characters of what waits that one turn looks at: four messages of Telegram's full length."""
NOBODY = Opinion(published=None, heard="", fit=0.0, strategy=Strategy.FREE_20, reason="")


@dataclass(frozen=True, slots=True)
class Conductor:
    """Leads conversations turn by turn."""

    stage: Stage
    interpreter: Interpreter

    async def converse(self, job: Job, conversation: ConversationId) -> None:
        """Answer everything that waits in a conversation, or let it wait for the morning."""
        store = self.stage.stores.conversations
        standing = await store.standing(conversation)
        if standing is None or not is_answered_here(standing):
            await store.leave(job, standing)
            return
        now = self.stage.clock.now()
        opening = self.stage.tuning.conversations.next_hour(now, standing.zone)
        if opening > now:
            await store.wait_until(job, opening)
            return
        begun = self.stage.clock.monotonic()
        conclusion = await self.decide_or_hand_over(job, standing)
        stored = await store.conclude(job, standing, conclusion)
        self.note(begun, standing)
        log.info("%s: %s", "said" if stored else "not said", conclusion.turn.reason)

    async def decide_or_hand_over(self, job: Job, standing: Standing) -> Conclusion:
        """Decide; what came to nothing again and again is a person's, and not forgotten."""
        if job.attempts + 1 < self.stage.tuning.jobs.attempts:
            return await self.decide(standing)
        why = f"no answer could be made in {job.attempts} attempts"
        setting = self.setting(standing, ground_of(standing), standing.progress)
        return hand_over(setting, NOBODY, NewHandoff(why))

    async def decide(self, standing: Standing) -> Conclusion:
        """Decide what is said to what waits."""
        ground = ground_of(standing)
        try:
            ground, scripts = await self.prepare(standing, ground)
        except NotFound as unusable:
            setting = self.setting(standing, ground, standing.progress)
            return hand_over(setting, NOBODY, NewHandoff(str(unusable)))
        progress = Progress()
        if ground.version is not None:
            progress = carry(standing.progress, scripts[0].script, ground.arrival)
        setting = self.setting(standing, ground, progress, scripts)
        message = Message(
            text=setting.asked,
            scripts=scripts,
            progress=progress,
            persona=standing.persona,
            seed=seed_of(standing),
            begins=ground.version is None,
            recent=tuple(map(line_of, standing.recent)),
        )
        return decide(setting, await self.interpreter.interpret(message))

    async def prepare(
        self, standing: Standing, ground: Ground
    ) -> tuple[Ground, tuple[PublishedScript, ...]]:
        """Return the ground to go on with, and its scripts; raises NotFound where there is none.

        Nobody moves to a version that cannot be used: the one that they are on stays good.
        """
        try:
            return ground, await self.scripts_on(ground)
        except NotFound:
            if ground.arrival not in {Arrival.MOVED, Arrival.RESTARTED}:
                raise
        stays = Ground(standing.version, Arrival.STAYED)
        return stays, await self.scripts_on(stays)

    async def scripts_on(self, ground: Ground) -> tuple[PublishedScript, ...]:
        """Return the script to go on with, or all that may begin."""
        library = self.stage.library
        if ground.version is not None:
            return (led(await library.version(ground.version)),)
        diagnostics = await library.published(ScriptKind.DIAGNOSTIC)
        return (*await library.published(ScriptKind.SALES), *map(led, diagnostics))

    def setting(
        self,
        standing: Standing,
        ground: Ground,
        progress: Progress,
        scripts: tuple[PublishedScript, ...] = (),
    ) -> Setting:
        """Fix the moment of a decision."""
        return Setting(
            standing=standing,
            asked=asked_in(standing),
            arrival=ground.arrival,
            progress=progress,
            among=tuple(one.version_id for one in scripts),
            persona=standing.persona,
            now=self.stage.clock.now(),
            terms=self.stage.tuning.conversations,
        )

    def note(self, begun: float, standing: Standing) -> None:
        """Log the decision."""
        duration = timedelta(seconds=self.stage.clock.monotonic() - begun)
        self.stage.operations.note(
            Operation(OperationKind.CONVERSE, standing.account, succeeded=True, duration=duration)
        )


def asked_in(standing: Standing) -> str:
    """Return what waits for an answer as one text; of a flood, the last of it in whole messages.

    Stop words were looked for in each message when it was recorded.
    """
    texts: list[str] = []
    room = LONGEST_ASKED
    for text in (one.text for one in reversed(standing.unanswered) if one.text.strip()):
        room -= len(text) + 1
        if room < 0:
            break
        texts.append(text)
    return "\n".join(reversed(texts))


def led(published: PublishedScript) -> PublishedScript:
    """Return the script as it is led: a diagnostic's questions are steps then."""
    return replace(published, script=published.script.as_conversation)


def is_answered_here(standing: Standing) -> bool:
    """Tell whether anything waits, and nobody else answers it."""
    is_open = standing.state is ConversationState.OPEN
    reopens = standing.state is ConversationState.CLOSED and standing.reopens
    return bool(standing.unanswered) and (is_open or reopens)


def line_of(said: Said) -> str:
    """Write one line of the history."""
    return f"{'we' if said.ours else 'they'}: {said.text}"
