"""What a press of a button asks of a bot, and what the bot says to it."""

from dataclasses import dataclass
from datetime import datetime

from simulator.world.peers import MessageId, Peer, UserId


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """What the presser is shown; `cache_time` is in seconds."""

    text: str = ""
    alert: bool = False
    url: str = ""
    cache_time: int = 0


@dataclass(slots=True, eq=False)
class CallbackQuery:
    """A button pressed; chat and message are as the bot knows them."""

    id: int
    bot: UserId
    user: UserId
    chat: Peer
    message: MessageId
    data: bytes
    asked_at: datetime
    answer: CallbackAnswer | None = None

    @property
    def chat_instance(self) -> int:
        """The number under which the bot may remember the chat."""
        return self.chat.id
