"""Reading out of Telegram's answer which message a letter became."""

from datetime import UTC, datetime
from typing import Any

import pytest
from telethon import types as tl

from accounts.client import send_request, sent_in
from orchestrator.ids import MessageId, TelegramId
from orchestrator.ports.telegram import Letter, Peer, Sent

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVE = datetime(2026, 3, 1, 18, tzinfo=UTC)


def updates(*each: Any) -> tl.Updates:
    return tl.Updates(list(each), [], [], EVE, 0)


def new_message(number: int) -> tl.UpdateNewChannelMessage:
    message = tl.Message(number, tl.PeerChannel(5), date=NOON, message="x")
    return tl.UpdateNewChannelMessage(message, 2, 1)


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        (tl.UpdateShortSentMessage(9, 2, 1, NOON), Sent(MessageId(9), NOON)),
        (updates(tl.UpdateMessageID(9, 77), new_message(9)), Sent(MessageId(9), NOON)),
        (
            updates(new_message(8), new_message(9), tl.UpdateMessageID(9, 77)),
            Sent(MessageId(9), NOON),
        ),
        (updates(new_message(9)), Sent(MessageId(9), NOON)),
        (updates(tl.UpdateMessageID(9, 77)), Sent(MessageId(9), EVE)),
        (tl.UpdateShort(tl.UpdateMessageID(9, 77), EVE), Sent(MessageId(9), EVE)),
        (updates(tl.UpdateMessageID(9, 78)), None),
        (updates(), None),
        (tl.UpdatesTooLong(), None),
    ],
)
def test_the_message_is_found_in_any_answer(answer: Any, sent: Sent | None) -> None:
    assert sent_in(answer, 77) == sent


def test_a_retry_puts_the_same_bytes_on_the_wire() -> None:
    letter = Letter(Peer("channel", TelegramId(5), 6), MessageId(3), "*raw* text", -42)
    assert bytes(send_request(letter)) == bytes(send_request(letter))
    assert send_request(letter).random_id == -42
    assert send_request(letter).message == "*raw* text"
