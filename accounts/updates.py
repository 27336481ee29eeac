"""Receiving everything: updates become facts, and the stored state follows what was committed.

Telethon moves its own state on before handlers run, and saves that. Here the state that is stored
is the one taken when everything before it was handled; what a crash interrupts is told again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from telethon import TelegramClient, errors
from telethon.tl.functions.updates import GetChannelDifferenceRequest, GetDifferenceRequest
from telethon.tl.types import updates

from accounts.errors import refusal_in
from accounts.internals import reveal_skips
from accounts.translate import facts_of
from orchestrator.facts import ChannelLost, Fact, Sink, UpdatesSkipped
from orchestrator.ids import AccountId, TelegramId
from orchestrator.ports.sessions import UpdateState

log = logging.getLogger(__name__)

DIFFERENCE_ATTEMPTS: Final = 3
"""Telethon gives a difference up at the first trouble and may ask again only 15 minutes later."""

Save = Callable[[UpdateState], Awaitable[None]]


class UpdateFlow:
    """Takes one account's updates to the sink, in order, and stores how far they are committed."""

    def __init__(
        self,
        account: AccountId,
        sink: Sink,
        save: Save,
        pause: timedelta,
        *,
        saved: UpdateState | None,
    ) -> None:
        self.account, self.sink, self.save, self.pause = account, sink, save, pause
        self.failure: Exception | None = None
        self.failed = asyncio.get_running_loop().create_future()
        self.handled = self.saved = saved
        self.saving: asyncio.Task[None] | None = None

    async def handle(self, update: Any) -> None:  # noqa: ANN401 - Telethon's updates
        """Commit what an update tells; after a failure nothing more is taken."""
        for fact in facts_of(self.account, update):
            await self.take(fact)

    async def take(self, fact: Fact) -> None:
        """Commit one fact; when that fails, the state stays before it for good."""
        if self.failure is not None:
            return
        try:
            await self.sink(fact)
        except asyncio.CancelledError:
            self.fail(RuntimeError("a fact was dropped while it was being committed"))
            raise
        except Exception as error:  # noqa: BLE001 - a task's boundary: Telethon would swallow it
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Stop the flow; whoever holds the connection learns it from `failed`."""
        self.failure = self.failure or error
        if not self.failed.done():
            self.failed.set_result(None)

    def note_handled(self, state: UpdateState) -> None:
        """Remember that everything up to `state` is committed, and store that soon."""
        if self.failure is not None or state == self.handled:
            return
        self.handled = state
        if self.saving is None or self.saving.done():
            name = f"update state:{self.account}"
            self.saving = asyncio.create_task(self.save_soon(), name=name)

    async def save_soon(self) -> None:
        """Store the state until it moves no more, with a pause before each write."""
        try:
            while self.handled != self.saved:
                await asyncio.sleep(self.pause.total_seconds())
                await self.save_handled()
        except Exception as error:  # noqa: BLE001 - a task's boundary: told through `failed`
            self.fail(error)

    async def save_handled(self) -> None:
        """Store the state, if it is not stored yet."""
        state = self.handled
        if state is not None and state != self.saved:
            await self.save(state)
            self.saved = state

    async def stop(self) -> None:
        """End the task that stores the state."""
        if self.saving is not None:
            self.saving.cancel()
            await asyncio.gather(self.saving, return_exceptions=True)


class ReceivingClient(TelegramClient):  # type: ignore[misc]  # Telethon has no types
    """A client that tells of what Telethon keeps to itself: skipped updates, lost channels."""

    flow: UpdateFlow

    async def __call__(
        self,
        request: Any,  # noqa: ANN401 - Telethon's signature
        ordered: bool = False,
        flood_sleep_threshold: int | None = None,
    ) -> Any:  # noqa: ANN401
        """Ask Telegram; differences are asked for a few times and looked into."""
        if not isinstance(request, GetDifferenceRequest | GetChannelDifferenceRequest):
            return await super().__call__(request, ordered, flood_sleep_threshold)
        difference = await self.difference(request)
        reveal_skips(self, getattr(difference, "other_updates", None))
        if isinstance(difference, updates.DifferenceTooLong):
            await self.flow.take(UpdatesSkipped(self.flow.account, None))
        elif isinstance(difference, updates.ChannelDifferenceTooLong):
            channel = TelegramId(request.channel.channel_id)
            await self.flow.take(UpdatesSkipped(self.flow.account, channel))
        return difference

    async def difference(self, request: Any) -> Any:  # noqa: ANN401
        """Take a difference; tell of a channel that is closed to us now."""
        for attempt in range(1, DIFFERENCE_ATTEMPTS + 1):
            try:
                return await super().__call__(request)
            except (errors.ServerError, errors.TimedOutError):
                if attempt == DIFFERENCE_ATTEMPTS:
                    raise
            except (errors.ChannelPrivateError, errors.ChannelInvalidError) as error:
                channel = TelegramId(request.channel.channel_id)
                await self.flow.take(
                    ChannelLost(self.flow.account, channel, refusal_in(error).sentence)
                )
                raise
        raise AssertionError("unreachable")
