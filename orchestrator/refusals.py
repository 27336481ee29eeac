"""What Telegram's errors mean for us: whom they concern and what follows.

The table error → scope → action lives where Telethon is known (`accounts.errors`); the words that
it is written in live here, so that lanes can act on an answer without knowing how it was spelled.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from orchestrator.errors import TroupeError


class Scope(StrEnum):
    """Whom a refusal concerns; everything outside of it goes on."""

    REQUEST = "request"
    MESSAGE = "message"
    PEER = "account and peer"
    CHAT = "account and chat"
    METHOD = "account and method"
    ACCOUNT = "account"
    CONVERSATION = "conversation"
    UPDATES = "updates"


class Action(StrEnum):
    """What follows from a refusal."""

    WAIT = "wait, then the same again"
    BACK_OFF = "back off, then the same request again"
    SETTLE = "outcome unknown: issue again with the stored random_id"
    REISSUE_OR_LOOK = "random_id already used: wait, issue again, then settle by looking"
    RETRY_FRESH = "short retries for a fresh post, then the target is gone"
    SUSPEND_CHAT = "suspend the account in that chat and flag the grant"
    NEEDS_JOIN = "a person must let the account join the group"
    GIVE_UP = "give up on that peer for good"
    OPT_OUT = "close the conversation and write to that person no more"
    STOP_OUTBOUND = "stop everything that the account says"
    STOP_PUBLIC = "stop the account's public posts"
    QUARANTINE = "quarantine the account: log in anew"
    NEEDS_LOGIN = "park the account until somebody logs in"
    BANNED = "park the account: Telegram banned it"
    FROZEN = "park the account: Telegram froze it"
    TAKE_DIFFERENCE = "take the difference and reconcile"
    FAIL = "fail the request and tell an operator"


PARKS_ACCOUNT = frozenset({Action.QUARANTINE, Action.NEEDS_LOGIN, Action.BANNED, Action.FROZEN})
"""After these the account's lane ends until a person has acted."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One answer of Telegram's, understood."""

    name: str
    scope: Scope
    action: Action
    sentence: str
    delay: timedelta | None = None


class TelegramRefused(TroupeError):
    """Telegram answered with an error; `refusal` says what follows from it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.refusal = refusal


class OutcomeUnknown(TroupeError):
    """The request may or may not have been carried out: no answer came in time."""
