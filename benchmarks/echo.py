"""A bare aiogram echo bot that polls: python -m benchmarks.echo URL, the token on its input."""

import asyncio
import sys

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import CommandStart
from aiogram.types import Message


async def ignore(_message: Message) -> None:
    """Leave greetings unanswered: they are not timed."""


async def echo(message: Message) -> None:
    """Say what was said."""
    await message.copy_to(message.chat.id)


async def main(url: str, token: str) -> None:
    """Poll until killed."""
    bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(url)))
    dispatcher = Dispatcher()
    dispatcher.message.register(ignore, CommandStart())
    dispatcher.message.register(echo)
    await dispatcher.start_polling(bot, handle_signals=False)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.stdin.readline().strip()))
