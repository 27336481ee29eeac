"""What the control API takes and gives about bots, as JSON."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from simulator.control.models import Asked, PersonShown, UserNumber


class BotFaultAsked(Asked):
    """One fault of the Bot API: `times` calls of `method` meet it, after `skip` that pass.

    Without `bot` every bot's calls, without `chat` (the call's chat_id) those about every chat.
    `seconds` are those of a 429 or of a time-out; `code` and `error` belong to kind error, `code`
    also to broken. The method `webhook` is the delivery of an update, which `*` does not mean.
    """

    kind: Literal[
        "too_many",
        "broken",
        "time_out",
        "lost_answer",
        "blocked",
        "thread_gone",
        "not_modified",
        "conflict",
        "error",
    ]
    method: str = "*"
    bot: UserNumber | None = None
    chat: int | None = None
    times: int | None = 1
    chance: float = Field(1.0, gt=0, le=1)
    skip: int = Field(0, ge=0)
    seed: int = 0
    seconds: float = Field(1.0, ge=0, le=600)
    code: int | None = None
    error: str = ""


class BotFaultShown(BaseModel):
    """A fault that waits, with how often it has yet to come (null: for ever)."""

    number: int
    fault: BotFaultAsked
    left: int | None


class BotStateShown(PersonShown):
    """A bot, how it takes its updates, and how often it has called what."""

    token: str
    webhook: str
    pending: int
    allowed_updates: list[str]
    calls: dict[str, int]


class BotCallShown(BaseModel):
    """One call and what came of it; `answered` is off where the bot never learnt that.

    `params` are as they came, objects among them as JSON; `messages` are the numbers of those that
    the call sent or changed.
    """

    number: int
    bot: UserNumber
    method: str
    params: dict[str, str]
    files: list[str]
    at: datetime
    code: int
    error: str
    answered: bool
    messages: list[int]


class BotEvidenceShown(BaseModel):
    """What should be empty at the end of a rehearsal.

    `unknown_methods` counts calls of what is not known here, `unread_parameters` what calls said
    without effect (by method.parameter), `failures` the simulator's own failures by method.
    """

    unknown_methods: dict[str, int]
    unread_parameters: dict[str, int]
    failures: dict[str, int]


class UpdateShown(BaseModel):
    """An update that waits for a bot, as the bot will read it."""

    number: int
    kind: str
    content: dict[str, Any]


class LimitsAsked(Asked):
    """Which of Telegram's limits are kept; null leaves it as it is."""

    bots: bool | None = None
    accounts: bool | None = None


class LimitsShown(BaseModel):
    """Which of Telegram's limits are kept: on what bots send, on what accounts do."""

    bots: bool
    accounts: bool
