"""How fast an account may be before it is told to wait.

Telegram does not publish its limits on accounts; these stand for them in their form.
"""

import math
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

from telethon.tl import TLRequest

from simulator.mtproto.call import Call, RpcFault
from simulator.mtproto.dispatch import method_name
from simulator.mtproto.naming import chats_of_request

FLOOD = 420


@dataclass(frozen=True, slots=True)
class Limit:
    """So many acts by these methods in so many seconds, counted for each chat apart if said."""

    methods: frozenset[str]
    acts: int
    seconds: float
    per_chat: bool = False


SENDING = frozenset(
    {
        "messages.SendMessage",
        "messages.SendMedia",
        "messages.SendMultiMedia",
        "messages.ForwardMessages",
    }
)
JOINING = frozenset({"channels.JoinChannel", "messages.ImportChatInvite"})
FINDING = frozenset({"contacts.ResolveUsername", "contacts.Search"})
USUAL = (
    Limit(SENDING, 30, 60),
    Limit(SENDING, 3, 3, per_chat=True),
    Limit(JOINING, 5, 300),
    Limit(FINDING, 50, 3600),
)


class AccountLimits:
    """An interceptor that answers FLOOD_WAIT_n to who is too fast; off until `enabled`.

    What is refused costs nothing. `now` tells the seconds, so that a moved clock ends a wait.
    """

    def __init__(self, account_of: Callable[[int], int | None], now: Callable[[], float]) -> None:
        self.account_of, self.now = account_of, now
        self.enabled = False
        self.limits: tuple[Limit, ...] = USUAL
        self.spent: defaultdict[Hashable, deque[float]] = defaultdict(deque)

    async def before(self, call: Call, request: TLRequest) -> None:
        """Count the request, or refuse it with how long to wait."""
        account = self.account_of(call.key_id) if self.enabled else None
        if account is None:
            return
        counters = list(self.counters(account, request))
        wait = max((self.wait(limit, counter) for limit, counter in counters), default=0.0)
        if wait > 0:
            raise RpcFault(FLOOD, f"FLOOD_WAIT_{math.ceil(wait)}")
        for _, counter in counters:
            self.spent[counter].append(self.now())

    async def after(self, call: Call, request: TLRequest) -> None:
        """Let the answer go: what was done was counted before."""

    def counters(self, account: int, request: TLRequest) -> Iterator[tuple[Limit, Hashable]]:
        """Name what a request counts for."""
        name = method_name(type(request))
        for limit in self.limits:
            if name in limit.methods:
                chats = chats_of_request(request) if limit.per_chat else None
                yield limit, (account, limit, chats)

    def wait(self, limit: Limit, counter: Hashable) -> float:
        """Tell how many seconds must pass before one more act."""
        spent, now = self.spent[counter], self.now()
        while spent and spent[0] <= now - limit.seconds:
            spent.popleft()
        if len(spent) < limit.acts:
            return 0.0
        return spent[len(spent) - limit.acts] + limit.seconds - now
