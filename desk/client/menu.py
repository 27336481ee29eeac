"""What clients see: the menu, template answers, the question whether to call an operator."""

from collections.abc import Sequence
from datetime import datetime

from aiogram.types import (
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
)

from desk.buttons import button, keyboard
from desk.house import House
from desk.words import Html
from support.catalogue import MenuTopic
from support.languages import Language
from support.people import Client
from support.tickets import QueuePlace, Ticket, TicketState

OTHER = "other"
STATES = {TicketState.NEW: "🟢", TicketState.WORK: "🟡", TicketState.CLOSED: "🟣"}


async def menu_keyboard(
    house: House, client: Client, ticket: Ticket | None
) -> InlineKeyboardMarkup:
    """Make the start menu: topics, own tickets, the other language."""
    words, language = house.words, client.language
    topics = await house.desk.catalogue.menu()
    rows = [[button(topic.title(language), "topic", topic.key)] for topic in topics]
    own = [button(words("button.mine", language), "mine")]
    ending = [button(words("button.end", language), "end", ticket.id)] if ticket else []
    other = Language.EN if language is Language.RU else Language.RU
    switch = [button(words("button.language", other), "lang", other)]
    return keyboard(*rows, own, ending, switch)


def greeting(house: House, client: Client, ticket: Ticket | None) -> str:
    """Greet a client, and tell of a ticket that is open."""
    text = house.words("client.greeting", client.language, name=client.full_name)
    if ticket is None:
        return text
    return f"{text}\n\n{house.words('client.open', client.language, ticket=ticket.id)}"


def answer_keyboard(house: House, topic: MenuTopic, language: Language) -> InlineKeyboardMarkup:
    """Make the buttons under a template answer."""
    words = house.words
    return keyboard(
        [button(words("button.understood", language), "ok")],
        [button(words("button.ask", language), "ask", topic.key)],
        [button(words("button.home", language), "home")],
    )


def yes_or_no(house: House, topic: str, language: Language) -> InlineKeyboardMarkup:
    """Make the buttons of the question whether to call an operator."""
    words = house.words
    return keyboard(
        [
            button(words("button.yes", language), "ask", topic),
            button(words("button.no", language), "ok"),
        ]
    )


def home_keyboard(house: House, language: Language) -> InlineKeyboardMarkup:
    """Make the button that leads to the menu."""
    return keyboard([button(house.words("button.home", language), "home")])


def phone_keyboard(house: House, language: Language) -> ReplyKeyboardMarkup:
    """Make the button that shares one's number."""
    share = KeyboardButton(text=house.words("button.phone", language), request_contact=True)
    skip = KeyboardButton(text=house.words("button.skip", language))
    return ReplyKeyboardMarkup(
        keyboard=[[share], [skip]], resize_keyboard=True, one_time_keyboard=True
    )


async def queue_text(house: House, ticket: Ticket, language: Language) -> str:
    """Tell where a ticket stands in the queue, and when the desk is open."""
    words = house.words
    found: QueuePlace | None = await house.desk.tickets.queue_place(ticket.id)
    lines = [words("client.opened", language, ticket=ticket.id)]
    if found is not None:
        lines.append(
            words("client.queue", language, position=found.position, waiting=found.waiting)
        )
    hours = await hours_text(house, house.clock.now(), language)
    return "\n".join([*lines, hours] if hours else lines)


async def hours_text(house: House, now: datetime, language: Language) -> str:
    """Tell when the desk opens, while it is closed."""
    calendar = await house.desk.catalogue.desk_calendar()
    if calendar is None or calendar.is_open(now):
        return ""
    opens = calendar.next_opening(now)
    if opens is None:
        return house.words("client.shut", language)
    local = opens.astimezone(calendar.zone)
    return house.words("client.opens", language, when=local.strftime("%d.%m %H:%M"))


def ticket_list(house: House, tickets: Sequence[Ticket], language: Language) -> str:
    """List a client's own tickets."""
    words = house.words
    if not tickets:
        return words("client.no_tickets", language)
    lines = [
        words(
            "client.ticket_line",
            language,
            mark=STATES[ticket.state],
            ticket=ticket.id,
            state=words(f"state.{ticket.state}", language),
            when=ticket.created_at.strftime("%d.%m.%Y"),
        )
        for ticket in tickets
    ]
    return Html("\n".join([words("client.tickets", language), *lines]))
