"""The one list of usernames that people and channels share."""

import re

from simulator.world.peers import Peer
from simulator.world.refusals import Refusal

PATTERN = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{3,30}[a-zA-Z0-9]")


class Usernames:
    """Who holds which name; case does not matter."""

    def __init__(self) -> None:
        self.holders: dict[str, Peer] = {}

    def find(self, username: str) -> Peer:
        """Say who holds a name; raises `Refusal` when nobody does."""
        name = username.removeprefix("@")
        if not PATTERN.fullmatch(name):
            raise Refusal("USERNAME_INVALID")
        holder = self.holders.get(name.lower())
        if holder is None:
            raise Refusal("USERNAME_NOT_OCCUPIED")
        return holder

    def is_free(self, username: str) -> bool:
        """Tell whether a name may be taken; raises `Refusal` for a wrong form."""
        if not PATTERN.fullmatch(username):
            raise Refusal("USERNAME_INVALID")
        return username.lower() not in self.holders

    def check_free(self, username: str) -> None:
        """Refuse a name that cannot be taken, before anything is made that would bear it.

        An empty one is none. Raises `Refusal`.
        """
        if username and not self.is_free(username):
            raise Refusal("USERNAME_OCCUPIED")

    def change(self, holder: Peer, old: str, new: str) -> None:
        """Let `holder` give up one name and take another; an empty one is none."""
        if old == new:
            raise Refusal("USERNAME_NOT_MODIFIED")
        if new and not self.is_free(new) and self.holders[new.lower()] != holder:
            raise Refusal("USERNAME_OCCUPIED")
        self.holders.pop(old.lower(), None)
        if new:
            self.holders[new.lower()] = holder
