"""What operators say in a ticket that stands for an account's conversation.

The person never wrote to the bot, so nothing of the bot's reaches them: an answer is queued in the
account's outbox, and its author is told there what became of it.
"""

from dataclasses import dataclass

from aiogram.types import InlineKeyboardMarkup, Message

from desk.buttons import button, keyboard
from desk.content import here, new_message
from desk.house import House
from desk.turn import Turn
from orchestrator.errors import BadInput, NotAllowed
from orchestrator.ids import ConversationId
from orchestrator.ports.answers import AnswerNotAllowed, WrittenAt
from support.actor import By
from support.ids import ChatId, TgMessageId
from support.languages import Language
from support.tickets import Mode, Place, Ticket


async def answer(
    house: House, turn: Turn, ticket: Ticket, by: By, message: Message, *, language: Language
) -> bool:
    """Answer through the account, in words; whatever speaks against it is said in a sentence.

    Returns whether it was queued.
    """
    turn.ticket = ticket.id
    place = here(message)
    reply_to = TgMessageId(message.message_id)
    if message.text is None:
        turn.say(place, house.words("account.text_only", language), reply_to=reply_to)
        return False
    written = WrittenAt(turn.act("say"), ticket.id, place.chat, place.thread, reply_to)
    refused = await say(house, ticket, by, message.text, written)
    if refused is not None:
        turn.say(place, refusal_of(house, refused, language), reply_to=reply_to)
        return False
    await house.desk.talk.record_message(new_message(ticket.id, by, message))
    return True


@dataclass(frozen=True, slots=True)
class Refused:
    """Why words were not queued: the end of a text's key, and what is filled into it."""

    key: str
    reason: str = ""


async def say(
    house: House, ticket: Ticket, by: By, text: str, written: WrittenAt
) -> Refused | None:
    """Queue words in the account's outbox, once for each act; returns what speaks against it."""
    if house.accounts is None or ticket.conversation is None:
        return Refused("away")
    conversation = ConversationId(ticket.conversation)
    try:
        await house.accounts.conversations.reply(conversation, text, by.actor, written)
    except AnswerNotAllowed as error:
        return Refused(error.refused)
    except (BadInput, NotAllowed) as error:
        return Refused("other", str(error))
    return None


def refusal_of(house: House, refused: Refused, language: Language) -> str:
    """Word a refusal in one sentence."""
    return house.words(f"account.refused.{refused.key}", language, reason=refused.reason)


async def account_of(house: House, ticket: Ticket) -> str:
    """Return the account through which a ticket's answers leave."""
    if house.accounts is None or ticket.conversation is None:
        return "–"
    shown = await house.accounts.conversations.show(ConversationId(ticket.conversation))
    return shown.row.account


async def take(house: House, ticket: Ticket, by: By) -> None:
    """Have the conversation be in the hands of whoever took its ticket."""
    if house.accounts is None or ticket.conversation is None:
        return
    conversation = ConversationId(ticket.conversation)
    try:
        await house.accounts.conversations.take_over(by.actor, conversation, ticket.subject)
    except (BadInput, NotAllowed):
        return  # It ended meanwhile, of which the ticket is told by itself.


async def offer(house: House, turn: Turn, ticket: Ticket) -> None:
    """Ask whoever had a closed ticket what becomes of its conversation."""
    place, language = Place(ChatId(0)), house.settings.language
    if ticket.mode is Mode.TOPICS and ticket.main is not None:
        place = ticket.main
    elif ticket.operator is not None:
        staff = await house.desk.staff.staff_member(ticket.operator)
        if staff.telegram_id is not None:
            place, language = Place(ChatId(staff.telegram_id)), staff.language
    if place.chat:
        text = house.words("account.what_next", language, ticket=ticket.id)
        turn.say(place, text, keyboard=choices(house, ticket, language))


def choices(house: House, ticket: Ticket, language: Language) -> InlineKeyboardMarkup:
    """Make the buttons that give a conversation back, or end it."""
    words = house.words
    return keyboard(
        [button(words("account.give_back", language), "acback", ticket.id)],
        [button(words("account.end", language), "acend", ticket.id)],
    )
