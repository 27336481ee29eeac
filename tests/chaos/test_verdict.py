"""The judge counts what it must, each kind of wrong by itself."""

from orchestrator.ids import AccountId, OutboxId
from tests.chaos.population import Row
from tests.chaos.telegram import Evidence
from tests.chaos.verdict import judge

ANNA = AccountId(1)


def row(number: int, state: str, sent: int | None = None, *, unsettled: bool = False) -> Row:
    return Row(OutboxId(number), ANNA, state, unsettled, 1, sent, None)


def evidence(arrived: dict[int, tuple[int, ...]], *, strangers: int = 0, held: int = 0) -> Evidence:
    return Evidence(arrived, strangers, repeated=0, double_held=held, unexplained={})


def test_what_arrived_once_and_is_proved_is_clean() -> None:
    verdict = judge([row(1, "sent", 11), row(2, "sent", 12, unsettled=True)],
                    evidence({1: (11,), 2: (12,)}))  # fmt: skip
    assert verdict.is_clean
    assert verdict.line() == "sent=2 doubled=0 lost=0 double_held=0 recovered=1"


def test_a_message_that_stands_there_twice_is_doubled_and_one_of_nobody_too() -> None:
    assert judge([row(1, "sent", 11)], evidence({1: (11, 12)})).doubled == 1
    assert judge([row(1, "sent", 11)], evidence({1: (11,), 9: (12,)})).doubled == 1
    assert judge([row(1, "sent", 11)], evidence({1: (11,)}, strangers=1)).doubled == 1


def test_whatever_is_not_proved_is_lost_also_when_it_arrived() -> None:
    for state in ("due", "sending", "unknown", "unresolved", "failed", "cancelled"):
        assert judge([row(1, state)], evidence({1: (11,)})).lost == 1
    assert judge([row(1, "sent", 11)], evidence({})).lost == 1
    assert judge([row(1, "sent", 12)], evidence({1: (11,)})).lost == 1


def test_a_key_seen_twice_is_not_clean() -> None:
    assert not judge([row(1, "sent", 11)], evidence({1: (11,)}, held=1)).is_clean
