"""What a process may not say any more never leaves it, whatever was queued before."""

import asyncio

import pytest
from telethon.tl.functions.messages import SendMessageRequest
from telethon.tl.types import InputPeerSelf

from accounts.telegram import TelethonTelegram
from orchestrator.leases.tenure import Tenure
from orchestrator.refusals import OutcomeUnknown
from tests.integration.accounts.cast import ANNA, QUICK, Cast, endpoint
from tests.support.clock import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def tenure(clock: HandClock) -> Tenure:
    made = Tenure(clock)
    made.extend([ANNA], clock.monotonic() + 25.0)
    return made


@pytest.fixture
async def telegram(cast: Cast, tenure: Tenure) -> TelethonTelegram:
    await cast.enlist()
    return TelethonTelegram(endpoint(cast.server), cast.sessions, QUICK, tenure)


def hello(number: int) -> SendMessageRequest:
    return SendMessageRequest(InputPeerSelf(), f"hello {number}", random_id=number)


async def test_an_account_that_is_held_speaks(telegram: TelethonTelegram) -> None:
    async with telegram.open(ANNA, None) as anna:
        assert (await anna.profile()).first_name == "Anna"


async def test_an_account_that_is_not_held_does_not_even_connect(
    telegram: TelethonTelegram, tenure: Tenure
) -> None:
    tenure.until.clear()
    with pytest.raises(OutcomeUnknown):
        async with telegram.open(ANNA, None):
            pass


async def test_what_was_queued_before_the_process_was_stopped_does_not_leave_when_it_goes_on(
    telegram: TelethonTelegram, clock: HandClock
) -> None:
    async with telegram.open(ANNA, None) as anna:
        client = anna.connection.client
        asked = [asyncio.ensure_future(client(hello(number))) for number in range(1, 4)]
        # The requests are made and wait for Telethon's turn; here the process is stopped, and when
        # it goes on, they are first in line: no check further up comes before them.
        await asyncio.sleep(0)
        clock.pass_by(25.0)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(answer) for answer in answers] == [ConnectionError] * 3
        with pytest.raises(OutcomeUnknown):
            await anna.profile()


async def test_a_tenure_that_ends_breaks_the_connection_at_once(
    telegram: TelethonTelegram, tenure: Tenure
) -> None:
    async with telegram.open(ANNA, None) as anna:
        tenure.end(ANNA)
        async with asyncio.timeout(5):
            await anna.wait_closed()
        with pytest.raises(OutcomeUnknown, match="nothing was asked"):
            await anna.profile()


async def test_nothing_is_broken_that_was_closed_before(
    telegram: TelethonTelegram, tenure: Tenure
) -> None:
    async with telegram.open(ANNA, None) as anna:
        await anna.profile()
    assert tenure.cuts == {}
    tenure.end(ANNA)
