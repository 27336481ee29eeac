"""Directs the Bot API: its faults and limits, and looks into what bots did."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from simulator.control.bot_models import (
    BotCallShown,
    BotEvidenceShown,
    BotFaultAsked,
    BotFaultShown,
    BotStateShown,
    LimitsAsked,
    LimitsShown,
    UpdateShown,
)
from simulator.control.lookup import NotThere, bot_of
from simulator.control.ports import BotFaultDesk, BotWatch, Limits
from simulator.control.show_talk import show_message
from simulator.control.talk_models import MessageShown
from simulator.world.messages import Message
from simulator.world.people import Person
from simulator.world.world import World

After = Annotated[int, Query(description="Only what has a greater number", ge=0)]


def bot_fault_routes(desk: BotFaultDesk) -> APIRouter:
    """Give the routes by which faults of the Bot API are ordered."""
    routes = APIRouter(tags=["bot faults"])

    @routes.post("/bot-faults", status_code=status.HTTP_201_CREATED)
    async def order(asked: BotFaultAsked) -> BotFaultShown:
        """Arm a fault of the Bot API."""
        return desk.order(asked)

    @routes.get("/bot-faults")
    async def waiting() -> list[BotFaultShown]:
        """List the faults of the Bot API that have yet to come."""
        return list(desk.waiting())

    @routes.get("/bot-faults/met")
    async def met() -> list[BotFaultAsked]:
        """List the faults of the Bot API that have happened, as often as they did, in order."""
        return list(desk.met())

    @routes.delete("/bot-faults", status_code=status.HTTP_204_NO_CONTENT)
    async def clear() -> Response:
        """Disarm all faults of the Bot API."""
        desk.clear()
        return Response(status_code=status.HTTP_204_NO_CONTENT)

    @routes.delete("/bot-faults/{number}", status_code=status.HTTP_204_NO_CONTENT)
    async def withdraw(number: int) -> Response:
        """Disarm one fault of the Bot API."""
        if not desk.withdraw(number):
            raise NotThere(f"No fault of the Bot API with the number {number} waits.")
        return Response(status_code=status.HTTP_204_NO_CONTENT)

    return routes


def bot_routes(world: World, bots: BotWatch) -> APIRouter:
    """Give the routes that tell what bots did and what waits for them."""
    routes = APIRouter(tags=["bots"])

    @routes.get("/bots")
    async def all_bots() -> list[BotStateShown]:
        """List the bots."""
        return [bots.state(each.id) for each in world.people if each.bot]

    @routes.get("/bots/{bot}")
    async def one_bot(bot: int) -> BotStateShown:
        """Show a bot, how it takes its updates, and how often it has called what."""
        return bots.state(bot_of(world, bot).id)

    @routes.get("/bots/{bot}/calls")
    async def calls(bot: int, method: str = "", after: After = 0) -> list[BotCallShown]:
        """List the latest calls of a bot, the oldest first; polls are left out."""
        name, found = method.lower(), bots.calls(bot_of(world, bot).id)
        newer = [each for each in found if each.number > after]
        return [each for each in newer if not name or each.method.lower() == name]

    @routes.get("/bots/{bot}/sent")
    async def sent(bot: int) -> list[MessageShown]:
        """List what a bot said, wherever that was, the oldest first, as it stands now."""
        return [show_message(world, each) for each in said_by(world, bot_of(world, bot))]

    @routes.get("/bots/{bot}/updates")
    async def updates(bot: int) -> list[UpdateShown]:
        """List the updates that wait for a bot, without taking them."""
        return list(bots.updates(bot_of(world, bot).id))

    @routes.get("/bot-evidence")
    async def evidence() -> BotEvidenceShown:
        """Tell what bots asked that is not known here, said without effect, or met failing."""
        return bots.evidence()

    return routes


def said_by(world: World, author: Person) -> list[Message]:
    """List what somebody said that is still there, in private as the author keeps it."""
    private = author.inbox.messages.values()
    public = (message for channel in world.channels for message in channel.history)
    own = [m for m in (*private, *public) if m.author == author.id and m.action is None]
    return sorted(own, key=lambda message: message.date)


def limit_routes(limits: Limits) -> APIRouter:
    """Give the routes by which Telegram's limits are switched on."""
    routes = APIRouter(tags=["limits"])

    def shown() -> LimitsShown:
        return LimitsShown(bots=limits.bots.enabled, accounts=limits.accounts.enabled)

    @routes.get("/limits")
    async def read() -> LimitsShown:
        """Tell which of Telegram's limits are kept."""
        return shown()

    @routes.put("/limits")
    async def switch(asked: LimitsAsked) -> LimitsShown:
        """Keep Telegram's limits on what bots send and accounts do, or do not."""
        limits.bots.enabled = limits.bots.enabled if asked.bots is None else asked.bots
        limits.accounts.enabled = (
            limits.accounts.enabled if asked.accounts is None else asked.accounts
        )
        return shown()

    return routes
