"""Keyboards as bots write them, and the buttons that they read back."""

from typing import Any

from simulator.bot_api.errors import bad_request
from simulator.bot_api.params import Params
from simulator.bot_api.shapes import Json
from simulator.world.markup import (
    Button,
    ButtonKind,
    ForcedReply,
    InlineKeyboard,
    KeyboardRemoval,
    Markup,
    ReplyKeyboard,
    Rows,
)

LONGEST_DATA = 64
KNOWN_OF_KEYS = frozenset({"text", "request_contact", "request_location", "style"})


def read_markup(params: Params) -> Markup | None:
    """Read what a call says of keyboards; raises `BotApiError` for what Telegram would refuse."""
    asked = params.mapping("reply_markup")
    if not asked:
        return None
    selective = bool(asked.get("selective"))
    placeholder = str(asked.get("input_field_placeholder", ""))
    if "inline_keyboard" in asked:
        rows = read_rows(asked["inline_keyboard"], inline=True)
        return InlineKeyboard(rows) if rows else None
    if "keyboard" in asked:
        return ReplyKeyboard(
            read_rows(asked["keyboard"], inline=False),
            resize=bool(asked.get("resize_keyboard")),
            once=bool(asked.get("one_time_keyboard")),
            persistent=bool(asked.get("is_persistent")),
            selective=selective,
            placeholder=placeholder,
        )
    if asked.get("remove_keyboard"):
        return KeyboardRemoval(selective)
    if asked.get("force_reply"):
        return ForcedReply(selective, placeholder)
    raise bad_request("object expected as reply markup")


def read_rows(rows: object, *, inline: bool) -> Rows:
    """Read the rows of a keyboard."""
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("can't parse keyboard: Field must be an Array of Arrays")
    read = read_inline if inline else read_reply
    return tuple(tuple(read(button) for button in row) for row in rows if row)


def read_inline(given: Any) -> Button:  # noqa: ANN401 - whatever stood in the JSON
    """Read a button under a message."""
    text = text_of(given)
    if "url" in given:
        return Button(text, ButtonKind.URL, str(given["url"]))
    if "copy_text" in given:
        return Button(text, ButtonKind.COPY, str(given["copy_text"].get("text", "")))
    data = str(given.get("callback_data", "")).encode()
    if not data:
        raise bad_request("BUTTON_TYPE_INVALID")
    if len(data) > LONGEST_DATA:
        raise bad_request("BUTTON_DATA_INVALID")
    return Button(text, ButtonKind.CALLBACK, data=data)


def read_reply(given: Any) -> Button:  # noqa: ANN401 - whatever stood in the JSON
    """Read a button of a reply keyboard, which may be its bare text."""
    if isinstance(given, str):
        return Button(given)
    text = text_of(given)
    if given.get("request_contact"):
        return Button(text, ButtonKind.CONTACT)
    if given.get("request_location"):
        return Button(text, ButtonKind.LOCATION)
    unknown = given.keys() - KNOWN_OF_KEYS
    if unknown:
        raise bad_request(f"buttons with {', '.join(sorted(unknown))} are not known here")
    return Button(text)


def text_of(given: object) -> str:
    """Read what stands on a button."""
    text = given.get("text") if isinstance(given, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise bad_request('can\'t parse keyboard button: Field "text" must be of type String')
    return text


def show_markup(markup: Markup | None) -> Json:
    """Show the buttons under a message; other keyboards are not shown to bots."""
    if not isinstance(markup, InlineKeyboard):
        return {}
    rows = [[show_button(button) for button in row] for row in markup.rows]
    return {"reply_markup": {"inline_keyboard": rows}}


def show_button(button: Button) -> Json:
    """Show a button under a message."""
    shown: Json = {"text": button.text}
    match button.kind:
        case ButtonKind.URL:
            return shown | {"url": button.value}
        case ButtonKind.COPY:
            return shown | {"copy_text": {"text": button.value}}
    return shown | {"callback_data": button.data.decode(errors="replace")}
