"""Receiving everything: updates become facts, and the stored state follows what was committed.

Telethon moves its own state on before handlers run, and saves that. Here the state that is stored
is one up to which every fact was committed; what a crash interrupts is told again. Facts are handed
over in order, and many of them may wait for their commit at once.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from telethon import TelegramClient, errors
from telethon.tl.functions.updates import GetChannelDifferenceRequest, GetDifferenceRequest
from telethon.tl.types import updates

from accounts.errors import refusal_in, translate
from accounts.internals import WatchedQueue, free_changes, is_about_channel, reveal_skips
from accounts.translate import facts_of
from orchestrator.errors import TroupeError
from orchestrator.facts import ChannelLost, Fact, Sink, UpdatesSkipped
from orchestrator.ids import AccountId, TelegramId
from orchestrator.ports.sessions import UpdateState
from orchestrator.refusals import OutcomeUnknown

log = logging.getLogger(__name__)

DIFFERENCE_ATTEMPTS: Final = 3
"""Telethon gives a difference up at the first trouble and may ask again only 15 minutes later."""

IN_FLIGHT: Final = 256
"""How many facts of one account may wait for their commit; then Telegram has to wait too."""

LOOK_EVERY: Final = 0.05
"""Seconds between two looks at the update state while updates stream in."""

LAST_COMMITS: Final = 0.25
"""How many seconds facts get to be committed when the connection closes."""

Save = Callable[[UpdateState], Awaitable[None]]
Look = Callable[[], UpdateState]


class FactDropped(TroupeError):
    """A fact was given up while it was being committed; it is told again another time."""


class UpdateFlow:
    """Takes one account's updates to the sink, in order, and stores how far they are committed."""

    def __init__(
        self,
        account: AccountId,
        sink: Sink,
        save: Save,
        pause: timedelta,
        *,
        look: Look,
        saved: UpdateState | None,
    ) -> None:
        self.account, self.sink, self.save, self.pause, self.look = account, sink, save, pause, look
        self.loop = asyncio.get_running_loop()
        self.failure: BaseException | None = None
        self.failed = self.loop.create_future()
        self.handled = self.saved = saved
        self.saving: asyncio.Task[None] | None = None
        self.room: asyncio.Future[None] = self.loop.create_future()
        self.taken = 0
        self.in_flight: dict[int, asyncio.Future[None]] = {}
        self.reached: deque[tuple[int, UpdateState]] = deque()
        self.look_at = 0.0
        self.rounds = 0
        self.caught_up = asyncio.Event()

    async def handle(self, update: Any) -> None:  # noqa: ANN401 - Telethon's updates
        """Hand over what an update tells; after a failure nothing more is taken."""
        for fact in facts_of(self.account, update):
            while len(self.in_flight) >= IN_FLIGHT:
                self.room = self.loop.create_future()
                await self.room
            if self.failure is None:
                self.hand_over(fact)

    def hand_over(self, fact: Fact) -> None:
        """Give a fact to the sink, and see to its end."""
        self.taken += 1
        number = self.taken
        taken = asyncio.ensure_future(self.sink(fact))
        self.in_flight[number] = taken
        taken.add_done_callback(lambda ended: self.note_taken(number, ended))

    async def take(self, fact: Fact) -> None:
        """Commit one fact; when that fails, the state stays before it for good."""
        if self.failure is not None:
            return
        try:
            await self.sink(fact)
        except asyncio.CancelledError:
            self.fail(FactDropped())
            raise
        except Exception as error:  # noqa: BLE001 - a task's boundary: Telethon would swallow it
            self.fail(error)

    def note_taken(self, number: int, ended: asyncio.Future[None]) -> None:
        """Make room for another fact, and see which state is committed by now."""
        del self.in_flight[number]
        error = FactDropped() if ended.cancelled() else ended.exception()
        if error is not None:
            self.fail(error)
        if not self.room.done():
            self.room.set_result(None)
        if self.reached:
            oldest = next(iter(self.in_flight), self.taken + 1)
            while self.reached and self.reached[0][0] < oldest:
                self.note_handled(self.reached.popleft()[1])

    def fail(self, error: BaseException) -> None:
        """Stop the flow; whoever holds the connection learns it from `failed`."""
        self.failure = self.failure or error
        if not self.failed.done():
            self.failed.set_result(None)

    def note_idle(self, more: bool) -> None:
        """Take note that all updates so far were handed over; the state may be read now.

        The first time is before anything was asked for, the second when all that was missed while
        nobody was connected has come.
        """
        self.rounds += 1
        if self.rounds > 1:
            self.caught_up.set()
        now = self.loop.time()
        if not more or now >= self.look_at:
            self.look_at = now + LOOK_EVERY
            self.note_reached()

    def note_reached(self) -> None:
        """Read the state, which counts once every fact before it is committed."""
        if not self.in_flight:
            self.note_handled(self.look())
            return
        if self.reached and self.reached[-1][0] == self.taken:
            self.reached.pop()
        self.reached.append((self.taken, self.look()))

    def note_handled(self, state: UpdateState) -> None:
        """Remember that everything up to `state` is committed, and store that soon."""
        if self.failure is not None or state == self.handled:
            return
        self.handled = state
        if self.saving is None or self.saving.done():
            name = f"update state:{self.account}"
            self.saving = asyncio.create_task(self.save_soon(), name=name)

    async def save_soon(self) -> None:
        """Store the state until it moves no more, at most once in each pause."""
        try:
            while self.handled != self.saved:
                await asyncio.sleep(self.until_next_save())
                await self.save_handled()
        except Exception as error:  # noqa: BLE001 - a task's boundary: told through `failed`
            self.fail(error)

    def until_next_save(self) -> float:
        """Return the seconds until all accounts of this process store their states, together."""
        pause = self.pause.total_seconds()
        return pause - self.loop.time() % pause if pause else 0.0

    async def save_handled(self) -> None:
        """Store the state, if it is not stored yet."""
        state = self.handled
        if state is not None and state != self.saved:
            await self.save(state)
            self.saved = state

    async def stop(self) -> None:
        """End what commits facts and stores the state; what they leave is told again."""
        if self.in_flight:
            await asyncio.wait(self.in_flight.values(), timeout=LAST_COMMITS)
        tasks = [*self.in_flight.values(), *filter(None, [self.saving])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class ReceivingClient(TelegramClient):  # type: ignore[misc]  # Telethon has no types
    """A client that tells of what Telethon keeps to itself: skipped updates, lost channels."""

    flow: UpdateFlow
    queue: WatchedQueue
    answer: timedelta

    async def __call__(
        self,
        request: Any,  # noqa: ANN401 - Telethon's signature
        ordered: bool = False,
        flood_sleep_threshold: int | None = None,
    ) -> Any:  # noqa: ANN401
        """Ask Telegram; differences are asked for a few times and looked into."""
        if isinstance(request, GetDifferenceRequest | GetChannelDifferenceRequest):
            return await self.whole_difference(request)
        if not is_about_channel(request):
            return await super().__call__(request, ordered, flood_sleep_threshold)
        self.queue.about_channels += 1
        try:
            return await super().__call__(request, ordered, flood_sleep_threshold)
        finally:
            self.queue.about_channels -= 1

    async def whole_difference(self, request: Any) -> Any:  # noqa: ANN401
        """Take a difference, and make sure that nothing in it is passed over."""
        difference = await self.difference(request)
        reveal_skips(self, getattr(difference, "other_updates", None))
        free_changes(request, difference)
        if isinstance(difference, updates.DifferenceTooLong | updates.ChannelDifferenceTooLong):
            await self.tell_skipped(request)
        return difference

    async def tell_skipped(self, request: Any) -> None:  # noqa: ANN401
        """Tell that what happened in a channel, or in private, has to be compared."""
        channel = getattr(request, "channel", None)
        skipped = None if channel is None else TelegramId(channel.channel_id)
        await self.flow.take(UpdatesSkipped(self.flow.account, skipped))

    async def difference(self, request: Any) -> Any:  # noqa: ANN401
        """Take a difference; tell of a channel that is closed to us now."""
        for attempt in range(1, DIFFERENCE_ATTEMPTS + 1):
            try:
                async with asyncio.timeout(self.answer.total_seconds()):
                    return await super().__call__(request)
            except TimeoutError as late:
                # Telethon would wait for ever, and take no update meanwhile.
                self.flow.fail(OutcomeUnknown("Telegram did not tell in time what was missed"))
                raise errors.TimedOutError(request) from late
            except (errors.ServerError, errors.TimedOutError) as error:
                if attempt == DIFFERENCE_ATTEMPTS:
                    await self.do_without(request, error)
                    raise
            except errors.FloodError as error:
                await self.do_without(request, error)
                raise
            except (errors.ChannelPrivateError, errors.ChannelInvalidError) as error:
                channel = TelegramId(request.channel.channel_id)
                await self.flow.take(
                    ChannelLost(self.flow.account, channel, refusal_in(error).sentence)
                )
                raise
        raise AssertionError("unreachable")

    async def do_without(self, request: Any, error: errors.RPCError) -> None:  # noqa: ANN401
        """See to it that what a difference would have told is not missed.

        A channel's history tells the same; what happened in private is asked for again on the next
        connection, from the stored state.
        """
        if isinstance(request, GetChannelDifferenceRequest):
            await self.tell_skipped(request)
        else:
            self.flow.fail(translate(error))
