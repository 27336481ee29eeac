"""The numbers as they hold now: a few change while a node runs, the rest when it starts again."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields, replace

from orchestrator.library.reloader import POLL, Reloader
from orchestrator.ports.work import Topic
from orchestrator.tuning import Tuning

log = logging.getLogger(__name__)

LIVE = frozenset(
    {
        "comment_lasts",
        "conversations",
        "dialogues_check",
        "disclosure_check",
        "fresh_post",
        "gate",
        "restart",
        "security_check",
        "sending",
        "settling",
        "verification_check",
    }
)
"""Read anew at every use, so that a change can never meet its older self.

Leases, claims and what is derived from them are agreed between watchdog, keeper and challengers
when a process starts; paces, retention and the queues' poll are handed out then.
"""


def is_live(key: str) -> bool:
    """Tell whether a running node takes up the setting of that dotted key."""
    return key.partition(".")[0] in LIVE


ReadTuning = Callable[[], Awaitable[Tuning]]


@dataclass(slots=True)
class Numbers:
    """Holds the tuning that counts; without `read` it never changes."""

    now: Tuning
    read: ReadTuning | None = None
    poll: float = POLL
    waiting: frozenset[str] = frozenset()
    """What was set to something else since the start, and waits for the next one."""
    reloader: Reloader = field(init=False)

    def __post_init__(self) -> None:
        """Prepare to hear."""
        self.reloader = Reloader(Topic.SETTINGS, self.refresh, self.poll)

    def hear(self, topic: str) -> None:
        """Take a notice."""
        self.reloader.hear(topic)

    async def run(self) -> None:
        """Keep the numbers new, where there is somewhere to read them."""
        if self.read is not None:
            await self.reloader.run()

    async def refresh(self) -> None:
        """Read what is set; raises BadInput, and changes nothing, where it cannot work."""
        if self.read is not None:
            self.take(await self.read())

    def take(self, wanted: Tuning) -> None:
        """Take up what may change in a running process, and say what has to wait."""
        changed = frozenset(
            one.name
            for one in fields(Tuning)
            if getattr(wanted, one.name) != getattr(self.now, one.name)
        )
        taken, waiting = changed & LIVE, changed - LIVE
        if taken:
            self.now = replace(self.now, **{name: getattr(wanted, name) for name in taken})
            log.info("settings in use now: %s", ", ".join(sorted(taken)))
        if waiting - self.waiting:
            log.warning(
                "settings that wait until this node starts again: %s", ", ".join(sorted(waiting))
            )
        self.waiting = waiting
