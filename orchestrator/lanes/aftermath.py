"""What follows when Telegram refuses a message: the policy's actions, carried out."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from orchestrator.actor import SYSTEM
from orchestrator.outbox.gate import SEND_METHOD
from orchestrator.ports.accounts import AccountEvent, AccountState
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

A_PERSONS_TURN = timedelta(hours=1)
"""How long a chat is left alone after a refusal that a person has to mend."""

WAIT_UNSAID = timedelta(minutes=1)
"""How long is waited where Telegram asks for a wait without saying how long."""


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
            raise TelegramRefused(refusal)
        match refusal.action:
            case Action.WAIT:
                await self.wait_out(refusal)
            case Action.RETRY_FRESH:
                await self.look_anew(refusal, attempted=attempted)
            case Action.BACK_OFF | Action.TAKE_DIFFERENCE:
                await self.retry(self.stage.tuning.sending, refusal)
            case Action.SETTLE | Action.REISSUE_OR_LOOK:
                await self.leave_unknown(refusal, attempted=attempted)
            case Action.SUSPEND_CHAT | Action.NEEDS_JOIN:
                await self.leave_to_a_person(refusal)
            case Action.OPT_OUT | Action.GIVE_UP:
                await self.end_conversation(refusal)
            case _:
                await self.alert(refusal)
                await self.give_up(refusal.sentence)

    async def keep_for_later(self, refusal: Refusal) -> None:
        """Keep the message until a person has acted; nobody else says it (charter rule 5)."""
        await self.put_off(timedelta(minutes=1), refusal)

    async def wait_out(self, refusal: Refusal) -> None:
        """Keep Telegram's not-before for what it concerns; the rest of the account goes on."""
        delay = WAIT_UNSAID if refusal.delay is None else refusal.delay
        note_event(self.stage, self.holder, SessionKind.FLOOD_WAIT, refusal, delay)
        if refusal.scope is Scope.CHAT:
            await self.hold_chat(delay, refusal)
        else:
            await self.stage.stores.outbox.hold(
                self.holder.account, None, SEND_METHOD, delay, refusal.name
            )
        await self.put_off(delay, refusal)

    async def look_anew(self, refusal: Refusal, *, attempted: bool) -> None:
        """Ask where the post is discussed once more, if that was known from before; or retry."""
        retries = self.stage.tuning.fresh_post
        if attempted and await self.stage.stores.outbox.forget_copy(
            self.holder, self.waiting.id, retries.delay_after(1), refusal.sentence
        ):
            return
        await self.retry(retries, refusal)

    async def retry(self, retries: Retries, refusal: Refusal) -> None:
        """Try again a bounded number of times, then give up with Telegram's reason."""
        attempts = self.waiting.attempts + 1
        if attempts >= retries.attempts:
            await self.give_up(f"{refusal.sentence} ({refusal.name}), {attempts} times in a row")
            return
        await self.put_off(retries.delay_after(attempts), refusal, attempted=True)

    async def leave_unknown(self, refusal: Refusal, *, attempted: bool) -> None:
        """Store that Telegram may have the message already, or try again what was not attempted."""
        retry_in = self.stage.tuning.settling.delay_after(self.waiting.attempts + 1)
        if attempted:
            await self.stage.stores.outbox.record_unknown(
                self.holder, self.waiting.id, refusal.sentence, retry_in=retry_in
            )
        else:
            await self.put_off(retry_in, refusal)

    async def leave_to_a_person(self, refusal: Refusal) -> None:
        """Leave the chat alone and tell an operator; the message waits.

        Where the account lost its right, the grant is suspended for a person to look at.
        """
        await self.hold_chat(A_PERSONS_TURN, refusal)
        if refusal.action is Action.SUSPEND_CHAT:
            await self.stage.stores.outbox.suspend_chat(
                self.holder.account, self.waiting.id, refusal
            )
        await self.alert(refusal)
        await self.put_off(A_PERSONS_TURN, refusal)

    async def end_conversation(self, refusal: Refusal) -> None:
        """Give the message up, and with it the conversation that it was said in."""
        await self.stage.stores.outbox.close_conversation(self.waiting.id, refusal)
        await self.give_up(refusal.sentence)

    async def hold_chat(self, delay: timedelta, refusal: Refusal) -> None:
        """Keep a not-before for the account in this chat, if the chat is known yet."""
        letter = self.waiting.letter
        if letter is not None:
            await self.stage.stores.outbox.hold(
                self.holder.account, letter.peer.telegram_id, None, delay, refusal.name
            )

    async def put_off(self, delay: timedelta, refusal: Refusal, *, attempted: bool = False) -> None:
        """Let the message wait, with Telegram's reason."""
        await self.stage.stores.outbox.put_off(
            self.holder, self.waiting.id, delay, refusal.sentence, attempted=attempted
        )

    async def give_up(self, reason: str) -> None:
        """Let the message fail, unless an earlier attempt of it has no known outcome."""
        await self.stage.stores.outbox.fail(self.holder, self.waiting.id, reason)

    async def alert(self, refusal: Refusal) -> None:
        """Tell an operator, in the log and in the account's history; the account goes on."""
        told = f"{refusal.name}: {refusal.sentence} (message {self.waiting.id})"
        log.warning("account %s: %s", self.holder.account, told)
        await self.stage.stores.accounts.record_event(self.holder.account, AccountEvent.ALERT, told)


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
