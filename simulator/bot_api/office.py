"""What answers the calls of bots, whatever brings them."""

import asyncio
import logging
import time
from collections import Counter
from dataclasses import replace
from functools import partial

from simulator.bot_api.call import Call
from simulator.bot_api.carrier import Carrier
from simulator.bot_api.errors import BotApiError, worded
from simulator.bot_api.faults import WEBHOOK, BotFault, BotFaultKind, BotFaults
from simulator.bot_api.files import file_at
from simulator.bot_api.journal import BotCall, Journal, messages_in
from simulator.bot_api.limits import BotLimits
from simulator.bot_api.methods import all_methods
from simulator.bot_api.params import Params
from simulator.bot_api.post import Mailrooms
from simulator.bot_api.webhook import Delays, Webhook
from simulator.world.people import Person
from simulator.world.refusals import Refusal
from simulator.world.world import World

log = logging.getLogger(__name__)


class AnswerLost(Exception):
    """The bot gets no answer; `result` is what it would have been, None where nothing was done."""

    def __init__(self, result: object = None) -> None:
        super().__init__("the answer is lost")
        self.result = result


class Office:
    """Answers bots; faults, limits and counts are open to whoever rehearses.

    `unknown` counts calls of methods that are not known, `crashed` failures of the simulator.
    """

    def __init__(self, world: World, *, delays: Delays | None = None) -> None:
        self.world, self.delays = world, delays or Delays()
        self.methods = all_methods()
        self.limits = BotLimits(self.seconds)
        self.journal = Journal()
        self.faults = BotFaults()
        self.rooms = Mailrooms()
        self.carrier = Carrier(world, self.rooms)
        self.crashed: Counter[str] = Counter()

    @property
    def unknown(self) -> Counter[str]:
        """How often each unknown method was called."""
        return self.methods.unknown

    def seconds(self) -> float:
        """Tell the time in seconds; they follow the world's clock where that is moved."""
        return time.monotonic() + self.world.clock.shift.total_seconds()

    async def close(self) -> None:
        """End polls and webhooks and hear no more of the world."""
        self.carrier.stop()
        await self.rooms.close()

    def bot_of(self, token: str) -> Person | None:
        """Find the bot of a token."""
        return self.world.bots.find(token)

    def file(self, path: str) -> bytes:
        """Give the content of a file that `getFile` named."""
        try:
            return file_at(self.world.files, path)
        except Refusal:
            raise BotApiError(404, "Not Found") from None

    async def perform(self, bot: Person, method: str, params: Params) -> object:
        """Do what a bot asks; raises `BotApiError`, or `AnswerLost` where a fault says so."""
        name = self.methods.names.get(method.lower(), method)
        call = self.begun(bot, name, params)
        try:
            result = await self.meet_and_answer(bot, name, params)
        except BotApiError as error:
            self.journal.write(replace(call, code=error.code, error=error.description))
            raise
        except AnswerLost as lost:
            told = messages_in(lost.result)
            self.journal.write(replace(call, answered=False, messages=told))
            raise
        self.journal.write(replace(call, messages=messages_in(result)))
        self.journal.note_unread(name, params)
        return result

    def begun(self, bot: Person, method: str, params: Params) -> BotCall:
        """Write down what is asked."""
        files = tuple(each.name for each in params.files.values())
        number, now = self.journal.next_number(), self.world.clock.now()
        return BotCall(number, bot.id, method, dict(params.fields), files, now)

    async def meet_and_answer(self, bot: Person, method: str, params: Params) -> object:
        """Do what a bot asks, unless a fault comes before or after."""
        fault = self.faults.draw(bot.id, method, params)
        await meet(fault)
        room = self.rooms.of(bot.id)
        bring = partial(self.bring_updates, bot)
        call = Call(self.world, bot, params, room, self.limits, bring)
        result = await self.answer(method, call)
        if fault is not None and fault.kind is BotFaultKind.LOST_ANSWER:
            raise AnswerLost(result)
        return result

    async def answer(self, method: str, call: Call) -> object:
        """Run a method, with the world's refusals in the Bot API's words."""
        try:
            return await self.methods.answer(method, call)
        except Refusal as refusal:
            raise worded(refusal) from refusal
        except BotApiError:
            raise
        except Exception as error:  # the boundary of one call
            self.crashed[method] += 1
            log.exception("the handler of %s failed", method)
            raise BotApiError(500, "Internal Server Error") from error

    def bring_updates(self, bot: Person, url: str, secret: str, most: int) -> None:
        """Bring a bot's updates to an address over at most so many connections."""
        room = self.rooms.of(bot.id)
        room.webhook = Webhook(
            url,
            secret,
            room.backlog,
            self.world.clock,
            answer=partial(self.perform_quietly, bot),
            fault=partial(self.faults.draw, bot.id, WEBHOOK),
            delays=self.delays,
            max_connections=most,
        )
        room.webhook.start(f"webhook of {bot.id}")

    async def perform_quietly(self, bot: Person, method: str, params: Params) -> None:
        """Do what a webhook's reply asks, of whose outcome the bot learns nothing."""
        try:
            await self.perform(bot, method, params)
        except (BotApiError, AnswerLost) as error:
            log.info("%s in a webhook's reply came to nothing: %s", method, error)


async def meet(fault: BotFault | None) -> None:
    """Let happen what a fault does before the act."""
    if fault is None:
        return
    if fault.refusal is not None:
        raise fault.refusal
    if fault.kind is BotFaultKind.TIME_OUT:
        await asyncio.sleep(fault.seconds)
        raise AnswerLost
