"""Plain messages: what somebody writes in private who was asked nothing and gives no command.

They are most of what comes. Which wing they concern is asked of the wings themselves, in their
order: aiogram's routers would ask some thirty filters, which costs several times as much as the
handler itself.
"""

from collections.abc import Sequence

from aiogram.enums import ChatType
from aiogram.fsm.context import FSMContext
from aiogram.types import Message, Update

from desk.content import is_command
from desk.house import Plain, Wing
from desk.turn import Turn


def plain_message(update: Update) -> Message | None:
    """Return the message of an update, if it can be a plain one by itself."""
    message = update.message
    if message is None or message.chat.type != ChatType.PRIVATE or message.from_user is None:
        return None
    return None if is_command(message) else message


class PlainWay:
    """Hands plain messages to the wings that take such, as their routers would."""

    def __init__(self, wings: Sequence[Wing]) -> None:
        self.takers: Sequence[Plain] = [wing.plain for wing in wings if wing.plain is not None]

    async def take(self, message: Message, turn: Turn, state: FSMContext) -> bool:
        """Have a message handled; False for one that is an answer to something asked."""
        if await state.get_state() is not None:
            return False
        for taker in self.takers:
            if await taker(message, turn):
                return True
        return False
