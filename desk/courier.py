"""The courier: sends parcels, those to one chat in order, those to different chats side by side.

The Bot API has no random_id. A parcel is therefore marked as being sent before its request goes
out; where no answer comes, it is not sent again but marked as doubtful, and the one who waits for
it is told, with a button to send it again. What may be repeated without being seen (edits,
reactions, titles) is simply repeated.
"""

import asyncio
import logging
from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from aiogram import Bot
from pydantic import JsonValue

from desk.calls import CallFailed, Fate, call, shows_once
from desk.listening import listening
from desk.pace import Pace
from desk.turn import MEDIA
from orchestrator.clock import Clock
from orchestrator.errors import ServersUnavailable
from orchestrator.ports.desk import (
    After,
    BotId,
    DeskMemory,
    DueParcel,
    Outcome,
    Parcel,
    ParcelId,
    ParcelState,
    ParcelStore,
)
from orchestrator.ports.work import Bell, Topic
from support.ids import ChatId, TgMessageId

log = logging.getLogger(__name__)

AT_ONCE = 1000
"""Parcels in hand at most."""
SIDE_BY_SIDE = 64
"""Requests at a time."""
POLL = 5.0
STOPS_WITHIN = 5.0
PAUSES = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
"""Seconds before each further try of what was not done; the last one stands for all later ones."""
BROKEN_TRIES = 6
"""How often Telegram may answer that it cannot before a parcel is given up."""
ASIDE = frozenset({"editForumTopic"})
"""What may wait aside while messages pass it: a title that is late harms nobody."""
TITLE_PATIENCE = 180.0
"""Seconds after which a title waits like any message: a busy group's would never change."""
EDITS = frozenset({"editForumTopic", "editMessageText", "editMessageReplyMarkup"})
"""Of several that wait for the same message or title, the last one says it all."""
MINUTE = timedelta(minutes=1)
RELAYED_LASTS = timedelta(hours=2)
"""How long Redis remembers that a message was relayed; PostgreSQL does for good."""
HELD = "held"
"""The continuation that is told of a parcel which waits for a person to press /start."""
TOPIC_GONE = "topic_gone"
"""The continuation that is told of a parcel whose topic was deleted."""
GROUP_MOVED = "group_moved"
"""The continuation that is told of a parcel whose group became a supergroup."""
GONE = ("message thread not found", "TOPIC_DELETED", "TOPIC_ID_INVALID")
UNCHANGED = ("message is not modified", "TOPIC_NOT_MODIFIED")


NOTICE = "p:"
"""How the keys of notices about other parcels begin."""


class Wording(Protocol):
    """Says what becomes of a parcel to whoever waits for it."""

    def doubtful(self, parcel: DueParcel) -> Parcel | None:
        """Say that it may not have arrived, with a button to send it again."""

    def undelivered(self, parcel: DueParcel, reason: str) -> Parcel | None:
        """Say that it was not delivered, and why."""


@dataclass(slots=True)
class Line:
    """What waits for one chat, in order."""

    chat: ChatId
    parcels: list[DueParcel] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[None] | None" = None


@dataclass(slots=True)
class Courier:
    """Sends what waits for one bot; one process at a time runs it."""

    bot: Bot
    bot_id: BotId
    by: str
    """This process, as parcels that it sends are marked with."""
    store: ParcelStore
    bell: Bell
    clock: Clock
    pace: Pace
    wording: Wording
    memory: DeskMemory
    point: Callable[[str], None] = lambda _: None
    """Called at named points of the way, for trials that end the process there."""
    lines: dict[ChatId, Line] = field(default_factory=dict)
    held: set[ParcelId] = field(default_factory=set)
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SIDE_BY_SIDE))
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    settling: "set[asyncio.Task[None]]" = field(default_factory=set)
    tries: dict[ParcelId, int] = field(default_factory=dict)
    stopping: bool = False

    async def run(self) -> None:
        """Send for ever; when cancelled, what is on its way is waited for and recorded."""
        try:
            await self.doubt_the_left_behind()
            while True:
                try:
                    await self.fetch()
                except ServersUnavailable as away:
                    log.warning("parcels wait: %s", away)
                    await self.clock.sleep(1.0)
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Begin nothing more; wait for what was begun."""
        self.stopping = True
        tasks = [line.task for line in self.lines.values() if line.task is not None]
        for line in self.lines.values():
            line.parcels.clear()
            line.came.set()
        until = self.clock.monotonic() + STOPS_WITHIN
        if tasks:
            await asyncio.wait(tasks, timeout=STOPS_WITHIN)
        # Asked once the lines are done: what is answered meanwhile is recorded, and no doubt.
        if self.settling:
            await asyncio.wait(self.settling, timeout=max(1.0, until - self.clock.monotonic()))
        for task in (*tasks, *self.settling):
            task.cancel()
        await asyncio.gather(*tasks, *self.settling, return_exceptions=True)

    async def doubt_the_left_behind(self) -> None:
        """Settle what another process was sending when it ended: nobody knows what became of it."""
        for parcel in await self.store.left_behind(self.bot_id, self.by):
            if not is_repeatable(parcel.parcel):
                log.warning("parcel %s may not have arrived: its process ended", parcel.id)
                await self.store.settle_parcel(self.bot_id, self.unknown(parcel, "process ended"))
            else:
                await self.store.give_back([parcel.id])
        self.pace.remember(await self.store.lately_sent(self.bot_id, MINUTE))

    async def fetch(self) -> None:
        """Take in what waits; then wait for the bell, or for room."""
        async with listening(self.bell, Topic.PARCELS, POLL) as rung:
            self.freed.clear()
            limit = AT_ONCE - len(self.held)
            held = tuple(self.held)
            found = await self.store.due_parcels(self.bot_id, held, limit) if limit else ()
            for parcel in found:
                self.take_in(parcel)
            if limit == 0 or len(found) == limit:
                await self.freed.wait()
            else:
                await rung

    def take_in(self, parcel: DueParcel) -> None:
        """Put a parcel into the line of its chat."""
        if parcel.id in self.held:
            return
        self.held.add(parcel.id)
        line = self.lines.get(parcel.parcel.chat)
        if line is None:
            line = self.lines[parcel.parcel.chat] = Line(parcel.parcel.chat)
        insort(line.parcels, parcel, key=lambda each: each.id)
        line.came.set()
        if line.task is None:
            line.task = asyncio.create_task(self.serve(line), name=f"courier to {line.chat}")

    async def serve(self, line: Line) -> None:
        """Send what waits for a chat, one after the other, until nothing does."""
        while line.parcels and not self.stopping:
            try:
                batch = await self.next_batch(line)
                if batch:
                    await self.deliver(line, batch)
            except ServersUnavailable as away:
                log.warning("parcels to a chat wait: %s", away)
                await self.clock.sleep(1.0)
            except Exception:
                log.exception("a parcel to a chat is left for the next round")
                self.drop(line, line.parcels[:1])
        line.task = None
        if not line.parcels:
            self.lines.pop(line.chat, None)

    async def next_batch(self, line: Line) -> list[DueParcel]:
        """Return the parcel that is next, or the album; empty after a wait that changed things."""
        await self.merge_edits(line)
        waits: list[float] = []
        for place, parcel in enumerate(line.parcels):
            wait = self.wait_of(parcel)
            if wait <= 0:
                return self.with_album(line.parcels[place:])
            waits.append(wait)
            if parcel.parcel.method not in ASIDE:
                break
        if waits:
            await self.wait_for_more(line, min(waits))
        return []

    def wait_of(self, parcel: DueParcel) -> float:
        """Return the seconds for which a parcel is left; titles wait while little room is left."""
        due = (parcel.due_at - self.clock.now()).total_seconds()
        if parcel.parcel.method in ASIDE and due > -TITLE_PATIENCE:
            return max(due, self.pace.wait_aside(parcel.parcel.chat))
        return due

    async def wait_for_more(self, line: Line, seconds: float) -> None:
        """Wait for that time, or until something else comes for the chat."""
        line.came.clear()
        waiter = asyncio.create_task(line.came.wait(), name="line")
        try:
            await asyncio.wait({waiter}, timeout=seconds)
        finally:
            waiter.cancel()

    async def merge_edits(self, line: Line) -> None:
        """Drop edits in whose place a later one stands."""
        last: dict[tuple[object, ...], ParcelId] = {}
        for parcel in line.parcels:
            if parcel.parcel.method in EDITS:
                last[target_of(parcel.parcel)] = parcel.id
        over = [
            parcel
            for parcel in line.parcels
            if parcel.parcel.method in EDITS and last[target_of(parcel.parcel)] != parcel.id
        ]
        for parcel in over:
            self.drop(line, [parcel], keep_held=True)
            self.settle_later(Outcome(parcel, ParcelState.MERGED, after=parcel.parcel.after))

    @staticmethod
    def with_album(parcels: Sequence[DueParcel]) -> list[DueParcel]:
        """Return the first parcel with those of the same album that follow it."""
        first = parcels[0]
        if not first.parcel.album:
            return [first]
        together = []
        for parcel in parcels:
            if parcel.parcel.album != first.parcel.album:
                break
            together.append(parcel)
        return together[:10]

    async def deliver(self, line: Line, batch: list[DueParcel]) -> None:
        """Wait for the turn, mark as being sent, send, and have the outcome recorded."""
        acts = len(batch)
        if counts(batch[0].parcel.method):
            await self.pace.wait_turn(line.chat, acts)
        async with self.room:
            if self.stopping:
                return
            claimed = await self.store.claim_parcels(self.by, [each.id for each in batch])
            mine = [each for each in batch if each.id in claimed]
            mine = await self.without_repeats(line, mine)
            self.drop(line, [each for each in batch if each.id not in claimed])
            if not mine:
                return
            self.point("claimed")
            pause = await asyncio.shield(self.send(line, mine))
        if pause:
            await self.clock.sleep(pause)

    async def without_repeats(self, line: Line, batch: list[DueParcel]) -> list[DueParcel]:
        """Leave out copies of what another parcel copies to the same place.

        The unique keys of parcels see to that already; this holds where a key was made wrong.
        """
        fresh = []
        for parcel in batch:
            key = relay_key(self.bot_id, parcel.parcel)
            if key is None or await self.memory.lock(key, str(parcel.id), RELAYED_LASTS):
                fresh.append(parcel)
            else:
                self.drop(line, [parcel], keep_held=True)
                self.settle_later(Outcome(parcel, ParcelState.MERGED, error="relayed already"))
        return fresh

    async def send(self, line: Line, batch: list[DueParcel]) -> float:
        """Make the request; returns how long the chat is to be left alone before the next try."""
        method, params = request_of(batch)
        try:
            answer = await call(self.bot, method, params)
        except CallFailed as failed:
            return await self.fail(line, batch, failed)
        self.tries.pop(batch[0].id, None)
        self.point("answered")
        self.pace.arrived(line.chat)
        numbers = numbers_in(answer, len(batch))
        self.drop(line, batch, keep_held=True)
        for parcel, number in zip(batch, numbers, strict=True):
            after = parcel.parcel.after
            self.settle_later(Outcome(parcel, ParcelState.SENT, number, after=after))
        return 0.0

    async def fail(self, line: Line, batch: list[DueParcel], failed: CallFailed) -> float:
        """Do what follows from a failure; returns the pause before the next try, if there is."""
        first = batch[0]
        tries = self.tries.get(first.id, 0)
        again = failed.fate in {Fate.NOT_MADE, Fate.LATER} or (
            failed.fate is Fate.BROKEN and tries < BROKEN_TRIES
        )
        if failed.fate is Fate.UNKNOWN and is_repeatable(first.parcel):
            again = tries < BROKEN_TRIES
        if again:
            self.tries[first.id] = tries + 1
            log.info("a parcel to a chat waits: %s", failed)
            await self.store.give_back([each.id for each in batch])
            return failed.seconds or PAUSES[min(tries, len(PAUSES) - 1)]
        self.tries.pop(first.id, None)
        self.drop(line, batch, keep_held=True)
        for parcel in batch:
            self.settle_later(self.outcome_of(parcel, failed))
        return 0.0

    def outcome_of(self, parcel: DueParcel, failed: CallFailed) -> Outcome:
        """Say what became of a parcel that will not be tried again."""
        own = parcel.parcel.after
        match failed.fate:
            case Fate.UNKNOWN:
                return self.unknown(parcel, failed.said)
            case Fate.FORBIDDEN:
                # What goes on after it does so once it is sent: of each parcel is told once.
                after = None if own else After(HELD)
                return Outcome(parcel, ParcelState.HELD, error=failed.said, after=after)
            case Fate.MOVED:
                after = After(GROUP_MOVED, {"to": failed.moved_to})
                return Outcome(parcel, ParcelState.FAILED, error=failed.said, after=after)
        if any(words in failed.said for words in UNCHANGED):
            return Outcome(parcel, ParcelState.SENT, after=own)
        if parcel.parcel.thread and any(words in failed.said for words in GONE):
            after = own or After(TOPIC_GONE)
            return Outcome(parcel, ParcelState.FAILED, error=failed.said, after=after)
        log.warning("a parcel was refused: %s: %s", parcel.parcel.method, failed.said)
        notice = self.wording.undelivered(parcel, failed.said)
        return Outcome(
            parcel,
            ParcelState.FAILED,
            error=failed.said,
            after=own,
            notices=[notice] if notice and not own else (),
        )

    def unknown(self, parcel: DueParcel, why: str) -> Outcome:
        """Mark a parcel as doubtful and tell whoever waits for it."""
        notice = self.wording.doubtful(parcel)
        notices = [notice] if notice else ()
        after = parcel.parcel.after
        return Outcome(parcel, ParcelState.UNKNOWN, error=why, after=after, notices=notices)

    def settle_later(self, outcome: Outcome) -> None:
        """Have an outcome recorded while the line goes on."""
        task = asyncio.create_task(self.settle(outcome), name=f"outcome {outcome.parcel.id}")
        self.settling.add(task)
        task.add_done_callback(self.settling.discard)

    async def settle(self, outcome: Outcome) -> None:
        """Record an outcome, however long PostgreSQL is away."""
        while True:
            try:
                await self.store.settle_parcel(self.bot_id, outcome)
            except ServersUnavailable as away:
                log.warning("what became of a parcel is kept in mind: %s", away)
                await self.clock.sleep(1.0)
            else:
                break
        self.point("settled")
        self.held.discard(outcome.parcel.id)
        self.freed.set()

    def drop(self, line: Line, parcels: Sequence[DueParcel], *, keep_held: bool = False) -> None:
        """Take parcels out of their line; those still to be settled are not fetched again."""
        gone = {each.id for each in parcels}
        line.parcels[:] = [each for each in line.parcels if each.id not in gone]
        if not keep_held:
            self.held -= gone
            self.freed.set()


def relay_key(bot: BotId, parcel: Parcel) -> str | None:
    """Name a relay; what is sent again because somebody asked for it, or is no relay, has none."""
    source = parcel.source
    if source is None or not parcel.key.startswith("r:"):
        return None
    return f"fwd:{bot}:{source.chat}:{source.message}:{parcel.chat}:{parcel.thread}"


def counts(method: str) -> bool:
    """Tell whether a call counts against Telegram's limits."""
    return shows_once(method) or "ForumTopic" in method or method.startswith("edit")


def target_of(parcel: Parcel) -> tuple[object, ...]:
    """Name what an edit changes."""
    one = parcel.params.get("message_id") or parcel.params.get("message_thread_id")
    return (parcel.method, parcel.chat, one)


def is_repeatable(parcel: Parcel) -> bool:
    """Tell whether a parcel may be sent again though it may have arrived.

    That a message is in doubt had better be said twice than not at all.
    """
    return parcel.key.startswith(NOTICE) or not shows_once(parcel.method)


def request_of(batch: Sequence[DueParcel]) -> tuple[str, dict[str, JsonValue]]:
    """Return the call that a parcel is, or the one that an album's copies are together."""
    first = batch[0].parcel
    if len(batch) == 1:
        copied = first.method == "copyMessage"
        return first.method, {k: v for k, v in first.params.items() if not copied or k != MEDIA}
    parts = [each.parcel.params.get(MEDIA) for each in batch]
    if all(parts):
        here = {"chat_id", "message_thread_id", "reply_parameters"}
        shared = {name: value for name, value in first.params.items() if name in here}
        return "sendMediaGroup", shared | {MEDIA: parts}
    dropped = {"message_id", "reply_parameters", "caption", MEDIA}
    params = {name: value for name, value in first.params.items() if name not in dropped}
    params["message_ids"] = [each.parcel.params["message_id"] for each in batch]
    return "copyMessages", params


def numbers_in(answer: JsonValue, count: int) -> list[TgMessageId | None]:
    """Read the numbers that messages got; where fewer came than were sent, nobody knows which."""
    match answer:
        case {"message_id": int(number)}:
            return [TgMessageId(number)] * count
        case {"message_thread_id": int(thread)}:
            return [TgMessageId(thread)] * count
        case [first, *_] if count == 1:
            return numbers_in(first, 1)
        case [*found] if len(found) == count:
            return [numbers_in(each, 1)[0] for each in found]
    return [None] * count
