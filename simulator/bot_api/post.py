"""Where updates go: each bot's backlog, and the webhook that empties it."""

from dataclasses import dataclass, field

from simulator.bot_api.backlog import Backlog
from simulator.bot_api.shapes import Json
from simulator.bot_api.webhook import Webhook
from simulator.world.bots import Command
from simulator.world.peers import UserId


@dataclass(slots=True, eq=False)
class Mailroom:
    """What is kept for one bot; `texts` are named by field and language."""

    backlog: Backlog = field(default_factory=Backlog)
    webhook: Webhook | None = None
    commands: dict[str, tuple[Command, ...]] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    menu_buttons: dict[str, Json] = field(default_factory=dict)


class Mailrooms:
    """The mailroom of every bot that has one."""

    def __init__(self) -> None:
        self.by_bot: dict[UserId, Mailroom] = {}

    def of(self, bot: UserId) -> Mailroom:
        """Find a bot's mailroom, or make it."""
        return self.by_bot.setdefault(bot, Mailroom())

    async def close(self) -> None:
        """End all polls and webhooks."""
        for room in self.by_bot.values():
            room.backlog.interrupt("the server stops")
            if room.webhook is not None:
                await room.webhook.stop()
