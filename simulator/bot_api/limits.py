"""How fast a bot may be (https://core.telegram.org/bots/faq#broadcasting-to-users)."""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from simulator.bot_api.errors import too_many
from simulator.world.peers import Peer, PeerKind, UserId


@dataclass(frozen=True, slots=True)
class Budget:
    """So many acts in so many seconds."""

    acts: int
    seconds: float


IN_ALL = Budget(30, 1)
PER_CHAT = Budget(1, 1)
PER_GROUP = Budget(20, 60)


class BotLimits:
    """Telegram's limits on what bots send; off until `enabled`.

    Creating and editing a forum topic counts as a message in its group. What is refused costs
    nothing. `now` tells the seconds; what was spent later than that, before a clock was moved back,
    is forgotten.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.enabled = False
        self.spent: defaultdict[Hashable, deque[float]] = defaultdict(deque)

    def spend(self, bot: UserId, chat: Peer, acts: int = 1) -> None:
        """Count acts of a bot in a chat; raises `BotApiError` (429) when that is too fast."""
        if not self.enabled:
            return
        budgets: list[tuple[Hashable, Budget]] = [(bot, IN_ALL), ((bot, chat), PER_CHAT)]
        if chat.kind is PeerKind.CHANNEL:
            budgets.append(((bot, chat, "minute"), PER_GROUP))
        wait = max(self.wait(key, budget) for key, budget in budgets)
        if wait > 0:
            raise too_many(math.ceil(wait))
        for key, _ in budgets:
            self.spent[key].extend([self.now()] * acts)

    def wait(self, key: Hashable, budget: Budget) -> float:
        """Tell how many seconds must pass before one more act."""
        spent, now = self.spent[key], self.now()
        while spent and spent[0] <= now - budget.seconds:
            spent.popleft()
        while spent and spent[-1] > now:
            spent.pop()
        if len(spent) < budget.acts:
            return 0.0
        return spent[len(spent) - budget.acts] + budget.seconds - now
