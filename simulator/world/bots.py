"""Bots by their tokens."""

import secrets

from simulator.world.people import Person
from simulator.world.refusals import Refusal

SECRET_BYTES = 26


class Bots:
    """Which token speaks for which bot; a bot has one at a time."""

    def __init__(self) -> None:
        self.by_token: dict[str, Person] = {}

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
