"""What the session log says of connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from orchestrator.diary import WatchedTelegram
from orchestrator.facts import Sink
from orchestrator.ids import AccountId
from orchestrator.ports.logs import Entry, SessionEvent, SessionKind
from orchestrator.ports.telegram import AccountClient, Profile, SignInAnswers
from orchestrator.refusals import Action, OutcomeUnknown, Refusal, Scope, TelegramRefused
from tests.support.clock import HandClock

ANNA = AccountId(7)
REVOKED = TelegramRefused(
    Refusal("SESSION_REVOKED", Scope.ACCOUNT, Action.NEEDS_LOGIN, "the session was ended")
)


@dataclass
class FakeTelegram:
    """Opens after a while, or fails."""

    clock: HandClock
    refusal: Exception | None = None

    @asynccontextmanager
    async def open(self, account: AccountId, sink: Sink | None) -> AsyncIterator[AccountClient]:
        self.clock.pass_by(2)
        if self.refusal is not None:
            raise self.refusal
        yield cast("AccountClient", object())

    async def sign_in(self, account: AccountId, phone: str, answers: SignInAnswers) -> Profile:
        if self.refusal is not None:
            raise self.refusal
        return cast("Profile", object())


@dataclass
class KeptLog:
    entries: list[SessionEvent] = field(default_factory=list)

    def note(self, entry: Entry) -> None:
        assert isinstance(entry, SessionEvent)
        self.entries.append(entry)

    @property
    def told(self) -> list[tuple[str, float, bool]]:
        return [(e.kind, e.duration.total_seconds(), e.succeeded) for e in self.entries]


@dataclass
class Watching:
    clock: HandClock
    telegram: FakeTelegram
    log: KeptLog
    watched: WatchedTelegram

    async def stay(self, seconds: float, ends_with: BaseException | None = None) -> None:
        """Be connected for a while."""
        async with self.watched.open(ANNA, None):
            self.clock.pass_by(seconds)
            if ends_with is not None:
                raise ends_with


@pytest.fixture
def watching() -> Watching:
    clock, log = HandClock(), KeptLog()
    telegram = FakeTelegram(clock)
    return Watching(clock, telegram, log, WatchedTelegram(telegram, log, clock))


async def test_a_connection_that_ends_in_order_leaves_two_lines(watching: Watching) -> None:
    await watching.stay(30)
    assert watching.log.told == [("connect", 2.0, True), ("disconnect", 30.0, True)]
    assert watching.log.entries[1].cause == "stopped in order"


async def test_a_reconnect_says_how_long_the_account_was_away_and_why(watching: Watching) -> None:
    lost = OutcomeUnknown("the connection to Telegram ended")
    with pytest.raises(OutcomeUnknown):
        await watching.stay(30, lost)
    watching.clock.pass_by(5)
    await watching.stay(1)
    assert watching.log.told == [
        ("connect", 2.0, True),
        ("disconnect", 30.0, False),
        ("reconnect", 7.0, True),
        ("disconnect", 1.0, True),
    ]
    assert watching.log.entries[2].cause == "the connection to Telegram ended"


async def test_attempts_that_fail_are_told_and_the_first_cause_is_kept(watching: Watching) -> None:
    with pytest.raises(OutcomeUnknown):
        await watching.stay(3, OutcomeUnknown("the line was cut"))
    watching.telegram.refusal = OutcomeUnknown("nobody answers")
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            await watching.stay(0)
    watching.telegram.refusal = None
    await watching.stay(0)
    assert [kind for kind, _, _ in watching.log.told] == [
        "connect",
        "disconnect",
        "connect",
        "connect",
        "reconnect",
        "disconnect",
    ]
    reconnect = watching.log.entries[4]
    assert (reconnect.duration, reconnect.cause) == (timedelta(seconds=6), "the line was cut")


async def test_an_answer_of_telegrams_is_counted_by_its_own_name(watching: Watching) -> None:
    with pytest.raises(TelegramRefused):
        await watching.stay(1, REVOKED)
    ended = watching.log.entries[-1]
    assert (ended.error_name, ended.cause) == ("SESSION_REVOKED", "the session was ended")


async def test_being_cancelled_is_no_failure_and_makes_no_reconnect(watching: Watching) -> None:
    with pytest.raises(asyncio.CancelledError):
        await watching.stay(4, asyncio.CancelledError())
    await watching.stay(1)
    assert [kind for kind, _, _ in watching.log.told] == [
        "connect",
        "disconnect",
        "connect",
        "disconnect",
    ]
    assert watching.log.entries[1].succeeded


@pytest.mark.parametrize(("refusal", "succeeded"), [(None, True), (REVOKED, False)])
async def test_each_sign_in_is_told_with_its_outcome(
    watching: Watching, refusal: Exception | None, succeeded: bool
) -> None:
    watching.telegram.refusal = refusal
    answers: Any = object()
    try:
        await watching.watched.sign_in(ANNA, "+79990000000", answers)
    except TelegramRefused:
        assert not succeeded
    (told,) = watching.log.entries
    assert (told.kind, told.succeeded) == (SessionKind.LOGIN, succeeded)
    assert "7999" not in f"{told}"
