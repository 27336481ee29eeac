"""The operators' hall: cards in their group, and a private dialogue for each ticket in work."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from aiogram.types import InlineKeyboardMarkup
from pydantic import JsonValue

from desk.accounts.talking import account_of, take
from desk.brief import Brief
from desk.buttons import button, keyboard
from desk.handing import hand_on
from desk.house import Fell, House
from desk.survey import ask_survey, summary
from desk.take.recall import recall
from desk.turn import Turn
from desk.words import Html
from orchestrator.errors import NotAllowed
from orchestrator.ports.desk import After, MessageAt, ParcelState
from support.actor import By, Side
from support.ids import ChatId, OperatorId, TgMessageId, TicketId
from support.people import Client, StaffMember
from support.survey import Survey
from support.tickets import Decided, Mode, Place, Ticket, TicketState, Verdict

CARD = "card"
"""The continuation that learns where a card stands."""


@dataclass(frozen=True, slots=True)
class OperatorsHall:
    """Implements `desk.house.Hall` for mode take."""

    house: House
    crew: Brief[OperatorId, StaffMember] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to remember who the operators are."""
        object.__setattr__(self, "crew", Brief(self.house.clock))

    @property
    def group(self) -> ChatId:
        """Return the operators' group."""
        group = self.house.settings.operators_chat
        if group is None:
            raise NotAllowed("mode take needs OPERATORS_CHAT_ID: set it to the operators' group")
        return group

    async def announce(self, turn: Turn, ticket: Ticket, client: Client) -> None:
        """Put a card into the group, and take the button from an earlier one."""
        await self.show_on_card(turn, ticket, client, "card.again")
        await self.put_card(turn, ticket, client)

    async def put_card(
        self, turn: Turn, ticket: Ticket, client: Client, key: str | None = None
    ) -> None:
        """Put a card with its button into the group."""
        words, language = self.house.words, self.house.settings.language
        text = await self.card(ticket, client)
        buttons = keyboard([button(words("button.take", language), "take", ticket.id)])
        turn.ticket = ticket.id
        after = After(CARD, {"instead": ticket.card})
        turn.say(self.group, text, keyboard=buttons, after=after, key=key)

    async def note_card(self, turn: Turn, fell: Fell) -> None:
        """Remember where a card stands; what became of its ticket meanwhile is said on it now."""
        if fell.ticket is None or fell.chat != self.group:
            return
        ticket = await self.house.desk.tickets.ticket(fell.ticket)
        if fell.state == ParcelState.UNKNOWN and ticket.state is TicketState.NEW:
            # At worst a second card stands there; without one nobody would know of the ticket.
            client = await self.house.desk.clients.client(ticket.client)
            await self.put_card(turn, ticket, client)
        elif fell.message is not None:
            await self.keep_card(turn, ticket, TgMessageId(fell.message), fell.told.get("instead"))

    async def keep_card(
        self, turn: Turn, ticket: Ticket, card: TgMessageId, instead: JsonValue
    ) -> None:
        """Have the lowest card of a ticket be the one that counts; the others lose their button."""
        newest = max(card, ticket.card or card)
        older = min(card, ticket.card or card)
        if newest == card:
            if not await self.house.desk.places.set_card(ticket.id, Place(self.group), card):
                return
            ticket = await self.house.desk.tickets.ticket(ticket.id)
            await self.catch_up(turn, ticket)
        if older not in {newest, instead}:
            # Nobody knew of it yet when the newer one was sent.
            client = await self.house.desk.clients.client(ticket.client)
            await self.show_on_card(turn, replace(ticket, card=older), client, "card.again")

    async def catch_up(self, turn: Turn, ticket: Ticket) -> None:
        """Say on a card that was sent before its ticket was taken or closed what became of it."""
        client = await self.house.desk.clients.client(ticket.client)
        if ticket.merged_into is not None:
            await self.show_on_card(turn, ticket, client, "card.merged", into=ticket.merged_into)
        elif not ticket.is_open:
            by = await self.who_closed(ticket)
            await self.show_on_card(turn, ticket, client, "card.closed", by=by)
        elif ticket.state is TicketState.WORK:
            operator = ticket.operator_name
            await self.show_on_card(turn, ticket, client, "card.taken", operator=operator)

    async def who_closed(self, ticket: Ticket) -> str:
        """Return by whom a ticket was closed last."""
        events = await self.house.desk.tickets.events(ticket.id)
        return next((one.by for one in reversed(events) if one.action == "finish"), "–")

    async def card(self, ticket: Ticket, client: Client) -> str:
        """Describe a ticket and its client, for staff."""
        words, language = self.house.words, self.house.settings.language
        phone = f"…{client.phone_hint}" if client.phone_hint else "–"
        user = f"@{client.username}" if client.username else "–"
        return words(
            "card.new",
            language,
            ticket=ticket.id,
            name=client.full_name,
            user=user,
            phone=phone,
            topic=ticket.subject or "–",
            speaks=client.language.upper(),
        )

    async def show_on_card(
        self, turn: Turn, ticket: Ticket, client: Client, key: str, **values: object
    ) -> None:
        """Say on the card what became of its ticket; its button goes."""
        if ticket.card is None or ticket.main is None:
            return
        status = self.house.words(key, self.house.settings.language, **values)
        text = f"{await self.card(ticket, client)}\n\n{status}"
        turn.edit(MessageAt(ticket.main.chat, ticket.card), text)

    async def assign(self, turn: Turn, ticket: Ticket) -> None:
        """Give a ticket to whom the rule chooses."""
        terms = self.house.terms()
        decided = await self.house.desk.tickets.assign_next(
            turn.act("assign"),
            ticket.id,
            terms.assignment,
            most=terms.most,
            several=terms.several_tickets,
        )
        operator = decided.ticket.operator
        if decided.is_done and operator is not None:
            await self.begin(turn, decided.ticket, operator)

    async def begin(self, turn: Turn, ticket: Ticket, operator: OperatorId) -> None:
        """Bring operator and client together, and hand on what the client wrote already."""
        house = self.house
        now = await house.desk.tickets.ticket(ticket.id)
        if now.operator != operator or now.state is not TicketState.WORK:
            return  # Whoever ended it or gave it on in between has told of that.
        staff = await house.desk.staff.staff_member(operator)
        client = await house.desk.clients.client(ticket.client)
        turn.ticket = ticket.id
        await self.show_on_card(turn, ticket, client, "card.taken", operator=staff.name)
        if staff.telegram_id is not None:
            place = Place(ChatId(staff.telegram_id))
            text = await self.beginning(ticket, client, staff)
            turn.say(place, text, keyboard=self.controls(ticket, staff))
            await recall(house, turn, ticket, place, staff.language)
            await hand_on(house, turn, ticket, place)
        if ticket.conversation is not None:
            await take(house, ticket, by(staff))
            return
        text = house.words("client.connected", client.language, operator=staff.name)
        turn.say(ChatId(client.telegram_id), text)

    async def beginning(self, ticket: Ticket, client: Client, staff: StaffMember) -> str:
        """Tell an operator whose ticket they have, and where their words go."""
        words, card = self.house.words, Html(await self.card(ticket, client))
        if ticket.conversation is None:
            return words("staff.begun", staff.language, card=card)
        account = await account_of(self.house, ticket)
        return words("account.begun", staff.language, card=card, account=account)

    def controls(self, ticket: Ticket, staff: StaffMember) -> InlineKeyboardMarkup:
        """Make the buttons of a dialogue in work."""
        words, language = self.house.words, staff.language
        return keyboard(
            [button(words("button.finish", language), "finish", ticket.id)],
            [
                button(words("button.requeue", language), "requeue", ticket.id),
                button(words("button.pass", language), "pass", ticket.id),
            ],
            [
                button(words("button.canned", language), "canned", ticket.id),
                button(words("button.note", language), "note", ticket.id),
            ],
            [
                button(words("button.priority", language), "prio", ticket.id),
                button(words("button.switch", language), "mine_staff"),
            ],
        )

    async def destinations(self, ticket: Ticket) -> Sequence[Place]:
        """Return the private chat of whoever works on it."""
        if ticket.state is not TicketState.WORK or ticket.operator is None:
            return ()
        staff = self.crew.get(ticket.operator)
        if staff is None:
            found = await self.house.desk.staff.staff_member(ticket.operator)
            staff = self.crew.keep(ticket.operator, found)
        return (Place(ChatId(staff.telegram_id)),) if staff.telegram_id is not None else ()

    async def tell(self, turn: Turn, ticket: Ticket, text: str) -> None:
        """Say it to whoever works on it, else to the group."""
        places = await self.destinations(ticket)
        turn.say(places[0] if places else self.group, text)

    async def warn(self, turn: Turn, ticket: Ticket, text: str) -> None:
        """Say it in the group."""
        turn.ticket = ticket.id
        turn.say(self.group, text)

    async def closed(self, turn: Turn, ticket: Ticket, by: str) -> None:
        """Say on the card, and to whoever worked on it, that it is closed."""
        client = await self.house.desk.clients.client(ticket.client)
        await self.show_on_card(turn, ticket, client, "card.closed", by=by)
        if ticket.operator is None:
            return
        staff = await self.house.desk.staff.staff_member(ticket.operator)
        if staff.telegram_id is not None:
            text = self.house.words("staff.closed", staff.language, ticket=ticket.id, by=by)
            turn.say(ChatId(staff.telegram_id), text)

    async def returned(self, turn: Turn, ticket: Ticket, client: Client) -> None:
        """Put the ticket on a new card."""
        await self.announce(turn, ticket, client)

    async def merged(self, turn: Turn, ticket: Ticket, into: Ticket) -> None:
        """Say so on the card, whose button goes, and to whoever had the ticket."""
        client = await self.house.desk.clients.client(ticket.client)
        await self.show_on_card(turn, ticket, client, "card.merged", into=into.id)
        if ticket.operator is None or ticket.operator == into.operator:
            return
        staff = await self.house.desk.staff.staff_member(ticket.operator)
        if staff.telegram_id is not None:
            values = {"ticket": ticket.id, "into": into.id}
            text = self.house.words("staff.merged_here", staff.language, **values)
            turn.say(ChatId(staff.telegram_id), text)

    async def moved(self, turn: Turn) -> None:
        """Put the cards of those who wait into the group's new chat, each once."""
        for ticket in await self.house.desk.tickets.waiting(Mode.TAKE):
            if ticket.card is None:
                client = await self.house.desk.clients.client(ticket.client)
                await self.put_card(turn, ticket, client, card_key(ticket.id, self.group))

    async def surveyed(self, turn: Turn, ticket: Ticket, survey: Survey) -> None:
        """Show the summary in the group."""
        turn.ticket = ticket.id
        turn.say(self.group, summary(self.house, survey))

    async def finish(self, turn: Turn, ticket: Ticket, staff: StaffMember) -> Decided:
        """Close a ticket for its operator, and ask the client how it was."""
        decided = await self.house.desk.tickets.finish(turn.act("finish"), ticket.id, by(staff))
        if decided.is_done:
            await self.closed(turn, decided.ticket, staff.name)
            await ask_survey(self.house, turn, decided.ticket)
            await self.tell_current(turn, staff)
        return decided

    async def requeue(self, turn: Turn, ticket: Ticket, staff: StaffMember) -> Decided:
        """Let a ticket wait again, on a new card."""
        house = self.house
        decided = await house.desk.tickets.return_to_queue(
            turn.act("requeue"), ticket.id, by(staff)
        )
        if decided.is_done:
            client = await house.desk.clients.client(ticket.client)
            await self.announce(turn, decided.ticket, client)
            if ticket.conversation is None:
                text = house.words("client.requeued", client.language)
                turn.say(ChatId(client.telegram_id), text)
            await self.tell_current(turn, staff)
        return decided

    async def hand_over(
        self, turn: Turn, ticket: Ticket, staff: StaffMember, to: OperatorId
    ) -> Decided:
        """Give a ticket to another operator."""
        several = self.house.terms().several_tickets
        decided = await self.house.desk.tickets.hand_over(
            turn.act("pass"), ticket.id, by(staff), to, several=several
        )
        if decided.is_done:
            await self.begin(turn, decided.ticket, to)
            await self.tell_current(turn, staff)
        return decided

    async def tell_current(self, turn: Turn, staff: StaffMember) -> None:
        """Tell an operator which of their other tickets their words go to now."""
        current = await self.house.desk.tickets.current_of(staff.id)
        if current is None or staff.telegram_id is None:
            return
        client = await self.house.desk.clients.client(current.client)
        text = self.house.words(
            "staff.current", staff.language, ticket=current.id, name=client.full_name
        )
        turn.say(ChatId(staff.telegram_id), text, keyboard=self.controls(current, staff))


def card_key(ticket: TicketId, group: ChatId) -> str:
    """Name the card that a ticket is given when its group gets another number: there is one."""
    return f"card:{ticket}:{group}"


def by(staff: StaffMember) -> By:
    """Name a member of staff as events do."""
    return By(Side.STAFF, staff.name, staff.id)


def refusal(house: House, decided: Decided, staff: StaffMember) -> str:
    """Word why an act was not carried out."""
    key = "refused.gone" if decided.verdict is Verdict.CLOSED else f"refused.{decided.verdict}"
    return house.words(
        key,
        staff.language,
        ticket=decided.ticket.id,
        other=decided.other or "–",
        held=decided.held or 0,
    )
