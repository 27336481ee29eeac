"""What people change in an account's conversation after it became a ticket: edits and deletions.

The ticket's own record of the message is the mark that a change was told: it is changed after what
is said of it was queued, under a key of the change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from desk.accounts.following import AT_ONCE, words_of
from desk.house import Accounts, House
from desk.places import ACCOUNTS, chat_of
from desk.relay import edit_copies
from desk.turn import LONGEST, Turn
from desk.words import Html
from orchestrator.ports.desk import Amendment, Parcel
from orchestrator.ports.handoff import Changed
from support.actor import THE_CLOCK
from support.ids import TgMessageId
from support.talk import ContentType, NewMessage, Source
from support.tickets import Ticket


@dataclass(frozen=True, slots=True)
class Changing:
    """Shows operators what people changed."""

    house: House
    accounts: Accounts

    async def follow(self) -> Sequence[Parcel]:
        """Show every change that a ticket does not show yet."""
        for changed in await self.accounts.tickets.changed(AT_ONCE, ACCOUNTS):
            turn = Turn(self.house.bot_id, name_of(changed), about=changed.ticket)
            ticket = await self.house.desk.tickets.ticket(changed.ticket)
            source = Source(chat_of(changed.conversation), TgMessageId(changed.message))
            if changed.is_shown:
                await self.show(turn, changed, source)
            else:
                await self.tell(turn, ticket, changed)
            await self.house.door.parcels.queue_parcels(self.house.bot_id, turn.parcels)
            await self.mark(ticket, changed, source)
        return ()

    async def show(self, turn: Turn, changed: Changed, source: Source) -> None:
        """Put the new words in place of the old ones; of a deleted message, say that it is."""
        text = self.marked("account.deleted", changed) if changed.is_deleted else words_of(changed)
        edit = Amendment("editMessageText", {"text": text[:LONGEST]})
        await edit_copies(self.house, turn, source, lambda _: edit)

    async def tell(self, turn: Turn, ticket: Ticket, changed: Changed) -> None:
        """Tell of a change to what stands in the history at the ticket's start."""
        key = "account.deleted_before" if changed.is_deleted else "account.edited_before"
        for place in await self.house.hall(ticket).destinations(ticket):
            turn.queue("sendMessage", place, {"text": self.marked(key, changed)[:LONGEST]})

    def marked(self, key: str, changed: Changed) -> str:
        """Word a change; what people wrote is sent without markup."""
        text = Html(words_of(changed))
        return self.house.words(key, self.house.settings.language, text=text)

    async def mark(self, ticket: Ticket, changed: Changed, source: Source) -> None:
        """Have the ticket's record show what is so now."""
        talk, text = self.house.desk.talk, words_of(changed)
        if not changed.is_shown:
            kept = NewMessage(
                ticket=ticket.id,
                by=THE_CLOCK,
                source=source,
                content_type=ContentType.TEXT,
                text=text,
                caption=None,
                sent_at=changed.sent_at,
            )
            await talk.record_message(kept)
        if changed.is_deleted:
            await talk.delete_message(source, changed.changed_at)
        else:
            await talk.edit_message(source, text, None, changed.changed_at)


def name_of(changed: Changed) -> str:
    """Name a change: Telegram counts edits in seconds, so that the words are part of the name."""
    words = sha256(changed.text.encode()).hexdigest()[:12]
    what = "deleted" if changed.is_deleted else words
    return f"changed:{changed.message}:{int(changed.changed_at.timestamp())}:{what}"
