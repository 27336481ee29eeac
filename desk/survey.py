"""The survey after a ticket: three questions with buttons, then what to do better."""

from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import InlineKeyboardMarkup

from desk.accounts.talking import offer
from desk.buttons import button, keyboard
from desk.house import House
from desk.turn import Turn
from orchestrator.ports.desk import MessageAt
from support.ids import ChatId, TicketId
from support.languages import Language
from support.survey import COMMENT_LENGTH, LEAST, MOST, Survey, Surveyed, SurveyStep
from support.tickets import Ticket


class Asked(StatesGroup):
    """What a client was asked and may answer in words."""

    improvement = State()


async def ask_survey(house: House, turn: Turn, ticket: Ticket) -> None:
    """Tell the client that the ticket is closed, and ask the first question.

    Of an account's conversation the client is asked nothing, but staff what becomes of it.
    """
    if ticket.conversation is not None:
        await offer(house, turn, ticket)
        return
    client = await house.desk.clients.client(ticket.client)
    words, language = house.words, client.language
    text = words("client.closed", language, ticket=ticket.id)
    question = words("survey.q1", language)
    turn.say(
        ChatId(client.telegram_id),
        f"{text}\n\n{question}",
        keyboard=marks(house, ticket.id, 1, language),
    )


def marks(
    house: House, ticket: TicketId, question: int, language: Language
) -> InlineKeyboardMarkup:
    """Make the buttons of a question."""
    row = [
        button(f"{value} ⭐", "rate", ticket, question, value) for value in range(LEAST, MOST + 1)
    ]
    home = [button(house.words("button.home", language), "home")]
    return keyboard(row, home)


async def rate(
    house: House,
    turn: Turn,
    *,
    at: MessageAt,
    language: Language,
    arguments: tuple[int, int, int],
    state: FSMContext,
) -> None:
    """Record an answer and show what is asked next in the question's place."""
    ticket, question, value = arguments
    done = await house.desk.surveys.answer(turn.act("rate"), TicketId(ticket), question, value)
    await show_step(house, turn, at=at, language=language, done=done, state=state)


async def show_step(
    house: House,
    turn: Turn,
    *,
    at: MessageAt,
    language: Language,
    done: Surveyed,
    state: FSMContext,
) -> None:
    """Ask the next question, or thank, and tell staff once it is over."""
    survey, words = done.survey, house.words
    match survey.step:
        case SurveyStep.FIRST | SurveyStep.SECOND | SurveyStep.THIRD as step:
            buttons = marks(house, survey.ticket, int(step.value[1:]), language)
            turn.edit(at, words(f"survey.{step}", language), keyboard=buttons)
        case SurveyStep.COMMENT:
            skip = [button(words("button.skip", language), "enough", survey.ticket)]
            turn.edit(at, words("survey.comment", language), keyboard=keyboard(skip))
            await state.set_state(Asked.improvement)
            await state.update_data(survey=survey.ticket)
        case SurveyStep.OVER:
            home = [button(words("button.home", language), "home")]
            turn.edit(at, words("survey.thanks", language), keyboard=keyboard(home))
            await tell_staff(house, turn, done)


async def comment(
    house: House, turn: Turn, *, chat: ChatId, language: Language, ticket: TicketId, text: str
) -> None:
    """Record what to do better."""
    done = await house.desk.surveys.comment(turn.act("improve"), ticket, text[:COMMENT_LENGTH])
    home = [button(house.words("button.home", language), "home")]
    turn.say(chat, house.words("survey.thanks", language), keyboard=keyboard(home))
    await tell_staff(house, turn, done)


async def tell_staff(house: House, turn: Turn, done: Surveyed) -> None:
    """Show the summary to staff, once it is over."""
    if not done.ended:
        return  # A button that was pressed once more tells staff nothing new.
    ticket = await house.desk.tickets.ticket(done.survey.ticket)
    turn.ticket = ticket.id
    await house.hall(ticket).surveyed(turn, ticket, done.survey)


def summary(house: House, survey: Survey) -> str:
    """Write a survey in one paragraph."""
    marks_given = " · ".join("–" if one is None else str(one) for one in survey.answers)
    mean = "–" if survey.mean is None else f"{survey.mean:.1f}"
    return house.words(
        "survey.summary",
        house.settings.language,
        ticket=survey.ticket,
        marks=marks_given,
        mean=mean,
        comment=survey.comment or "–",
    )
