"""What follows when Telegram refuses a message: the policy's actions, carried out."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from orchestrator.actor import SYSTEM
from orchestrator.ports.accounts import AccountState
from orchestrator.ports.logs import SessionEvent, SessionKind
from orchestrator.ports.outbox import Holder, Waiting
from orchestrator.refusals import Action, Refusal, Scope, TelegramRefused
from orchestrator.stage import Stage
from orchestrator.tuning import Retries

log = logging.getLogger(__name__)

STATE_AFTER = {
    Action.STOP_OUTBOUND: AccountState.LIMITED,
    Action.STOP_PUBLIC: AccountState.PUBLIC_STOPPED,
    Action.QUARANTINE: AccountState.QUARANTINED,
    Action.NEEDS_LOGIN: AccountState.NEEDS_LOGIN,
    Action.BANNED: AccountState.BANNED,
    Action.FROZEN: AccountState.FROZEN,
}
"""The state that an account is in after each refusal that concerns the account itself."""

SEND_METHOD = "messages.SendMessage"


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Deals with the refusal of one message."""

    stage: Stage
    holder: Holder
    waiting: Waiting

    async def follow(self, refusal: Refusal, *, attempted: bool) -> None:
        """Do what the refusal's action says; raises it again when the account cannot go on."""
        if refusal.action in STATE_AFTER:
            await self.keep_for_later(refusal)
        elif refusal.action is Action.WAIT:
            await self.wait_out(refusal)
        elif refusal.action is Action.RETRY_FRESH:
            await self.retry(self.stage.tuning.fresh_post, refusal, attempted=True)
        elif refusal.action is Action.BACK_OFF:
            await self.retry(self.stage.tuning.sending, refusal, attempted=True)
        elif refusal.action in {Action.SETTLE, Action.REISSUE_OR_LOOK}:
            await self.leave_unknown(refusal, attempted=attempted)
        elif refusal.action is Action.SUSPEND_CHAT:
            await self.suspend_chat(refusal)
        else:
            await self.stage.stores.outbox.fail(self.waiting.id, refusal.sentence)

    async def keep_for_later(self, refusal: Refusal) -> None:
        """Keep the message until a person has acted; nobody else says it (charter rule 5)."""
        await self.stage.stores.outbox.put_off(
            self.waiting.id, timedelta(minutes=1), refusal.sentence, attempted=False
        )
        raise TelegramRefused(refusal)

    async def wait_out(self, refusal: Refusal) -> None:
        """Keep Telegram's not-before for what it concerns; the rest of the account goes on."""
        delay = refusal.delay or timedelta(minutes=1)
        note_event(self.stage, self.holder, SessionKind.FLOOD_WAIT, refusal, delay)
        in_chat = refusal.scope is Scope.CHAT
        letter = self.waiting.letter
        await self.stage.stores.outbox.hold(
            self.holder.account,
            letter.peer.telegram_id if in_chat and letter else None,
            None if in_chat else SEND_METHOD,
            delay,
            refusal.name,
        )
        await self.stage.stores.outbox.put_off(
            self.waiting.id, delay, refusal.sentence, attempted=False
        )

    async def retry(self, retries: Retries, refusal: Refusal, *, attempted: bool) -> None:
        """Try again a bounded number of times, then give up with Telegram's reason."""
        attempts = self.waiting.attempts + 1
        if attempts >= retries.attempts:
            await self.stage.stores.outbox.fail(self.waiting.id, refusal.sentence)
            return
        await self.stage.stores.outbox.put_off(
            self.waiting.id, retries.delay_after(attempts), refusal.sentence, attempted=attempted
        )

    async def leave_unknown(self, refusal: Refusal, *, attempted: bool) -> None:
        """Store that Telegram may have the message already, or try again what was not attempted."""
        retry_in = self.stage.tuning.settling.delay_after(self.waiting.attempts + 1)
        if attempted:
            await self.stage.stores.outbox.record_unknown(
                self.holder, self.waiting.id, refusal.sentence, retry_in=retry_in
            )
        else:
            await self.stage.stores.outbox.put_off(
                self.waiting.id, retry_in, refusal.sentence, attempted=False
            )

    async def suspend_chat(self, refusal: Refusal) -> None:
        """Suspend the grant for a person to look at; the message waits under it."""
        await self.stage.stores.outbox.suspend_chat(self.holder.account, self.waiting.id, refusal)
        await self.stage.stores.outbox.put_off(
            self.waiting.id, timedelta(minutes=10), refusal.sentence, attempted=False
        )


async def park(stage: Stage, holder: Holder, refusal: Refusal) -> None:
    """Move the account to the state that the refusal calls for."""
    state = STATE_AFTER.get(refusal.action)
    if state is None:
        return
    log.warning("account %s is %s: %s", holder.account, state, refusal.sentence)
    await stage.stores.accounts.set_account_state(SYSTEM, holder.account, state, refusal.sentence)
    note_event(stage, holder, SessionKind.STATE_CHANGED, refusal)


def note_event(
    stage: Stage,
    holder: Holder,
    kind: SessionKind,
    refusal: Refusal,
    duration: timedelta = timedelta(),
) -> None:
    """Enter into the session log what a refusal did to the account."""
    stage.operations.note(
        SessionEvent(
            kind,
            holder.account,
            succeeded=False,
            duration=duration,
            cause=refusal.sentence,
            error_name=refusal.name,
        )
    )
