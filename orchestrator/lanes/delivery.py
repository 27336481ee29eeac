"""From the outbox to Telegram, effectively once.

The order is the promise: resolve the peer, wait for pacing, *then* claim and check in one
statement, *then* send at once, or give the claim back. Text, peer and random_id were stored
before the first attempt, so that whatever happens, the same message can be asked for again and
Telegram will not double it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from orchestrator.errors import ServersUnavailable
from orchestrator.lanes.aftermath import STATE_AFTER, Aftermath
from orchestrator.operations import name_of
from orchestrator.outbox.gate import SENTENCES, WAITS, Verdict, waits_for
from orchestrator.ports.logs import Operation, OperationKind
from orchestrator.ports.outbox import (
    Claim,
    Holder,
    InAnswer,
    InStudyGroup,
    OutboxState,
    Target,
    UnderPost,
    Waiting,
)
from orchestrator.ports.telegram import AccountClient, Letter, Sent, Thread
from orchestrator.refusals import Action, OutcomeUnknown, Refusal, TelegramRefused
from orchestrator.stage import Stage
from orchestrator.whereabouts import at_work

log = logging.getLogger(__name__)

NOTHING_TO_DO = frozenset({Verdict.LEASE_LOST, Verdict.NOT_DUE})
"""Somebody else has the message, or the account."""

NOT_NOW = {
    Verdict.DAILY_LIMIT: timedelta(minutes=15),
    Verdict.HELD: timedelta(seconds=5),
}
"""How long a message waits after the gate said no for now; a minute where nothing is said."""

LOOK_LATER = frozenset({Action.WAIT, Action.BACK_OFF, Action.TAKE_DIFFERENCE})
"""Refusals to let us look that pass by themselves."""

RECORD_AGAIN = 0.5
"""Seconds between tries to store what became of an attempt, while the database is away."""


@dataclass(slots=True)
class Delivery:
    """One account's way out.

    The proof of a message is on its way to the database while the next one's turn is waited for
    and the gate is asked, so that both go in one transaction; nothing more is sent before the proof
    is stored.
    """

    stage: Stage
    holder: Holder
    client: AccountClient
    recording: asyncio.Task[None] | None = None
    """Stores that the message before this one was sent."""

    async def deliver(self, waiting: Waiting) -> None:
        """Take one message as far as it can go now, and see what became of it stored."""
        await self.send_on(waiting)
        await self.recorded()

    async def send_on(self, waiting: Waiting) -> None:
        """Take one message as far as it can go now; all that is logged meanwhile tells of it.

        Its proof may still be on its way to the database: `recorded` waits for it. Raises
        OutcomeUnknown when the client is spent.
        """
        with at_work(post=waiting.post, outbox=waiting.id):
            await self.take_on(waiting)

    async def recorded(self) -> None:
        """Return when the proof of what was sent is stored, even when the lane is cancelled."""
        recording = self.recording
        if recording is not None:
            await finished(recording)
            self.recording = None

    async def take_on(self, waiting: Waiting) -> None:
        """Resolve, wait, ask the gate, send."""
        if waiting.letter is None:
            waiting = await self.address(waiting)
        letter = waiting.letter
        if letter is None:
            return
        if self.is_worn_out(waiting):
            await self.settle_by_looking(waiting, letter, "every attempt ended without an answer")
            return
        turn = await self.stage.pacer.wait_turn(self.holder.account, letter.peer.telegram_id)
        deadline = self.stage.clock.monotonic() + self.stage.tuning.claim.total_seconds()
        claim = await self.claim(waiting)
        await self.recorded_before(waiting, claim)
        if claim.letter is None:
            await self.stage.pacer.give_back(turn)
            await self.obey(waiting, letter, claim.verdict)
        elif self.stage.clock.monotonic() >= deadline:
            await self.stage.pacer.give_back(turn)
            await self.stage.stores.outbox.give_back(self.holder, waiting.id)
        else:
            await self.attempt(waiting, claim.letter)

    def is_worn_out(self, waiting: Waiting) -> bool:
        """Tell whether asking again has been tried often enough."""
        tries = self.stage.tuning.settling.attempts
        return waiting.state is OutboxState.UNKNOWN and waiting.attempts >= tries

    async def address(self, waiting: Waiting) -> Waiting:
        """Find out where the message goes and store it, if that can be."""
        try:
            thread = await self.thread_of(waiting.target)
        except TelegramRefused as refused:
            await self.aftermath(waiting).follow(refused.refusal, attempted=False)
            return waiting
        if thread is None:
            await self.stage.stores.outbox.fail(self.holder, waiting.id, "it has no address")
            return waiting
        letter = await self.stage.stores.outbox.address(self.holder, waiting.id, thread)
        attempts = waiting.attempts if waiting.first_attempt_at else 0
        return replace(waiting, letter=letter, attempts=attempts)

    async def thread_of(self, target: Target) -> Thread | None:
        """Find a post's copy in the linked group, or the person who wrote.

        A line for a study group was addressed when it was queued.
        """
        match target:
            case UnderPost():
                return await self.client.thread_of(
                    target.channel, target.post.message, username=target.username
                )
            case InAnswer():
                return Thread(await self.client.person(target.person), None)
            case InStudyGroup():
                return None

    async def claim(self, waiting: Waiting) -> Claim:
        """Ask the gate."""
        return await self.stage.stores.outbox.claim_if_welcome(
            self.holder, waiting.id, self.stage.tuning.gate, waiting.kind
        )

    async def recorded_before(self, waiting: Waiting, claim: Claim) -> None:
        """See the proof before this claim stored; where it cannot be, nothing more is sent."""
        try:
            await self.recorded()
        except BaseException:
            if claim.letter is not None:
                await shielded(self.stage.stores.outbox.give_back(self.holder, waiting.id))
            raise

    async def obey(self, waiting: Waiting, letter: Letter, verdict: Verdict) -> None:
        """Do what follows when the gate says no.

        Wait, settle by looking, or give the message up.
        """
        if verdict in NOTHING_TO_DO:
            return
        if waiting.state is OutboxState.UNKNOWN and verdict is not Verdict.HELD:
            await self.settle_by_looking(
                waiting, letter, SENTENCES[verdict], for_good=verdict not in WAITS
            )
        elif verdict in WAITS:
            await self.wait(waiting, verdict)
        else:
            await self.stage.stores.outbox.fail(
                self.holder, waiting.id, f"not sent: {SENTENCES[verdict]}"
            )

    async def wait(self, waiting: Waiting, verdict: Verdict) -> None:
        """Let the message wait until the gate may say something else."""
        delay = NOT_NOW.get(verdict, timedelta(minutes=1))
        await self.stage.stores.outbox.put_off(
            self.holder, waiting.id, delay, waits_for(verdict), attempted=False
        )

    async def attempt(self, waiting: Waiting, letter: Letter) -> None:
        """Send once; whatever happens, what became of it is stored."""
        begun = self.stage.clock.monotonic()
        try:
            sent = await self.client.send(letter, within=self.stage.tuning.answer)
        except TelegramRefused as refused:
            self.note(begun, refused)
            await shielded(self.aftermath(waiting).follow(refused.refusal, attempted=True))
        except (OutcomeUnknown, asyncio.CancelledError) as lost:
            self.note(begun, lost)
            await shielded(self.leave_unknown(waiting, str(lost) or "stopped while sending"))
            raise
        else:
            self.note(begun, None)
            self.recording = asyncio.create_task(
                self.record_sent(waiting, sent), name="record what was sent"
            )
            await self.begun()

    async def begun(self) -> None:
        """Let the proof be brought to the store before the gate is asked about the next message."""
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            await self.recorded()
            raise

    async def record_sent(self, waiting: Waiting, sent: Sent) -> None:
        """Store the proof."""
        outbox = self.stage.stores.outbox
        await self.record(partial(outbox.record_sent, self.holder, waiting.id, sent))
        log.info("sent as message %d", sent.message)

    async def leave_unknown(self, waiting: Waiting, error: str) -> None:
        """Store that nobody knows yet whether Telegram has the message."""
        retry_in = self.stage.tuning.settling.delay_after(waiting.attempts + 1)
        outbox = self.stage.stores.outbox
        await self.record(
            partial(outbox.record_unknown, self.holder, waiting.id, error, retry_in=retry_in)
        )

    async def settle_by_looking(
        self, waiting: Waiting, letter: Letter, why: str, *, for_good: bool = True
    ) -> None:
        """Look for the message among our own in its thread.

        What is not found ends as unresolved, or waits on where it may yet be asked for again.
        """
        since = waiting.first_attempt_at or self.stage.clock.now()
        try:
            others = await self.stage.stores.outbox.sent_beside(waiting.id)
            found = await self.client.find_own(
                letter, since=since - timedelta(minutes=1), besides=others
            )
        except TelegramRefused as refused:
            await self.follow_blindness(waiting, refused.refusal, why)
            return
        outbox = self.stage.stores.outbox
        if found is not None:
            await self.record(partial(outbox.record_sent, self.holder, waiting.id, found))
        elif for_good:
            lost = f"{why}, and it was not found in its thread"
            await outbox.fail(self.holder, waiting.id, lost)
        else:
            await outbox.put_off(
                self.holder, waiting.id, timedelta(minutes=1), f"waits: {why}", attempted=False
            )

    async def follow_blindness(self, waiting: Waiting, refusal: Refusal, why: str) -> None:
        """Do what follows when Telegram does not let us look.

        Look again later where that may help; what can never be looked at ends as unresolved.
        """
        log.warning("cannot look for a message of unknown outcome: %s", refusal.sentence)
        outbox = self.stage.stores.outbox
        if refusal.action in LOOK_LATER or refusal.action in STATE_AFTER:
            delay = refusal.delay or timedelta(minutes=1)
            await outbox.put_off(self.holder, waiting.id, delay, refusal.sentence, attempted=False)
        else:
            lost = f"{why}, and Telegram does not let us look: {refusal.sentence}"
            await outbox.fail(self.holder, waiting.id, lost)
        if refusal.action in STATE_AFTER:
            raise TelegramRefused(refusal)

    async def record(self, write: Callable[[], Awaitable[None]]) -> None:
        """Store what Telegram has; while the database is away, try again for a lease's time.

        Past that the row is left `sending`; whoever comes next takes it for `unknown`.
        """
        deadline = self.stage.clock.monotonic() + self.stage.tuning.lease.total_seconds()
        while True:
            try:
                await write()
            except ServersUnavailable:
                if self.stage.clock.monotonic() >= deadline:
                    raise
                await self.stage.clock.sleep(RECORD_AGAIN)
            else:
                return

    def aftermath(self, waiting: Waiting) -> Aftermath:
        """Whoever deals with refusals of this message."""
        return Aftermath(self.stage, self.holder, waiting)

    def note(self, begun: float, error: BaseException | None) -> None:
        """Log the attempt."""
        self.stage.operations.note(
            Operation(
                OperationKind.SEND_MESSAGE,
                self.holder.account,
                error is None,
                timedelta(seconds=self.stage.clock.monotonic() - begun),
                None if error is None else str(error) or "cancelled",
                None if error is None else name_of(error),
            )
        )


async def shielded(write: Coroutine[Any, Any, None]) -> None:
    """Finish the write that records an attempt even when the lane is being cancelled."""
    await finished(asyncio.create_task(write, name="record an attempt"))


async def finished(task: asyncio.Task[None]) -> None:
    """Wait for a task to its end; who is cancelled meanwhile waits all the same."""
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
