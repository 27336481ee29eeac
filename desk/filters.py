"""Filters that are asked about every message.

aiogram asks its magic filters (`F.chat.type == …`) in a thread, which costs more than the question.
These are asked on the loop.
"""

from aiogram.enums import ChatType
from aiogram.filters import BaseFilter
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message


class InPrivate(BaseFilter):
    """Takes what happens in a private chat."""

    async def __call__(self, event: Message | ChatMemberUpdated) -> bool:
        """Look at the chat."""
        return event.chat.type == ChatType.PRIVATE


class InSupergroup(BaseFilter):
    """Takes what happens in a supergroup."""

    async def __call__(self, event: Message | ChatMemberUpdated) -> bool:
        """Look at the chat."""
        return event.chat.type == ChatType.SUPERGROUP


class HasText(BaseFilter):
    """Takes what has a text."""

    async def __call__(self, event: Message) -> bool:
        """Look for it."""
        return event.text is not None


class Carries(BaseFilter):
    """Takes buttons whose data begin so."""

    def __init__(self, begin: str) -> None:
        self.begin = begin

    async def __call__(self, query: CallbackQuery) -> bool:
        """Compare the beginning."""
        return (query.data or "").startswith(self.begin)
