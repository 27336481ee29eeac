"""What is kept for each bot, as plain values and back again."""

from collections import deque
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from simulator.bot_api.backlog import USUAL, Update, UpdateKind
from simulator.bot_api.office import Office
from simulator.bot_api.post import Mailroom
from simulator.bot_api.webhook import Webhook
from simulator.world.bots import Command
from simulator.world.peers import UserId


class UpdateSaved(BaseModel):
    """An update that waits."""

    model_config = ConfigDict(extra="forbid")

    id: int
    kind: UpdateKind
    content: dict[str, Any]
    at: datetime


class WebhookSaved(BaseModel):
    """An address to which updates are brought."""

    model_config = ConfigDict(extra="forbid")

    url: str
    secret: str
    max_connections: int


class MailroomSaved(BaseModel):
    """What is kept for one bot."""

    model_config = ConfigDict(extra="forbid")

    bot: int
    last_id: int
    allowed: list[str]
    waiting: list[UpdateSaved]
    webhook: WebhookSaved | None
    commands: dict[str, list[tuple[str, str]]]
    texts: list[tuple[str, str, str]]
    menu_buttons: dict[str, dict[str, Any]]


def save_mailrooms(office: Office) -> list[dict[str, object]]:
    """Write down backlogs, webhooks, commands and texts of all bots."""
    return [
        save_mailroom(bot, room).model_dump(mode="json")
        for bot, room in office.rooms.by_bot.items()
    ]


def save_mailroom(bot: UserId, room: Mailroom) -> MailroomSaved:
    """Write down what is kept for one bot."""
    hook = room.webhook
    return MailroomSaved(
        bot=bot,
        last_id=room.backlog.last_id,
        allowed=sorted(room.backlog.allowed),
        waiting=[
            UpdateSaved(id=each.id, kind=each.kind, content=each.content, at=each.at)
            for each in room.backlog.waiting
        ],
        webhook=None if hook is None else save_webhook(hook),
        commands={
            scope: [(each.name, each.description) for each in commands]
            for scope, commands in room.commands.items()
        },
        texts=[(field, language, text) for (field, language), text in room.texts.items()],
        menu_buttons=room.menu_buttons,
    )


def save_webhook(hook: Webhook) -> WebhookSaved:
    """Write down where a bot's updates are brought."""
    return WebhookSaved(url=hook.url, secret=hook.secret, max_connections=hook.max_connections)


async def load_mailrooms(office: Office, saved: list[MailroomSaved]) -> None:
    """Put what was saved in the place of what is kept; polls that wait go on over it."""
    await empty_mailrooms(office)
    known = {person.id for person in office.world.people}
    for each in saved:
        if each.bot in known:
            fill_mailroom(office, each)
    office.carrier.relearn()


async def empty_mailrooms(office: Office) -> None:
    """Forget what is kept for every bot, and end its webhook."""
    for room in office.rooms.by_bot.values():
        if room.webhook is not None:
            await room.webhook.stop()
        room.webhook = None
        room.backlog.waiting, room.backlog.allowed = deque(), USUAL
        for kept in (room.commands, room.texts, room.menu_buttons):
            kept.clear()


def fill_mailroom(office: Office, saved: MailroomSaved) -> None:
    """Keep for a bot what was saved, and go on with its webhook."""
    bot = office.world.people.get(UserId(saved.bot))
    room = office.rooms.of(bot.id)
    room.backlog.last_id = saved.last_id
    room.backlog.allowed = frozenset(saved.allowed)
    room.backlog.waiting.extend(Update(e.id, e.kind, e.content, e.at) for e in saved.waiting)
    room.commands |= {
        scope: tuple(Command(*each) for each in commands)
        for scope, commands in saved.commands.items()
    }
    room.texts |= {(field, language): text for field, language, text in saved.texts}
    room.menu_buttons |= saved.menu_buttons
    if saved.webhook is not None:
        hook = saved.webhook
        office.bring_updates(bot, hook.url, hook.secret, hook.max_connections)
    room.backlog.bell.set()
