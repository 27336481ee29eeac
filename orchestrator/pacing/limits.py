"""Which limits a request is under."""

from datetime import timedelta

from orchestrator.ids import AccountId, TelegramId
from orchestrator.pacing.gcra import Limit
from orchestrator.tuning import Pace, Tuning

SEND = "messages.SendMessage"
SPEECH = frozenset({SEND})
"""The methods that others see as a message; everything else only asks or tidies."""


def limits_of(
    tuning: Tuning, account: AccountId, method: str, peer: TelegramId | None, nodes: int = 1
) -> tuple[Limit, ...]:
    """Name every limit of a request, with this node's share of those that nodes have in common.

    An account is held by one node, so its own limits are whole on any of them.
    """
    paces = {f"method {account} {method}": tuning.method_pace}
    if method in SPEECH:
        paces[f"account {account}"] = tuning.account_pace
        paces["all"] = share(tuning.overall_pace, nodes)
    else:
        paces[f"requests {account}"] = tuning.request_pace
    if peer is not None:
        paces[f"chat {peer}"] = share(tuning.chat_pace, nodes)
    return tuple(to_limit(name, pace) for name, pace in paces.items() if pace.apart)


def share(pace: Pace, nodes: int) -> Pace:
    """Divide a pace among nodes that cannot speak to one another."""
    return Pace(pace.apart * nodes, max(1, pace.burst // nodes))


def to_limit(name: str, pace: Pace) -> Limit:
    """Lay a pace out for the rule."""
    return Limit(name, max(1, pace.apart // timedelta(microseconds=1)), max(1, pace.burst))
