"""Somebody writes to an account: a whole sale, told by its scripts, over real Telethon."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.ports.conversations import ConversationState
from tests.e2e.talking import Talk, talking


@pytest.fixture
async def talk(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(database_url, redis_url, tmp_path) as opened:
        yield opened


async def test_a_sale_is_led_in_russian_from_the_first_message_to_the_last_step(
    talk: Talk,
) -> None:
    async with talk.company.running_node():
        await talk.says("Как вступить в клуб?", "программа-помощник журнала «Фонарь»")
        await talk.says("а это не дорого?")
        await talk.says("лекционные вечера", "900 рублей", parts=2)
        await talk.says("8 (999) 123-45-67", "«друг»", "89991234567")
        await talk.says("да", "ничего не спишется")
        await talk.reaches(ConversationState.CLOSED)
        await talk.settles()
    assert len(talk.answers()) == 6
    detail = await talk.company.service.conversations.show(await talk.number())
    assert detail.known == {"plan": "друг", "phone": "89991234567", "agreed": True}
    assert [one.ours for one in detail.history].count(True) == 6
    assert all(one.is_read for one in detail.history if not one.ours)
