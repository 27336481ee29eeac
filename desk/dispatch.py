"""From a stored update to the handler that it means, and back with what is to be said."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiogram import Dispatcher
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, TelegramObject, Update
from pydantic import JsonValue, TypeAdapter

from desk.buttons import upgraded
from desk.calls import CallFailed, call
from desk.dialogue import DialogueStorage, trying
from desk.house import Continuation, Fell, House, Wing
from desk.plain import PlainWay, plain_message
from desk.turn import Answer, Turn, update_name
from orchestrator.ports.desk import Parcel, WaitingUpdate
from orchestrator.whereabouts import at_work
from support.languages import language_of

log = logging.getLogger(__name__)

LOCK_LASTS = timedelta(seconds=60)
ANSWER_PATIENCE = 10.0
ANSWERS_AT_ONCE = 16
FELL = TypeAdapter(Fell)


@dataclass(slots=True)
class Switchboard:
    """Hands each update to the wing that it concerns."""

    house: House
    dispatcher: Dispatcher
    continuations: Mapping[str, Continuation]
    plain: PlainWay
    answering: "set[asyncio.Task[None]]" = field(default_factory=set)
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ANSWERS_AT_ONCE))

    @classmethod
    def of(cls, house: House, wings: Sequence[Wing]) -> "Switchboard":
        """Put the wings together; of two that would take an update, the first does."""
        dispatcher = Dispatcher(storage=DialogueStorage(house.door.memory, house.clock))
        dispatcher.callback_query.outer_middleware(understand_buttons)
        for wing in wings:
            dispatcher.include_router(wing.router)
        continuations = {name: one for wing in wings for name, one in wing.continuations.items()}
        return cls(house, dispatcher, continuations, PlainWay(wings))

    async def handle(self, waiting: WaitingUpdate) -> Sequence[Parcel]:
        """Handle an update; returns what the bot is to say."""
        turn = self.turn(waiting)
        with at_work(correlation=f"update-{waiting.update.number}"), trying(turn.name):
            if waiting.update.number < 0:
                await self.go_on(turn, waiting)
            else:
                await self.feed(turn, waiting)
        return turn.parcels

    def turn(self, waiting: WaitingUpdate) -> Turn:
        """Begin a turn in the name of an update."""
        bot = self.house.bot_id
        name = update_name(bot, waiting.update.number)
        return Turn(bot, name, received_at=waiting.received_at)

    async def go_on(self, turn: Turn, waiting: WaitingUpdate) -> None:
        """Tell a continuation what became of its parcel."""
        told = waiting.update.content["parcel"]
        name = told["after"] if isinstance(told, dict) else ""
        continuation = self.continuations.get(str(name))
        if continuation is None:
            log.warning("nobody goes on after a parcel: %s", name)
            return
        fell = FELL.validate_python(told)
        turn.ticket = fell.ticket
        await continuation(turn, fell)

    async def feed(self, turn: Turn, waiting: WaitingUpdate) -> None:
        """Give an update to whom it concerns; buttons are answered once that is done."""
        update = Update.model_validate(
            dict(waiting.update.content), context={"bot": self.house.bot}
        )
        message = plain_message(update)
        if message is None or not await self.plain.take(message, turn, self.state(message)):
            await self.route(turn, update)

    def state(self, message: Message) -> FSMContext:
        """Return where whoever wrote a private message stands in a dialogue."""
        chat = message.chat.id
        return self.dispatcher.fsm.get_context(self.house.bot, chat, chat)

    async def route(self, turn: Turn, update: Update) -> None:
        """Give an update to aiogram's routers."""
        await self.dispatcher.feed_update(self.house.bot, update, turn=turn, house=self.house)
        if update.callback_query is not None:
            self.answer_later(update.callback_query, turn.answer)

    def answer_later(self, query: CallbackQuery, answer: Answer) -> None:
        """Answer a button while other updates are handled; an answer that is lost harms nobody."""
        task = asyncio.create_task(self.answer(query.id, answer), name=f"answer {query.id}")
        self.answering.add(task)
        task.add_done_callback(self.answering.discard)

    async def answer(self, query: str, answer: Answer) -> None:
        """Show whoever pressed what came of it."""
        params: dict[str, JsonValue] = {
            "callback_query_id": query,
            "text": answer.text,
            "show_alert": answer.alert,
        }
        if answer.url:
            params["url"] = answer.url
        try:
            async with self.room:
                await call(self.house.bot, "answerCallbackQuery", params, ANSWER_PATIENCE)
        except CallFailed as failed:
            log.info("a button was not answered: %s", failed)

    def apologise(self, waiting: WaitingUpdate) -> Sequence[Parcel]:
        """Word the friendly sentence for a person whose update failed; groups are spared it."""
        chat = waiting.update.chat
        if chat <= 0 or waiting.update.number < 0:
            return ()
        turn = self.turn(waiting)
        language = language_of(sender_language(waiting.update.content))
        turn.say(chat, self.house.words("error.sorry", language), key=turn.act("sorry"))
        return turn.parcels

    async def close(self) -> None:
        """Wait a moment for answers on their way."""
        if self.answering:
            await asyncio.wait(self.answering, timeout=1.0)
        for task in self.answering:
            task.cancel()


def sender_language(content: Mapping[str, Any]) -> str | None:
    """Return the language of whoever sent an update."""
    for part in content.values():
        if isinstance(part, dict) and isinstance(part.get("from"), dict):
            code = part["from"].get("language_code")
            return code if isinstance(code, str) else None
    return None


async def understand_buttons(
    handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
    event: TelegramObject,
    data: dict[str, Any],
) -> Any:  # noqa: ANN401 - whatever the handler returns
    """Expand short keys and older forms, and let one press of a button be handled at a time."""
    house: House = data["house"]
    turn: Turn = data["turn"]
    if not isinstance(event, CallbackQuery) or event.data is None:
        return await handler(event, data)
    meant = await house.door.keys.expand(event.data)
    pressed = None if meant is None else upgraded(meant)
    if pressed is None:
        turn.reply(house.words("button.stale", language_of(event.from_user.language_code)))
        return None
    lock = f"lock:callback:{turn.bot}:{event.from_user.id}:{event.data}"
    if not await house.door.memory.lock(lock, turn.name, LOCK_LASTS):
        turn.reply(house.words("button.busy", language_of(event.from_user.language_code)))
        return None
    try:
        return await handler(event.model_copy(update={"data": pressed}), data)
    finally:
        await house.door.memory.unlock(lock)
