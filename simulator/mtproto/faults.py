"""Faults on cue: what one can be, described by plain values, so that it fits into JSON."""

from dataclasses import dataclass
from enum import StrEnum

from telethon.errors import rpc_message_to_error
from telethon.tl.types import RpcError

EVERYTHING = "*"
BAD_REQUEST = 400
MAX_CODE = 999
# What Telethon does not list; the numbers are those with which Telegram sends these words.
UNLISTED_CODES = {"PRIVACY_PREMIUM_REQUIRED": 406, "ALLOW_PAYMENT_REQUIRED": 403}


class FaultKind(StrEnum):
    """What goes wrong."""

    ERROR = "error"
    TIME_OUT = "time_out"
    LOST_ANSWER = "lost_answer"
    CUT_BEFORE = "cut_before"
    CUT_AFTER = "cut_after"
    DELAY = "delay"
    DROP_UPDATES = "drop_updates"
    DOUBLE_UPDATES = "double_updates"
    DELAY_UPDATES = "delay_updates"


MEANINGS = {
    FaultKind.ERROR: "the call is refused with `error`, such as FLOOD_WAIT_5; nothing done",
    FaultKind.TIME_OUT: "no answer ever comes; nothing done",
    FaultKind.LOST_ANSWER: "done, and no answer comes",
    FaultKind.CUT_BEFORE: "the connection ends; nothing done",
    FaultKind.CUT_AFTER: "done, and the connection ends without an answer",
    FaultKind.DELAY: "the answer comes `seconds` late",
    FaultKind.DROP_UPDATES: "updates of the kind `method` do not come",
    FaultKind.DOUBLE_UPDATES: "updates of the kind `method` come twice",
    FaultKind.DELAY_UPDATES: "updates of the kind `method` come `seconds` late",
}
LASTING = frozenset({FaultKind.DELAY, FaultKind.DELAY_UPDATES})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `times` occasions that fit it meet it, each one by `chance`.

    What an occasion must fit: `method`, such as `messages.SendMessage`, or for updates the name
    of one, such as `UpdateNewChannelMessage`; `account`, a user's id; `chat`, an id marked as the
    Bot API marks it (-100… for channels and groups); `connection`, the client's address, with or
    without its port. None, and `*` for the method, fit all.

    `error` is what the client is told, such as FLOOD_WAIT_5; `code` is only needed where
    Telethon does not list it. `seconds` is how long a delay lasts. `times` None: for ever. The
    first `skip` occasions pass. The same `seed` draws the same chances.

    Raises ValueError if it says too little, or what cannot be carried out.
    """

    method: str
    kind: FaultKind
    error: str = ""
    code: int | None = None
    times: int | None = 1
    account: int | None = None
    seconds: float = 0.0
    chat: int | None = None
    connection: str | None = None
    chance: float = 1.0
    seed: int = 0
    skip: int = 0

    def __post_init__(self) -> None:
        """Hold what was said against what can be done."""
        if self.kind is FaultKind.ERROR and not self.error:
            raise ValueError("a fault of kind `error` names the error, such as FLOOD_WAIT_5")
        if self.kind in LASTING and not self.seconds > 0:
            raise ValueError(f"a fault of kind `{self.kind}` says for how many `seconds`")
        if self.times is not None and self.times < 1:
            raise ValueError("`times` is at least 1, or null for ever")
        if not 0 < self.chance <= 1:
            raise ValueError("`chance` is above 0 and at most 1")
        if self.skip < 0:
            raise ValueError("`skip` is 0 or more")
        if self.code is not None and not 1 <= self.code <= MAX_CODE:
            raise ValueError(f"`code` is between 1 and {MAX_CODE}")

    @property
    def answer(self) -> tuple[int, str]:
        """The number and the word that the client is told."""
        return self.code or listed_code(self.error), self.error


def listed_code(error: str) -> int:
    """Return the number that goes with an error, 400 where none is known."""
    for word, code in UNLISTED_CODES.items():
        if error.startswith(word):
            return code
    listed = rpc_message_to_error(RpcError(BAD_REQUEST, error), None)
    return int(listed.code)
