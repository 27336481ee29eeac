"""Keys that were used from two addresses at once, which is the end of them."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from telethon.tl import TLRequest

from simulator.mtproto.call import Call, RpcFault
from simulator.world.world import World

log = logging.getLogger(__name__)

DUPLICATED = RpcFault(406, "AUTH_KEY_DUPLICATED")


@dataclass(frozen=True, slots=True)
class SeenTwice:
    """A key with the addresses from which it came at once, and whose it was."""

    key_id: int
    user: int | None
    addresses: frozenset[str]
    at: datetime


class Sightings:
    """Watches for copied keys; whoever asks under one is told so, on both sides and for good."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen_twice: dict[int, SeenTwice] = {}

    def report(self, key_id: int, addresses: set[str]) -> bool:
        """Take a key's word away for its use from all these addresses; False if it has none."""
        if key_id in self.seen_twice:
            return False
        logins = self.world.logins
        seen = SeenTwice(key_id, logins.user_of(key_id), frozenset(addresses), datetime.now(UTC))
        self.seen_twice[key_id] = seen
        logins.forget(key_id)
        log.warning("a key of user %s is used from %s at once", seen.user, sorted(addresses))
        return True

    async def before(self, call: Call, _: TLRequest) -> None:
        """Refuse every method under a key that was copied."""
        if call.key_id in self.seen_twice:
            raise DUPLICATED

    async def after(self, call: Call, request: TLRequest) -> None:
        """Let the answer go: a key is judged before the method."""
