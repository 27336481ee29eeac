"""The life of tickets."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from support.actor import By
from support.assignment import Assignment
from support.ids import (
    ActKey,
    ChatId,
    ClientId,
    ConversationId,
    OperatorId,
    TechnicianId,
    TgMessageId,
    ThreadId,
    TicketId,
)
from support.reports import Idle, TicketFilter
from support.tickets import (
    Decided,
    Mode,
    Note,
    Opened,
    Opening,
    Place,
    Priority,
    QueuePlace,
    TechThread,
    ThreadOwner,
    Ticket,
    TicketEvent,
    Untold,
)


class TicketStore(Protocol):
    """What becomes of tickets; of several who ask at once, one is first and the rest are told."""

    async def open_ticket(self, act: ActKey, opening: Opening, reopen_within: timedelta) -> Opened:
        """Return the client's open ticket; else reopen their last of that mode, else open one.

        A ticket is reopened when it was closed no longer than `reopen_within` ago and is of the
        same mode, topic and conversation; it waits again. Starts the SLA clocks.
        """

    async def take(
        self, act: ActKey, ticket: TicketId, operator: OperatorId, *, several: bool
    ) -> Decided:
        """Give a waiting ticket to the operator and make it their current dialogue (mode take).

        LOST: another was first, named in `other`; SAME: this operator has it; BUSY: they are in
        another dialogue (`held`) and `several` is not set; CLOSED; NOT_ALLOWED: not an active
        operator. In mode topics nobody is ever BUSY.
        """

    async def switch_to(self, act: ActKey, ticket: TicketId, operator: OperatorId) -> Decided:
        """Make one of the operator's tickets their current one.

        NOT_THEIRS, CLOSED, or SAME otherwise.
        """

    async def return_to_queue(self, act: ActKey, ticket: TicketId, by: By) -> Decided:
        """Let it wait again, with its place by its first wait.

        NOT_THEIRS unless `by` holds it or is a lead (`by.side` STAFF with a role that leads) or
        SYSTEM; SAME: it waits already; CLOSED. In several mode the operator's oldest other
        ticket becomes current.
        """

    async def hand_over(
        self, act: ActKey, ticket: TicketId, by: By, to: OperatorId, *, several: bool
    ) -> Decided:
        """Give a ticket in work (or a waiting one) to another operator.

        NOT_THEIRS as in `return_to_queue`; BUSY: `to` is in another dialogue; NOT_ALLOWED: `to`
        is no active operator; SAME; CLOSED.
        """

    async def choose_technician(
        self, act: ActKey, ticket: TicketId, by: By, technician: TechnicianId | None
    ) -> Decided:
        """Give a ticket of mode topics to a technician; None takes it from them again.

        It is in work from then on. NOT_ALLOWED: an inactive technician; SAME; CLOSED.
        """

    async def finish(
        self, act: ActKey, ticket: TicketId, by: By, reason: str = "", *, to_tell: bool = False
    ) -> Decided:
        """Close it: clocks stop, mirror topics count as closed, the survey row is made.

        `to_tell`: no update asks for it, so that it is among the `untold` from then on.

        The client, any staff who hold it, leads, technicians of it and SYSTEM may; NOT_THEIRS
        otherwise; SAME: closed already. In several mode the operator's oldest other ticket
        becomes current.
        """

    async def finish_silent(self, act: ActKey, idle: Idle) -> Decided:
        """Close it for its client's silence, to be told of; SAME once the client has spoken."""

    async def reopen(
        self,
        act: ActKey,
        ticket: TicketId,
        by: By,
        within: timedelta | None,
        *,
        to_tell: bool = False,
    ) -> Decided:
        """Let a closed ticket wait again, if it was closed no longer than `within` ago.

        `to_tell` as in `finish`. None asks for no limit (leads). TOO_LATE; SAME: it is open; BUSY:
        the client has another open ticket, named in `held`.
        """

    async def merge(self, act: ActKey, ticket: TicketId, into: TicketId, by: By) -> Decided:
        """Move everything said in a ticket into another of the same client and close it.

        Returns the ticket that remains. NOT_ALLOWED: another client's; SAME: merged already, or
        the same ticket; CLOSED: `into` was merged away itself. It is among the `untold`.
        """

    async def untold(self, limit: int = 100) -> Sequence[Untold]:
        """Return acts that no update asked for and nobody was told of, oldest first.

        Put what is said of one on record, under a key of its event, before marking it.
        """

    async def mark_told(self, event: int) -> None:
        """Remember that an act was told."""

    async def set_priority(
        self, act: ActKey, ticket: TicketId, by: By, priority: Priority
    ) -> Decided:
        """Set how soon it is looked at; clocks that run keep what they promised."""

    async def assign_next(
        self, act: ActKey, ticket: TicketId, how: Assignment, *, most: int, several: bool
    ) -> Decided:
        """Give a waiting ticket to whom the rule chooses among those who are there.

        NOT_ALLOWED: nobody is free, so it waits. Who is away, has not pressed /start (mode take),
        or holds `most` tickets is passed by. SAME: it is in work already.
        """

    async def ticket(self, ticket: TicketId) -> Ticket:
        """Return a ticket."""

    async def tickets(self, wanted: TicketFilter) -> Sequence[Ticket]:
        """Return tickets, open ones first, then the newest."""

    async def open_ticket_of(self, client: ClientId) -> Ticket | None:
        """Return the client's open ticket in the bot."""

    async def open_ticket_about(self, conversation: ConversationId) -> Ticket | None:
        """Return the open ticket that stands for an account's conversation."""

    async def tickets_of_client(self, client: ClientId, limit: int = 10) -> Sequence[Ticket]:
        """Return the client's own tickets in the bot, newest first."""

    async def current_of(self, operator: OperatorId) -> Ticket | None:
        """Return the dialogue that the operator's private chat leads to."""

    async def tickets_of_operator(self, operator: OperatorId) -> Sequence[Ticket]:
        """Return the operator's tickets in work, oldest first."""

    async def waiting(self, mode: Mode | None = None) -> Sequence[Ticket]:
        """Return the queue: by priority, then by who waits longest."""

    async def without_topic(self) -> Sequence[Ticket]:
        """Return open tickets of mode topics that have no topic of their own."""

    async def queue_place(self, ticket: TicketId) -> QueuePlace | None:
        """Return where it stands among those of its mode; None when it does not wait."""

    async def events(self, ticket: TicketId) -> Sequence[TicketEvent]:
        """Return what happened to it, in order."""


class PlaceStore(Protocol):
    """Where a ticket lives in groups: its card, its main topic, its mirror topics."""

    async def set_card(self, ticket: TicketId, main: Place, card: TgMessageId | None) -> bool:
        """Remember where the card or topic is; False when the place is another ticket's.

        Called again (a recreated topic) it replaces what was.
        """

    async def add_tech_thread(
        self, ticket: TicketId, technician: TechnicianId, place: Place
    ) -> TechThread:
        """Remember a mirror topic; a recreated one replaces it."""

    async def close_tech_threads(
        self, ticket: TicketId, but: TechnicianId | None = None, since: datetime | None = None
    ) -> Sequence[TechThread]:
        """Mark the ticket's mirror topics as closed, but one technician's; returns those.

        Those that were closed `since` are returned too, so that whoever does it again finds them.
        """

    async def tech_threads(self, ticket: TicketId) -> Sequence[TechThread]:
        """Return the ticket's mirror topics, newest first."""

    async def owner_of_thread(self, chat: ChatId, thread: ThreadId) -> ThreadOwner | None:
        """Return to which ticket a topic belongs, and as what."""


class NoteStore(Protocol):
    """What staff keep with a ticket; clients never see it."""

    async def add_note(self, act: ActKey, ticket: TicketId, by: By, text: str) -> bool:
        """Write a private note; False on replay."""

    async def notes(self, ticket: TicketId) -> Sequence[Note]:
        """Return its notes, oldest first."""

    async def add_tag(self, act: ActKey, ticket: TicketId, by: By, tag: str) -> bool:
        """Add a tag (folded to lower case); False when it has it or on replay."""

    async def remove_tag(self, act: ActKey, ticket: TicketId, by: By, tag: str) -> bool:
        """Take a tag away; False when it has it not or on replay."""

    async def tags(self, ticket: TicketId) -> Sequence[str]:
        """Return its tags, sorted."""

    async def record_event(
        self, act: ActKey, ticket: TicketId, by: By, action: str, payload: dict[str, object]
    ) -> bool:
        """Record something that happened and changes nothing else, as "@someone помоги"."""
