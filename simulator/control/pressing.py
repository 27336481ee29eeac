"""Presses the buttons that bots give: under messages, and of keyboards."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from simulator.control.drafts import location_of, own_contact, say
from simulator.control.lookup import (
    NotThere,
    Place,
    button_of,
    message_of,
    person_of,
    place_of,
)
from simulator.control.show_talk import show_keyboard, show_message, show_press
from simulator.control.talk_models import (
    KeyAsked,
    KeyboardShown,
    MessageShown,
    PressAsked,
    PressShown,
)
from simulator.control.waiting import Waits
from simulator.world.channels import Channel
from simulator.world.markup import Button, ButtonKind, KeyboardRemoval, ReplyKeyboard
from simulator.world.messages import Draft, Message
from simulator.world.people import Person
from simulator.world.queries import CallbackQuery
from simulator.world.world import World

Chat = Annotated[int, Query(description="The bot's id, or -100… of a group")]
Wait = Annotated[float, Query(description="How many seconds to wait for the answer", ge=0, le=60)]


def press_routes(world: World, waits: Waits) -> APIRouter:
    """Give the routes by which buttons are pressed."""
    routes = APIRouter(tags=["buttons"])

    @routes.post("/people/{person}/presses", status_code=status.HTTP_201_CREATED)
    async def press(person: int, asked: PressAsked, wait: Wait = 0) -> PressShown:
        """Press a button under a message; its bot's answer is shown once it has come."""
        presser = person_of(world, person)
        message = message_of(world, presser, asked.chat, asked.message)
        stale = bool(asked.data)
        data = asked.data.encode() if stale else button_of(message, asked.button).data
        query = world.callbacks.press(presser, message, data, stale=stale)
        return await answered(query, wait)

    @routes.get("/presses/{number}")
    async def outcome(number: int, wait: Wait = 0) -> PressShown:
        """Show a press of a button and the answer to it."""
        query = world.callbacks.by_id.get(number)
        if query is None:
            raise NotThere(f"Nobody pressed a button under the number {number}.")
        return await answered(query, wait)

    async def answered(query: CallbackQuery, seconds: float) -> PressShown:
        await waits.until(lambda: query.answer is not None, seconds)
        return show_press(query)

    @routes.get("/people/{person}/keyboard")
    async def keyboard(person: int, chat: Chat) -> KeyboardShown:
        """Show the keyboard that somebody has before them in a chat."""
        return show_keyboard(keyboard_of(person_of(world, person), place_of(world, chat)))

    @routes.post("/people/{person}/keys", status_code=status.HTTP_201_CREATED)
    async def press_key(person: int, asked: KeyAsked) -> MessageShown:
        """Press a button of the keyboard: says its words, or shares one's number or place."""
        presser, place = person_of(world, person), place_of(world, asked.chat)
        message, button = key_of(presser, place, asked.button)
        draft = pressed(presser, button, asked)
        if isinstance(place, Channel):
            draft = Draft(draft.text, message.id, media=draft.media)
        return show_message(world, say(world, presser, place, draft))

    return routes


def keyboard_of(person: Person, place: Place) -> tuple[Message, ReplyKeyboard] | None:
    """Find the keyboard that is before somebody in a chat, and the message that gave it."""
    history = place.history if isinstance(place, Channel) else person.inbox.chats.get(place.id, ())
    for message in reversed(list(history)):
        if message.author != person.id and isinstance(message.markup, KeyboardRemoval):
            return None
        if message.author != person.id and isinstance(message.markup, ReplyKeyboard):
            return message, message.markup
    return None


def key_of(person: Person, place: Place, words: str) -> tuple[Message, Button]:
    """Find a button of the keyboard that is before somebody."""
    found = keyboard_of(person, place)
    if found is None:
        raise NotThere(f"No keyboard is before {person.name} ({person.id}) in that chat.")
    message, keyboard = found
    for button in (each for row in keyboard.rows for each in row):
        if button.text == words:
            return message, button
    raise NotThere(f"The keyboard has no button {words!r}.")


def pressed(person: Person, button: Button, asked: KeyAsked) -> Draft:
    """Make what a button says."""
    match button.kind:
        case ButtonKind.CONTACT:
            return Draft("", media=own_contact(person))
        case ButtonKind.LOCATION if asked.location is None:
            raise ValueError("the button asks for a place; name it as `location`")
        case ButtonKind.LOCATION if asked.location is not None:
            return Draft("", media=location_of(asked.location))
    return Draft(button.text)
