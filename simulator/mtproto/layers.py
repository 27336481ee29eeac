"""Answers in the words of an earlier layer, for clients that know no later one.

Between layers 227 and 229 people, channels, commands and buttons were written anew; everything else
that is said here reads the same in both.
Source: https://core.telegram.org/api/layers
"""

import copy
import struct
from collections.abc import Callable
from typing import Any

from telethon.tl import TLObject, types

LAST_EARLIER = 227
NAME_BYTES, FLAGS_BYTES = 4, 4
BUTTONS: dict[type[TLObject], int] = {
    types.InlineButtonTypeCallback: 0xE62BC960,
    types.InlineButtonTypeUrl: 0xD80C25EC,
    types.InlineButtonTypeCopy: 0xBCC4AF10,
    types.ButtonTypeDefault: 0x7D170CFF,
    types.ButtonTypeRequestPhone: 0x417EFD8F,
    types.ButtonTypeRequestGeoLocation: 0xAA40F94D,
}


class Written(TLObject):  # type: ignore[misc]  # Telethon has no types
    """An object that is bytes already."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def _bytes(self) -> bytes:
        return self.content


def is_earlier(layer: int) -> bool:
    """Tell whether a client of that layer is spoken to in the earlier words."""
    return layer <= LAST_EARLIER


def in_layer(said: Any, layer: int) -> Any:  # noqa: ANN401 - whatever a method answers
    """Say the same to a client of that layer; what was given is left as it is."""
    return earlier(said) if is_earlier(layer) else said


def earlier(said: Any) -> Any:  # noqa: ANN401 - as above
    """Copy an answer with everything in it in the earlier words."""
    if isinstance(said, list):
        return [earlier(each) for each in said]
    if not isinstance(said, TLObject):
        return said
    copied = copy.copy(said)
    for name, inner in vars(said).items():
        setattr(copied, name, earlier(inner))
    write = EARLIER_WORDS.get(type(said))
    return copied if write is None else Written(write(copied))


def named(name: int) -> bytes:
    """Write a constructor's name."""
    return struct.pack("<I", name)


def renamed(name: int, skipped: int = 0) -> Callable[[TLObject], bytes]:
    """Write what goes by another name, without so many bytes that stand before the rest."""
    return lambda thing: named(name) + bytes(thing)[NAME_BYTES + skipped :]


def write_button(button: TLObject) -> bytes:
    """Write a button whose kind is its name."""
    kind = bytes(button.type)[NAME_BYTES:]
    if isinstance(button.type, types.InlineButtonTypeCallback):
        flags, kind = kind[:FLAGS_BYTES], kind[FLAGS_BYTES:]
    else:
        flags = bytes(FLAGS_BYTES)
    words: bytes = TLObject.serialize_bytes(button.text)
    return named(BUTTONS[type(button.type)]) + flags + words + kind


EARLIER_WORDS: dict[type[TLObject], Callable[[TLObject], bytes]] = {
    types.User: renamed(0x31774388),
    types.Channel: renamed(0x1C32B11C),
    types.BotCommand: renamed(0xC27AC8C7, FLAGS_BYTES),
    types.KeyboardButton: write_button,
    types.KeyboardInlineButton: write_button,
    types.KeyboardInlineButtonRow: renamed(0x77608B83),
    types.ReplyInlineMarkup: renamed(0x48A30254, FLAGS_BYTES),
}
