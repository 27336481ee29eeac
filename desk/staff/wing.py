"""Staff's commands and the admins' menu, which all of its buttons enter at one place."""

from aiogram import F, Router
from aiogram.filters import Command, CommandStart, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from desk.filters import Carries, InPrivate, InSupergroup
from desk.house import House, Wing
from desk.staff.acting import Acts
from desk.staff.commands import IsMember, StaffCommands
from desk.staff.pages import PREFIX, Page, Speaker, to
from desk.staff.showing import show_page
from desk.staff.tickets import TicketCommands
from desk.staff.typed import QUESTIONS, Typed
from desk.turn import Turn
from orchestrator.errors import TroupeError
from orchestrator.ports.desk import MessageAt
from support.actor import Actor
from support.ids import ChatId, TgMessageId
from support.invitations import INVITATION
from support.people import AskedOf, Question, StaffMember


class Editing(StatesGroup):
    """What an admin was asked to type."""

    value = State()


def make_wing(house: House) -> Wing:
    """Make the wing; it is asked before the wings that take whatever staff or clients write."""
    commands, menu = StaffCommands(house), AdminMenu(house)
    member, admin = IsMember(house), IsMember(house, only_admins=True)
    private = InPrivate()
    router = Router(name="staff")
    followed = CommandStart(deep_link=True, magic=F.args.startswith(INVITATION))
    router.message.register(commands.follow_invitation, private, followed)
    for name, handler in (
        ("stats", commands.stats),
        ("find", commands.find),
        ("technicians", commands.technicians),
        ("block", commands.block),
        ("unblock", commands.unblock),
    ):
        router.message.register(handler, Command(name), member)
    about = TicketCommands(house)
    for name, handler in (
        ("note", about.note),
        ("tag", about.tag),
        ("untag", about.tag),
        ("priority", about.priority),
        ("canned", about.canned),
    ):
        router.message.register(handler, InSupergroup(), Command(name), member)
    router.message.register(about.merge, Command("merge"), member)
    router.message.register(about.pause, Command("pause", "resume"), member)
    router.message.register(menu.open, private, Command("admin"), admin)
    router.message.register(
        menu.leave, private, StateFilter(Editing.value), Command("cancel"), admin
    )
    not_a_command = F.text & ~F.text.startswith("/")
    router.message.register(menu.typed, private, StateFilter(Editing.value), not_a_command, admin)
    router.callback_query.register(menu.press, Carries(f"{PREFIX}:"), admin)
    router.callback_query.register(menu.refuse, Carries(f"{PREFIX}:"))
    return Wing(router)


class AdminMenu:
    """Shows pages, carries out acts, and asks for what is to be typed."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def open(self, message: Message, staff: StaffMember, turn: Turn) -> None:
        """Show the menu."""
        say = self.speaker(staff)
        await self.send(turn, ChatId(message.chat.id), await show_page(self.house, say, "home", ()))

    async def press(
        self, query: CallbackQuery, staff: StaffMember, turn: Turn, state: FSMContext
    ) -> None:
        """Take any button of the menu."""
        if query.message is None:
            return
        at = MessageAt(ChatId(query.message.chat.id), TgMessageId(query.message.message_id))
        _, name, *arguments = (query.data or "").split(":")
        try:
            page = await self.page_for(staff, name, tuple(arguments), state)
        except (TroupeError, ValueError) as refused:
            turn.reply(str(refused), alert=True)
            return
        turn.edit(at, page.text, keyboard=await page.keyboard(self.house))

    async def page_for(
        self, staff: StaffMember, name: str, arguments: tuple[str, ...], state: FSMContext
    ) -> Page:
        """Return what is shown after a press."""
        say = self.speaker(staff)
        if name != "ask":
            await self.forget(staff, state)
        match name, arguments:
            case "do", (act, *rest):
                return await Acts(self.house, say, actor_of(staff)).do(act, tuple(rest))
            case "ask", (question, *rest) if question in QUESTIONS:
                await self.remember(staff, AskedOf(Question.SETTING, question))
                await state.set_state(Editing.value)
                await state.update_data(question=question, arguments=rest)
                return Page(say(f"ask_{question}")).add((say("cancel"), to("home")))
        return await show_page(self.house, say, name, arguments)

    async def typed(
        self, message: Message, staff: StaffMember, turn: Turn, state: FSMContext
    ) -> None:
        """Take what was typed in answer to a question; what cannot be used is asked for again."""
        data = await state.get_data()
        say, chat = self.speaker(staff), ChatId(message.chat.id)
        typed = Typed(Acts(self.house, say, actor_of(staff)))
        question, arguments = str(data.get("question")), tuple(map(str, data.get("arguments", ())))
        try:
            page = await typed.take(question, arguments, message.text or "")
        except (TroupeError, ValueError) as refused:
            turn.say(chat, say("not_so", reason=str(refused)))
            return
        await self.forget(staff, state)
        await self.send(turn, chat, page)

    async def forget(self, staff: StaffMember, state: FSMContext) -> None:
        """Forget what was asked."""
        await state.clear()
        if staff.asked is not None and staff.asked.question is Question.SETTING:
            await self.remember(staff, None)

    async def remember(self, staff: StaffMember, asked: AskedOf | None) -> None:
        """Remember what was asked, so that whoever passes words on knows it at once."""
        await self.house.desk.staff.ask_staff(staff.id, asked)
        if staff.telegram_id is not None:
            self.house.forget(staff.telegram_id)

    async def leave(
        self, message: Message, staff: StaffMember, turn: Turn, state: FSMContext
    ) -> None:
        """Forget what was asked, and say so."""
        await self.forget(staff, state)
        language = self.house.settings.language
        turn.say(ChatId(message.chat.id), self.house.words("adm.left", language))

    async def refuse(self, query: CallbackQuery, turn: Turn) -> None:
        """Tell whoever is no admin that the menu is not theirs."""
        _ = query
        text = self.house.words("adm.refused", self.house.settings.language)
        turn.reply(text, alert=True)

    async def send(self, turn: Turn, chat: ChatId, page: Page) -> None:
        """Send a page as a message of its own."""
        turn.say(chat, page.text, keyboard=await page.keyboard(self.house))

    def speaker(self, staff: StaffMember) -> Speaker:
        """Return the words for an admin."""
        return Speaker(self.house, staff)


def actor_of(staff: StaffMember) -> Actor:
    """Name an admin as the audit log does."""
    return Actor(staff.name)
