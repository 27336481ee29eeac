"""Dialogues compared with the server: a person whose message no update told of is heard too."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from orchestrator.clock import until_tick
from orchestrator.facts import MessageEdited, MessagesDeleted
from orchestrator.ids import MessageId, TelegramId
from orchestrator.intake.reconciler import LATER
from orchestrator.ports.intake import DialogueReading, KnownMessage
from orchestrator.ports.logs import Operation, OperationKind
from orchestrator.ports.outbox import Holder
from orchestrator.ports.telegram import AccountClient, Dialogue, MessageNow, MessagesPage
from orchestrator.refusals import Refusal, Scope, TelegramRefused
from orchestrator.stage import Stage

log = logging.getLogger(__name__)

EVERY: Final = 10.0
"""Seconds between two looks whether it is time."""

RECENT: Final = 100
"""How many of the newest messages are looked at for edits and deletions that nobody told of."""

ALIVE: Final = timedelta(days=2)
"""How long after a person was seen last their messages are."""

PAGES_AT_ONCE: Final = 50
"""How many pages of messages are fetched in one run; the next goes on from there."""


@dataclass(slots=True)
class Correspondence:
    """Compares one account's private chats with what was recorded of them.

    Private messages are numbered for the whole account, so that one number says up to where every
    dialogue was compared. An unfinished run stores how far each dialogue was read.
    """

    stage: Stage
    holder: Holder
    client: AccountClient
    pages_left: int = 0
    look_at: float = 0.0

    async def compare(self) -> None:
        """Fetch what people wrote since the dialogues were compared last."""
        await self.compare_from(await self.reading())

    async def compare_due(self) -> None:
        """Do so when it is time, or when Telegram said that it skipped something."""
        now = self.stage.clock.monotonic()
        if now < self.look_at:
            return
        self.look_at = now + until_tick(self.stage.clock, EVERY)
        reading = await self.reading()
        if reading.due:
            await self.compare_from(reading)

    async def reading(self) -> DialogueReading:
        """Read how far the dialogues were compared."""
        return await self.stage.stores.intake.dialogue_reading(
            self.holder.account, self.stage.tuning.dialogues_check
        )

    async def compare_from(self, reading: DialogueReading) -> None:
        """Compare; what Telegram wants us to wait for is tried again another time."""
        begun = self.stage.clock.monotonic()
        refusal: Refusal | None = None
        try:
            await self.fetch(reading)
            await self.find_changes()
        except TelegramRefused as refused:
            if refused.refusal.action not in LATER:
                raise
            refusal = refused.refusal
        self.note(OperationKind.READ_DIALOGUES, begun, refusal)
        total = (await self.reading()).recovered_late
        if recovered := total - reading.recovered_late:
            log.warning(
                "%d updates of private chats of account %s came late",
                recovered,
                self.holder.account,
            )
            self.note(OperationKind.RECOVER_UPDATES, begun)

    async def find_changes(self) -> None:
        """Record edits and deletions of recent messages that no update told of."""
        known = await self.stage.stores.intake.known_messages(self.holder.account, RECENT, ALIVE)
        if not known:
            return
        now = await self.client.messages_now(tuple(one.message for one in known))
        changes = [
            change
            for one in known
            if (change := self.change_of(one, now.get(one.message, one))) is not None
        ]
        await asyncio.gather(*(self.stage.sink(change) for change in changes))

    def change_of(
        self, known: KnownMessage, now: MessageNow | KnownMessage | None
    ) -> MessageEdited | MessagesDeleted | None:
        """Compare one message with what became of it; what Telegram did not answer is as known."""
        account = self.holder.account
        if now is None:
            return MessagesDeleted(account, (known.message,), late=True)
        if now.edited_at is None or now.text == known.text:
            return None
        return MessageEdited(
            account, known.person, known.message, now.text, now.edited_at, late=True
        )

    async def fetch(self, reading: DialogueReading) -> None:
        """Read every dialogue in which something is new, the oldest news first."""
        self.pages_left = PAGES_AT_ONCE
        found = await self.client.dialogues_after(reading.upto, since=reading.since)
        for dialogue in sorted(found, key=lambda one: one.last_message):
            if not await self.read(dialogue, reading):
                return
        newest = max((dialogue.last_message for dialogue in found), default=reading.upto)
        await self.stage.stores.intake.note_dialogues_compared(self.holder.account, newest)

    async def read(self, dialogue: Dialogue, reading: DialogueReading) -> bool:
        """Read one dialogue to its end; False when this run may fetch no more."""
        try:
            last = await self.beginning(dialogue, reading)
            while last < dialogue.last_message:
                if self.pages_left == 0:
                    return False
                page = await self.fetch_page(dialogue.person, last)
                last = page.upto
                reading.progress[dialogue.person] = last
                await self.stage.stores.intake.note_dialogues(self.holder.account, reading.progress)
                if not page.more:
                    break
        except TelegramRefused as refused:
            if refused.refusal.action in LATER or refused.refusal.scope is Scope.ACCOUNT:
                raise
            log.warning("a dialogue of account %s cannot be read: %s", self.holder.account, refused)
        return True

    async def beginning(self, dialogue: Dialogue, reading: DialogueReading) -> MessageId:
        """Return the message after which a dialogue was not read yet.

        In the first comparison that is what was said before the account was with us.
        """
        done = reading.progress.get(dialogue.person)
        if done is not None:
            return done
        if reading.upto is not None:
            return reading.upto
        return await self.client.last_message_before(dialogue.person, reading.since)

    async def fetch_page(self, person: TelegramId, last: MessageId) -> MessagesPage:
        """Record one page; a stop word in it ends the conversation as a live one does."""
        self.pages_left -= 1
        page = await self.client.messages_after(person, last)
        await asyncio.gather(*(self.stage.sink(message) for message in page.told))
        return page

    def note(self, kind: OperationKind, begun: float, refusal: Refusal | None = None) -> None:
        """Log what was done."""
        duration = timedelta(seconds=self.stage.clock.monotonic() - begun)
        said = (refusal.sentence, refusal.name) if refusal else (None, None)
        self.stage.operations.note(
            Operation(kind, self.holder.account, refusal is None, duration, *said)
        )
