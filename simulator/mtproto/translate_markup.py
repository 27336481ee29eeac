"""Keyboards of the world as the wire shows them, and read back from it."""

from telethon.tl import types

from simulator.world.markup import (
    Button,
    ButtonKind,
    ForcedReply,
    InlineKeyboard,
    KeyboardRemoval,
    Markup,
    ReplyKeyboard,
)
from simulator.world.refusals import Refusal

LONGEST_DATA = 64


def show_markup(markup: Markup) -> types.TLObject:
    """Show the buttons of a message."""
    match markup:
        case InlineKeyboard(rows):
            shown = [types.KeyboardInlineButtonRow([show_inline(b) for b in row]) for row in rows]
            return types.ReplyInlineMarkup(shown)
        case ReplyKeyboard():
            return show_keyboard(markup)
        case KeyboardRemoval():
            return types.ReplyKeyboardHide(selective=markup.selective)
        case ForcedReply():
            return types.ReplyKeyboardForceReply(
                selective=markup.selective, placeholder=markup.placeholder or None
            )


def show_keyboard(keyboard: ReplyKeyboard) -> types.ReplyKeyboardMarkup:
    """Show a keyboard that writes for the reader."""
    return types.ReplyKeyboardMarkup(
        [types.KeyboardButtonRow([show_button(each) for each in row]) for row in keyboard.rows],
        resize=keyboard.resize,
        single_use=keyboard.once,
        selective=keyboard.selective,
        persistent=keyboard.persistent,
        placeholder=keyboard.placeholder or None,
    )


def show_inline(button: Button) -> types.KeyboardInlineButton:
    """Show a button under a message."""
    match button.kind:
        case ButtonKind.CALLBACK:
            does: types.TLObject = types.InlineButtonTypeCallback(button.data)
        case ButtonKind.URL:
            does = types.InlineButtonTypeUrl(button.value)
        case ButtonKind.COPY:
            does = types.InlineButtonTypeCopy(button.value)
        case _:
            raise Refusal("BUTTON_TYPE_INVALID")
    return types.KeyboardInlineButton(button.text, does)


def show_button(button: Button) -> types.KeyboardButton:
    """Show a key of a keyboard."""
    match button.kind:
        case ButtonKind.CONTACT:
            does: types.TLObject = types.ButtonTypeRequestPhone()
        case ButtonKind.LOCATION:
            does = types.ButtonTypeRequestGeoLocation()
        case _:
            does = types.ButtonTypeDefault()
    return types.KeyboardButton(button.text, does)


def read_markup(markup: types.TLObject | None) -> Markup | None:
    """Read the buttons that a bot wants under its message."""
    match markup:
        case None:
            return None
        case types.ReplyInlineMarkup():
            rows = tuple(tuple(read_inline(b) for b in row.buttons) for row in markup.rows)
            return InlineKeyboard(rows)
        case types.ReplyKeyboardMarkup():
            return read_keyboard(markup)
        case types.ReplyKeyboardHide():
            return KeyboardRemoval(bool(markup.selective))
        case types.ReplyKeyboardForceReply():
            return ForcedReply(bool(markup.selective), markup.placeholder or "")
    raise Refusal("REPLY_MARKUP_INVALID")


def read_keyboard(markup: types.ReplyKeyboardMarkup) -> ReplyKeyboard:
    """Read a keyboard that writes for the reader."""
    return ReplyKeyboard(
        tuple(tuple(read_button(each) for each in row.buttons) for row in markup.rows),
        resize=bool(markup.resize),
        once=bool(markup.single_use),
        persistent=bool(markup.persistent),
        selective=bool(markup.selective),
        placeholder=markup.placeholder or "",
    )


def read_inline(button: types.KeyboardInlineButton) -> Button:
    """Read a button under a message."""
    match button.type:
        case types.InlineButtonTypeCallback(data=data):
            if not 0 < len(data) <= LONGEST_DATA:
                raise Refusal("BUTTON_DATA_INVALID")
            return Button(button.text, ButtonKind.CALLBACK, data=data)
        case types.InlineButtonTypeUrl(url=url):
            return Button(button.text, ButtonKind.URL, url)
        case types.InlineButtonTypeCopy(copy_text=words):
            return Button(button.text, ButtonKind.COPY, words)
    raise Refusal("BUTTON_TYPE_INVALID")


def read_button(button: types.KeyboardButton) -> Button:
    """Read a key of a keyboard."""
    kinds = {
        types.ButtonTypeDefault: ButtonKind.TEXT,
        types.ButtonTypeRequestPhone: ButtonKind.CONTACT,
        types.ButtonTypeRequestGeoLocation: ButtonKind.LOCATION,
    }
    if type(button.type) not in kinds:
        raise Refusal("BUTTON_TYPE_INVALID")
    return Button(button.text, kinds[type(button.type)])
