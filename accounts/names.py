"""What people type for a channel: @name, a link, or a number."""

import re
from dataclasses import dataclass

from orchestrator.errors import BadInput
from orchestrator.ids import TelegramId

LINK = re.compile(r"^(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)/(?:s/)?", re.I)
USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
NUMBER = re.compile(r"(?:-100|c/)?(\d{1,19})(?:/.*)?")
INVITE = re.compile(r"(?:\+|joinchat/)([A-Za-z0-9_-]{8,64})")


@dataclass(frozen=True, slots=True)
class Username:
    """A public name, without the @."""

    name: str


@dataclass(frozen=True, slots=True)
class Invite:
    """The secret part of an invite link."""

    secret: str


ChannelName = Username | Invite | TelegramId


def parse_channel_name(text: str) -> ChannelName:
    """Understand what a person typed; raises BadInput."""
    rest = LINK.sub("", text.strip())
    if match := INVITE.fullmatch(rest):
        return Invite(match[1])
    if match := NUMBER.fullmatch(rest):
        return TelegramId(int(match[1]))
    name = rest.removeprefix("@").split("/")[0].split("?")[0]
    if USERNAME.fullmatch(name):
        return Username(name)
    raise BadInput(
        f"{text.strip()[:60]!r} names no channel: give @name, a t.me link, or the channel's number"
    )
