"""What the outbox is told, and in which order, when things go wrong during a delivery."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.errors import ServersUnavailable
from orchestrator.ids import (
    AccountId,
    ChannelId,
    MessageId,
    NodeName,
    OutboxId,
    PostRef,
    TelegramId,
)
from orchestrator.lanes.delivery import Delivery
from orchestrator.outbox.gate import Verdict
from orchestrator.ports.leases import Fence
from orchestrator.ports.outbox import Claim, Holder, OutboxState, UnderPost, Waiting
from orchestrator.ports.telegram import Letter, Peer, Sent
from orchestrator.refusals import Action, OutcomeUnknown, Refusal, Scope, TelegramRefused
from orchestrator.tuning import Tuning

ANNA = AccountId(1)
HOLDER = Holder(NodeName("north"), ANNA, Fence(3))
LETTER = Letter(Peer("channel", TelegramId(701), 42), MessageId(9), "Of bad eggs", 77)
SENT = Sent(MessageId(5), datetime(2026, 1, 1, tzinfo=UTC))
TARGET = UnderPost(PostRef(ChannelId(1), MessageId(1)), TelegramId(700), None)
DUE = Waiting(OutboxId(4), ANNA, TARGET, OutboxState.DUE, 0, None, LETTER)
UNKNOWN = replace(DUE, state=OutboxState.UNKNOWN, attempts=1, first_attempt_at=SENT.at)

Act = Callable[[], Awaitable[Any]]


class Clock:
    """A clock that moves when somebody sleeps, or when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return SENT.at

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


@dataclass
class Script:
    """Answers for the outbox, the pacer and the client, and remembers what each was asked."""

    clock: Clock = field(default_factory=Clock)
    verdict: Verdict = Verdict.WELCOME
    claiming: float = 0.0
    answer: Act | None = None
    found: Sent | Exception | None = None
    outages: int = 0
    asked: list[str] = field(default_factory=list)
    recorded: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait_turn(self, *_: Any, **__: Any) -> str:
        self.asked.append("turn")
        return "turn"

    async def claim_if_welcome(self, *_: Any) -> Claim:
        self.asked.append("claim")
        self.clock.seconds += self.claiming
        return Claim(self.verdict, LETTER if self.verdict is Verdict.WELCOME else None)

    async def give_back(self, *told: Any) -> None:
        self.asked.append("give back turn" if told == ("turn",) else "give back claim")

    async def send(self, letter: Letter, *, within: timedelta) -> Any:
        assert letter == LETTER
        self.asked.append("send")
        return await self.answer() if self.answer else SENT

    async def sent_beside(self, *_: Any) -> frozenset[MessageId]:
        return frozenset()

    async def find_own(
        self, letter: Letter, *, since: datetime, besides: frozenset[MessageId]
    ) -> Sent | None:
        self.asked.append("look")
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    async def write(self, name: str) -> None:
        await asyncio.sleep(0)
        if self.outages:
            self.outages -= 1
            self.asked.append("outage")
            raise ServersUnavailable("away")
        self.asked.append(name)
        self.recorded.set()

    async def record_sent(self, *_: Any) -> None:
        await self.write("sent")

    async def record_unknown(self, *_: Any, **__: Any) -> None:
        await self.write("unknown")

    async def put_off(self, *_: Any, **__: Any) -> None:
        await self.write("put off")

    async def fail(self, *_: Any) -> None:
        await self.write("fail")

    def note(self, _: Any) -> None:
        """Take an operation."""

    def delivery(self) -> Delivery:
        stage: Any = SimpleNamespace(
            stores=SimpleNamespace(outbox=self, accounts=self),
            pacer=self,
            clock=self.clock,
            operations=self,
            tuning=Tuning(),
        )
        client: Any = self
        return Delivery(stage, HOLDER, client)


async def test_the_turn_comes_before_the_claim_and_the_claim_before_the_send() -> None:
    script = Script()
    await script.delivery().deliver(DUE)
    assert script.asked == ["turn", "claim", "send", "sent"]


async def test_a_claim_that_took_too_long_is_given_back_with_its_turn_and_nothing_is_sent() -> None:
    script = Script(claiming=Tuning().claim.total_seconds())
    await script.delivery().deliver(DUE)
    assert script.asked == ["turn", "claim", "give back turn", "give back claim"]


@pytest.mark.parametrize("verdict", [Verdict.LEASE_LOST, Verdict.NOT_DUE])
async def test_what_somebody_else_has_is_left_alone(verdict: Verdict) -> None:
    script = Script(verdict=verdict)
    await script.delivery().deliver(DUE)
    assert script.asked == ["turn", "claim", "give back turn"]


@pytest.mark.parametrize(
    ("waiting", "verdict", "told"),
    [
        (DUE, Verdict.GRANT_REVOKED, ["fail"]),
        (DUE, Verdict.GRANT_SUSPENDED, ["put off"]),
        (UNKNOWN, Verdict.GRANT_REVOKED, ["look", "fail"]),
        (UNKNOWN, Verdict.ACCOUNT_PARKED, ["look", "put off"]),
        (UNKNOWN, Verdict.HELD, ["put off"]),
    ],
)
async def test_what_the_gate_refuses_fails_waits_or_is_looked_for(
    waiting: Waiting, verdict: Verdict, told: list[str]
) -> None:
    script = Script(verdict=verdict)
    await script.delivery().deliver(waiting)
    assert script.asked == ["turn", "claim", "give back turn", *told]


async def test_what_is_found_by_looking_is_sent_whatever_the_gate_said() -> None:
    script = Script(verdict=Verdict.GRANT_REVOKED, found=SENT)
    await script.delivery().deliver(UNKNOWN)
    assert script.asked[-2:] == ["look", "sent"]


@pytest.mark.parametrize(
    ("action", "told"), [(Action.WAIT, "put off"), (Action.SUSPEND_CHAT, "fail")]
)
async def test_where_telegram_lets_nobody_look_it_is_looked_later_or_never(
    action: Action, told: str
) -> None:
    blind = TelegramRefused(Refusal("X", Scope.CHAT, action, "no"))
    script = Script(verdict=Verdict.GRANT_REVOKED, found=blind)
    await script.delivery().deliver(UNKNOWN)
    assert script.asked[-2:] == ["look", told]


async def test_after_enough_tries_without_an_answer_nothing_is_sent_any_more() -> None:
    script = Script()
    await script.delivery().deliver(replace(UNKNOWN, attempts=Tuning().settling.attempts))
    assert script.asked == ["look", "fail"]


async def test_without_an_answer_the_outcome_is_unknown_and_the_client_is_given_up() -> None:
    async def nothing() -> Sent:
        raise OutcomeUnknown("no answer in time")

    script = Script(answer=nothing)
    with pytest.raises(OutcomeUnknown):
        await script.delivery().deliver(DUE)
    assert script.asked == ["turn", "claim", "send", "unknown"]


async def test_a_lane_that_is_cancelled_while_it_sends_stores_that_nobody_knows() -> None:
    under_way = asyncio.Event()

    async def never() -> Sent:
        under_way.set()
        await asyncio.Event().wait()
        raise AssertionError

    script = Script(answer=never)
    lane = asyncio.create_task(script.delivery().deliver(DUE))
    await under_way.wait()
    lane.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lane
    assert script.asked == ["turn", "claim", "send", "unknown"]


async def test_a_lane_that_is_cancelled_between_answer_and_record_records_all_the_same() -> None:
    answered = asyncio.Event()

    async def answer() -> Sent:
        answered.set()
        return SENT

    script = Script(answer=answer)
    lane = asyncio.create_task(script.delivery().deliver(DUE))
    await answered.wait()
    lane.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lane
    assert script.asked == ["turn", "claim", "send", "sent"]


async def test_a_proof_is_brought_again_while_the_database_is_away() -> None:
    script = Script(outages=3)
    await script.delivery().deliver(DUE)
    assert script.asked == ["turn", "claim", "send", *["outage"] * 3, "sent"]


async def test_a_proof_that_cannot_be_stored_for_a_whole_lease_ends_the_lane() -> None:
    script = Script(outages=10_000)
    with pytest.raises(ServersUnavailable):
        await script.delivery().deliver(DUE)
    assert script.clock.monotonic() >= Tuning().lease.total_seconds()
    assert "sent" not in script.asked


async def test_nothing_is_sent_before_the_proof_of_the_message_before_is_stored() -> None:
    script = Script(outages=3)
    delivery = script.delivery()
    await delivery.send_on(DUE)
    await delivery.send_on(replace(DUE, id=OutboxId(5)))
    await delivery.recorded()
    first, second = (place for place, told in enumerate(script.asked) if told == "send")
    assert first < script.asked.index("sent") < second
    assert script.asked.count("sent") == 2


async def test_a_claim_is_given_back_where_the_proof_before_it_cannot_be_stored() -> None:
    script = Script(outages=10_000)
    delivery = script.delivery()
    await delivery.send_on(DUE)
    with pytest.raises(ServersUnavailable):
        await delivery.send_on(replace(DUE, id=OutboxId(5)))
    assert script.asked.count("send") == 1
    assert script.asked[-1] == "give back claim"
