"""Bots by their tokens."""

import re
import secrets
from dataclasses import dataclass

from simulator.world.peers import UserId
from simulator.world.people import Person
from simulator.world.refusals import Refusal

SECRET_BYTES = 26
COMMAND = re.compile(r"[a-z0-9_]{1,32}")
MOST_COMMANDS = 100


@dataclass(frozen=True, slots=True)
class Command:
    """Something that a bot understands, without the stroke before it."""

    name: str
    description: str


class Bots:
    """Which token speaks for which bot; a bot has one at a time.

    Those in `all_ears` hear everything in groups, also where they are no administrators.
    """

    def __init__(self) -> None:
        self.by_token: dict[str, Person] = {}
        self.commands: dict[UserId, tuple[Command, ...]] = {}
        self.all_ears: set[UserId] = set()

    def find(self, token: str) -> Person | None:
        """Find the bot of a token."""
        return self.by_token.get(token)

    def give_token(self, bot: Person, token: str = "") -> str:
        """Give a bot a token, a random one if none is named; its earlier one is void."""
        if not bot.bot:
            raise Refusal("USER_BOT_REQUIRED")
        chosen = token or f"{bot.id}:{secrets.token_urlsafe(SECRET_BYTES)}"
        if self.by_token.get(chosen, bot) is not bot:
            raise Refusal("ACCESS_TOKEN_OCCUPIED")
        self.by_token = {t: b for t, b in self.by_token.items() if b is not bot} | {chosen: bot}
        return chosen

    def token_of(self, bot: Person) -> str:
        """Tell a bot's token, which it gets now if it has none."""
        known = next((t for t, b in self.by_token.items() if b is bot), "")
        return known or self.give_token(bot)

    def commands_of(self, bot: Person) -> tuple[Command, ...]:
        """List what a bot says that it understands."""
        return self.commands.get(bot.id, ())

    def set_commands(self, bot: Person, commands: tuple[Command, ...]) -> None:
        """List what a bot understands, in place of what was listed before."""
        if len(commands) > MOST_COMMANDS:
            raise Refusal("BOT_COMMANDS_TOO_MUCH")
        if not all(COMMAND.fullmatch(each.name) for each in commands):
            raise Refusal("BOT_COMMAND_INVALID")
        self.commands[bot.id] = commands
