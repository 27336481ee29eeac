"""Telegram's errors, each with whom it concerns and what follows.

Classes are matched exactly, never by their ancestors: an answer that Telethon does not list gets
the class of its number alone, so `PRIVACY_PREMIUM_REQUIRED` may arrive as a bare `AuthKeyError`,
and `FrozenMethodInvalidError` descends from `FloodError` without being a wait.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from telethon import errors as te

from orchestrator.refusals import Action, OutcomeUnknown, Refusal, Scope, TelegramRefused

FAILURES: Final[tuple[type[Exception], ...]] = (
    te.RPCError,
    te.AuthKeyNotFound,
    te.BadMessageError,
    te.TypeNotFoundError,
    te.SecurityError,
    te.InvalidChecksumError,
    BufferError,
    OSError,
    EOFError,
)
"""All that a request may end with, apart from mistakes of our own; `translate` understands each."""

SERVER_FAULT: Final = 500


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: which answers, and what they mean."""

    answers: tuple[type[Exception], ...]
    scope: Scope
    action: Action
    sentence: str


TABLE: Final[tuple[Row, ...]] = (
    Row(
        (te.FloodWaitError, te.FloodPremiumWaitError, te.FloodTestPhoneWaitError),
        Scope.METHOD,
        Action.WAIT,
        "Telegram asks the account to wait {wait} before it does this again",
    ),
    Row(
        (te.SlowModeWaitError,),
        Scope.CHAT,
        Action.WAIT,
        "slow mode: the account may write in this chat again in {wait}",
    ),
    Row(
        (te.PeerFloodError,),
        Scope.ACCOUNT,
        Action.STOP_OUTBOUND,
        "Telegram limited the account for writing too much: ask @SpamBot about it",
    ),
    Row(
        (te.UserBannedInChannelError,),
        Scope.ACCOUNT,
        Action.STOP_PUBLIC,
        "Telegram no longer lets the account write in public chats: ask @SpamBot about it",
    ),
    Row(
        (
            te.ChatWriteForbiddenError,
            te.ChatSendPlainForbiddenError,
            te.ChatRestrictedError,
            te.ChatAdminRequiredError,
        ),
        Scope.CHAT,
        Action.SUSPEND_CHAT,
        "the account may not write in this chat: ask its admins",
    ),
    Row(
        (te.ChatGuestSendForbiddenError,),
        Scope.CHAT,
        Action.NEEDS_JOIN,
        "only members may comment here: an admin has to let the account into the group",
    ),
    Row(
        (te.MsgIdInvalidError,),
        Scope.MESSAGE,
        Action.RETRY_FRESH,
        "the post is not there, or it cannot be commented on (yet)",
    ),
    Row(
        (te.ChannelPrivateError, te.ChannelInvalidError),
        Scope.CHAT,
        Action.SUSPEND_CHAT,
        "the account cannot see this channel: it was put out of it, or never let in",
    ),
    Row(
        (te.AuthKeyDuplicatedError,),
        Scope.ACCOUNT,
        Action.QUARANTINE,
        "the session was used from two addresses at once, so Telegram ended it: log in anew",
    ),
    Row(
        (
            te.AuthKeyUnregisteredError,
            te.SessionRevokedError,
            te.SessionExpiredError,
            te.SessionPasswordNeededError,
            te.AuthKeyInvalidError,
            te.AuthKeyNotFound,
        ),
        Scope.ACCOUNT,
        Action.NEEDS_LOGIN,
        "Telegram no longer knows this session: log in anew",
    ),
    Row(
        (te.UserDeactivatedError, te.UserDeactivatedBanError, te.PhoneNumberBannedError),
        Scope.ACCOUNT,
        Action.BANNED,
        "Telegram banned or deleted the account: write to recover@telegram.org",
    ),
    Row(
        (te.FrozenMethodInvalidError, te.FrozenParticipantMissingError),
        Scope.ACCOUNT,
        Action.FROZEN,
        "Telegram froze the account: appeal in the official app",
    ),
    Row(
        (
            te.RpcCallFailError,
            te.RpcMcgetFailError,
            te.InterdcCallErrorError,
            te.InterdcCallRichErrorError,
            te.WorkerBusyTooLongRetryError,
            te.TimedOutError,
        ),
        Scope.REQUEST,
        Action.BACK_OFF,
        "Telegram has trouble of its own: trying again later",
    ),
    Row(
        (te.RandomIdDuplicateError,),
        Scope.REQUEST,
        Action.REISSUE_OR_LOOK,
        "Telegram has a message with this random_id already, or is just taking it",
    ),
    Row(
        (te.UserIsBlockedError, te.YouBlockedUserError, te.InputUserDeactivatedError),
        Scope.CONVERSATION,
        Action.OPT_OUT,
        "this person does not want to be written to, or is gone",
    ),
    Row(
        (
            te.PersistentTimestampEmptyError,
            te.PersistentTimestampInvalidError,
            te.PersistentTimestampOutdatedError,
            te.ChannelPublicGroupNaError,
        ),
        Scope.UPDATES,
        Action.TAKE_DIFFERENCE,
        "updates are out of step: taking the difference",
    ),
)

UNLISTED: Final = {
    "ALLOW_PAYMENT_REQUIRED": Row(
        (),
        Scope.PEER,
        Action.GIVE_UP,
        "this person takes messages against payment only, and Troupe pays for none",
    ),
    "PRIVACY_PREMIUM_REQUIRED": Row(
        (), Scope.PEER, Action.GIVE_UP, "this person takes messages from Premium accounts only"
    ),
}
"""Answers that Telethon has no class for, by Telegram's own name without the number at its end."""

TROUBLE: Final = Row(
    (), Scope.REQUEST, Action.BACK_OFF, "Telegram has trouble of its own: trying again later"
)
UNKNOWN: Final = Row(
    (), Scope.REQUEST, Action.FAIL, "Telegram refused with {name}, which Troupe does not know"
)
NO_ANSWER: Final = Row(
    (), Scope.REQUEST, Action.SETTLE, "the connection broke before Telegram answered"
)


CAUSES: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    ((te.BadMessageError,), ": it would not read our packet; is this machine's clock right?"),
    ((te.TypeNotFoundError,), ": it said something that is newer than the Telethon installed here"),
    (
        (te.SecurityError, te.InvalidChecksumError, BufferError),
        ": what came was not whole, or not Telegram's own",
    ),
    ((ConnectionResetError, ConnectionAbortedError, BrokenPipeError), ""),
    # Telethon's own word for a connection that never came about is the bare ConnectionError.
    ((ConnectionError,), ": it cannot be reached; is this machine's network up?"),
    ((TimeoutError,), ": nothing came in time; is this machine's network up?"),
)
"""What is known of why no answer came, by what was raised."""


def spelled_by_telegram() -> Iterator[tuple[type[Exception], str]]:
    """Yield Telethon's classes with Telegram's names for them, numbers left out."""
    for name, kind in te.rpc_errors_dict.items():
        yield kind, name
    for pattern, kind in te.rpc_errors_re:
        yield kind, pattern.replace(r"_(\d+)", "")
    yield te.TimedOutError, "TIMEOUT"
    yield te.AuthKeyNotFound, "AUTH_KEY_NOT_FOUND"


NAMES: Final = dict(spelled_by_telegram())
BY_CLASS: Final = {kind: row for row in TABLE for kind in row.answers}


def translate(error: Exception) -> TelegramRefused | OutcomeUnknown:
    """Say what one of `FAILURES` means: an answer of Telegram's, or that none is known."""
    if isinstance(error, te.RPCError | te.AuthKeyNotFound):
        return TelegramRefused(refusal_in(error))
    why = next((told for kinds, told in CAUSES if isinstance(error, kinds)), "")
    return OutcomeUnknown(f"{NO_ANSWER.sentence}{why}")


def refusal_in(error: Exception) -> Refusal:
    """Look an answer up in the table."""
    seconds = getattr(error, "seconds", None)
    delay = None if seconds is None else timedelta(seconds=seconds)
    name, row = row_of(error)
    return worded(name, row, delay)


def row_of(error: Exception) -> tuple[str, Row]:
    """Return Telegram's name of an answer with its row; what is not listed fails the request."""
    kind = type(error)
    name = NAMES.get(kind) or str(getattr(error, "message", None) or kind.__name__)
    bare = re.sub(r"_\d+$", "", name)
    row = BY_CLASS.get(kind) or UNLISTED.get(bare)
    if row is not None:
        return bare, row
    if abs(getattr(error, "code", None) or 0) >= SERVER_FAULT:
        return name, TROUBLE
    return name, UNKNOWN


def worded(name: str, row: Row, delay: timedelta | None = None) -> Refusal:
    """Put a row into the words that lanes act on."""
    wait = "some time" if delay is None else f"{delay.total_seconds():.0f} s"
    sentence = row.sentence.format(wait=wait, name=name)
    return Refusal(name, row.scope, row.action, sentence, delay)


def refusal_named(name: str) -> Refusal:
    """Word a refusal that we give in Telegram's stead, as for a peer that nobody can address."""
    kind = next(kind for kind, spelled in NAMES.items() if spelled == name and kind in BY_CLASS)
    return worded(name, BY_CLASS[kind])


def known_refusals() -> tuple[Refusal, ...]:
    """List what Troupe knows how to deal with, in the table's order."""
    listed = [worded(NAMES[kind], row) for row in TABLE for kind in row.answers]
    unlisted = [worded(name, row) for name, row in UNLISTED.items()]
    return (*listed, *unlisted, worded("NO_ANSWER", NO_ANSWER))


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule of the table, as people read it: Telegram's own names, and what follows."""

    errors: tuple[str, ...]
    scope: Scope
    action: Action
    sentence: str


def policies() -> tuple[Policy, ...]:
    """Return the whole table in its order, with what holds for all that it does not name."""
    listed = [policy_of(tuple(NAMES[kind] for kind in row.answers), row) for row in TABLE]
    unlisted = [policy_of((name,), row) for name, row in UNLISTED.items()]
    rest = (
        policy_of(("any other 500 and -503",), TROUBLE),
        policy_of(("no answer: time-out, broken connection",), NO_ANSWER),
        policy_of(("any other error",), UNKNOWN),
    )
    return (*listed, *unlisted, *rest)


def policy_of(names: tuple[str, ...], row: Row) -> Policy:
    """Put a row into words."""
    sentence = row.sentence.format(wait="some time", name="that name")
    return Policy(names, row.scope, row.action, sentence)
