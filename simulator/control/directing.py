"""Orders faults, moves the clock, looks into the world, saves and loads it."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status

from simulator.control.happenings import Happenings
from simulator.control.lookup import NotThere
from simulator.control.models import (
    ClockAsked,
    ClockShown,
    CopiedKeyShown,
    CountsShown,
    DuplicateShown,
    FaultAsked,
    FaultShown,
)
from simulator.control.ports import FaultDesk, WholeWorld, Wires
from simulator.control.showing import show_counts, show_duplicate
from simulator.control.talk_models import HappeningAsked, HappeningShown
from simulator.control.waiting import Waits
from simulator.world.world import World


def fault_routes(desk: FaultDesk) -> APIRouter:
    """Give the routes by which faults are ordered."""
    routes = APIRouter(tags=["faults"])

    @routes.post("/faults", status_code=status.HTTP_201_CREATED)
    async def order(asked: FaultAsked) -> FaultShown:
        """Arm a fault."""
        return desk.order(asked)

    @routes.get("/faults")
    async def waiting() -> list[FaultShown]:
        """List the faults that have yet to come."""
        return list(desk.waiting())

    @routes.get("/faults/met")
    async def met() -> list[FaultAsked]:
        """List the faults that have happened, as often as they did, in order."""
        return list(desk.met())

    @routes.delete("/faults", status_code=status.HTTP_204_NO_CONTENT)
    async def clear() -> Response:
        """Disarm all faults."""
        desk.clear()
        return Response(status_code=status.HTTP_204_NO_CONTENT)

    @routes.delete("/faults/{number}", status_code=status.HTTP_204_NO_CONTENT)
    async def withdraw(number: int) -> Response:
        """Disarm one fault."""
        if not desk.withdraw(number):
            raise NotThere(f"No fault of the number {number} waits.")
        return Response(status_code=status.HTTP_204_NO_CONTENT)

    return routes


def evidence_routes(world: World, wires: Wires) -> APIRouter:
    """Give the routes that tell what a trial is judged by."""
    routes = APIRouter(tags=["evidence"])

    @routes.get("/counts")
    async def counts() -> CountsShown:
        """Count what there is."""
        return show_counts(world)

    @routes.get("/duplicates")
    async def duplicates() -> list[DuplicateShown]:
        """List what was sent twice: under one random id, or in one thread with the same words."""
        return [show_duplicate(each) for each in world.duplicates()]

    @routes.get("/copied-keys")
    async def copied_keys() -> list[CopiedKeyShown]:
        """List the auth keys that were used from several addresses at once."""
        return [
            CopiedKeyShown(
                key_id=f"{each.key_id & (2**64 - 1):016x}",
                user=each.user,
                addresses=list(each.addresses),
                at=each.at,
            )
            for each in wires.copied_keys()
        ]

    @routes.get("/unknown-methods")
    async def unknown_methods() -> dict[str, int]:
        """Count the calls of each method that this Telegram does not know."""
        return dict(wires.unknown_methods())

    return routes


def happening_routes(happenings: Happenings, waits: Waits) -> APIRouter:
    """Give the route that tells what happened."""
    routes = APIRouter(tags=["evidence"])

    @routes.get("/happenings")
    async def happened(asked: Annotated[HappeningAsked, Query()]) -> list[HappeningShown]:
        """List what happened, the oldest first, once there is something that fits."""

        def fitting() -> list[HappeningShown]:
            return [each for each in happenings.since(asked.after) if asked.fits(each)]

        await waits.until(lambda: bool(fitting()), asked.wait)
        return fitting()

    return routes


def world_routes(world: World, whole: WholeWorld) -> APIRouter:
    """Give the routes of the world as a whole."""
    routes = APIRouter(tags=["world"])

    @routes.get("/clock")
    async def time() -> ClockShown:
        """Tell the world's time."""
        return ClockShown(now=world.clock.now())

    @routes.post("/clock")
    async def move(asked: ClockAsked) -> ClockShown:
        """Set the clock, then move it on; it goes on from there."""
        if asked.now is not None:
            world.clock.set(asked.now)
        world.clock.advance(timedelta(seconds=asked.advance_seconds or 0))
        return ClockShown(now=world.clock.now())

    @routes.get("/world")
    async def save() -> dict[str, Any]:
        """Write down everything that is true, with the keys of clients; this holds secrets."""
        return whole.save()

    @routes.put("/world", status_code=status.HTTP_204_NO_CONTENT)
    async def load(snapshot: dict[str, Any]) -> Response:
        """Put a saved world in this one's place; all clients are cut off, and come again."""
        await whole.load(snapshot)
        return Response(status_code=status.HTTP_204_NO_CONTENT)

    return routes
