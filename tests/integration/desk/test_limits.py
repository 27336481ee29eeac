"""Telegram's limits in mode take: a burst waits its turn, and nothing of it is lost or mixed up."""

from desk.pace import BotLimits
from tests.integration.desk.stand import Stand
from tests.integration.desk.test_relays import dialogue

BURST = [f"word {number}" for number in range(6)]


async def test_a_burst_is_relayed_in_order_without_asking_too_fast(stand: Stand) -> None:
    stand.limits = BotLimits()
    stand.api.limits.enabled = True
    async with dialogue(stand) as talk:
        for word in BURST:
            stand.say(talk.client, word)
            stand.say(talk.operator, f"answer to {word}")
        await stand.shown(talk.operator, BURST[-1])
        await stand.shown(talk.client, f"answer to {BURST[-1]}")
        for reader, expected in (
            (talk.operator, BURST),
            (talk.client, [f"answer to {word}" for word in BURST]),
        ):
            told = [m.text for m in stand.told(reader) if m.author != reader.id]
            assert [text for text in told if text in expected] == expected
    refused = [call.method for call in stand.api.journal.calls if call.code == 429]
    assert refused == []
