"""Ending a grant, whoever asks for it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from orchestrator.actor import Actor
from orchestrator.clock import Clock
from orchestrator.ids import GrantId
from orchestrator.ports.grants import GrantStore, InFlight, Revocation

LOOK = 0.1
"""Seconds between two looks at what was in flight."""


async def revoke_and_wait(
    grants: GrantStore, clock: Clock, claim: timedelta, actor: Actor, grant: GrantId
) -> Revocation:
    """End a grant. Once this returns no send starts under it; what was in flight is listed.

    A claim that left the gate before the revoke may begin its send until its deadline has passed;
    so this waits until each such claim is settled, or for that long.
    """
    revocation = await grants.revoke_and_cancel(actor, grant)
    deadline = clock.monotonic() + claim.total_seconds()
    in_flight: Sequence[InFlight] = revocation.in_flight
    while any(not one.settled for one in in_flight) and clock.monotonic() < deadline:
        await clock.sleep(LOOK)
        in_flight = await grants.in_flight_under(grant)
    settled = {flight.comment: flight for flight in in_flight}
    return replace(
        revocation,
        in_flight=tuple(settled.get(was.comment, was) for was in revocation.in_flight),
    )
