"""A node among the others: its name, its signs of life, and whose signs it sees."""

import logging
import os
import socket
from dataclasses import dataclass, field, replace

from orchestrator.clock import Clock
from orchestrator.errors import NotAllowed
from orchestrator.ids import NodeName
from orchestrator.leases.vigil import Vigil
from orchestrator.ports.leases import Incarnation, LeaseStore, Pulse

log = logging.getLogger(__name__)

PULSE = 1.0
"""Seconds between two signs of life."""

STILL = 3.0
"""Seconds without one after which a name may be given to another process."""

TAKEN = 'a node named "{}" is running already: give this one another --node'


@dataclass(slots=True)
class Presence:
    """Takes a name, and shows under it that the process lives."""

    node: NodeName
    store: LeaseStore
    clock: Clock
    version: str
    incarnation: Incarnation | None = None
    draining: bool = False

    async def enter(self) -> None:
        """Take the name; raises NotAllowed when another process lives under it.

        A predecessor that was killed left the name behind: whether it lives, its beat tells.
        """
        self.incarnation = await self.register(await self.stand_still())
        if self.incarnation is None:
            raise NotAllowed(TAKEN.format(self.node))

    async def register(self, after: Pulse | None) -> Incarnation | None:
        """Record this process under its name; None when somebody moved under it meanwhile."""
        return await self.store.node_started(
            self.node, socket.gethostname(), os.getpid(), self.version, after=after
        )

    async def stand_still(self) -> Pulse | None:
        """Return the predecessor's last sign of life, or None when the name is free."""
        vigil: Vigil[NodeName] = Vigil(self.clock)
        first = seen = await self.store.pulse_of(self.node)
        if seen is not None:
            log.info("a process was node %s before: watching if it lives", self.node)
        while seen is not None and vigil.still_for(self.node, seen.beat) < STILL:
            await self.clock.sleep(PULSE / 5)
            seen = await self.store.pulse_of(self.node)
            if seen is not None and seen != first:
                raise NotAllowed(TAKEN.format(self.node))
        return seen

    async def show(self) -> bool:
        """Give one sign of life; False when the name is another process's now."""
        if self.incarnation is None:
            return False
        pulse = await self.store.node_seen(self.node, self.incarnation)
        if pulse is not None:
            self.draining = pulse.draining
        elif await self.store.pulse_of(self.node) is None:
            # Swept away, by a process whose wall clock had jumped far ahead.
            self.incarnation = await self.register(None)
            return self.incarnation is not None
        return pulse is not None

    async def leave(self) -> None:
        """Give the name up."""
        if self.incarnation is not None:
            await self.store.node_stopped(self.node, self.incarnation)


@dataclass(slots=True)
class Attendance:
    """Which nodes live, told by beats that move on our own clock."""

    clock: Clock
    lasts: float
    vigil: Vigil[NodeName] = field(init=False)
    pulses: dict[NodeName, Pulse] = field(default_factory=dict)
    moved: dict[NodeName, float] = field(default_factory=dict)
    """When each was last seen to move."""
    known: dict[NodeName, float] = field(default_factory=dict)
    """When each was first seen."""

    def __post_init__(self) -> None:
        """Begin to watch."""
        self.vigil = Vigil(self.clock)

    def note(self, pulses: tuple[Pulse, ...]) -> None:
        """Look at the signs of life."""
        now = self.clock.monotonic()
        for pulse in pulses:
            self.known.setdefault(pulse.node, now)
            before = self.pulses.get(pulse.node)
            if before is not None and (before.incarnation, before.beat) != (
                pulse.incarnation,
                pulse.beat,
            ):
                self.moved[pulse.node] = now
            self.vigil.still_for(pulse.node, (pulse.incarnation, pulse.beat))
        self.pulses = {pulse.node: pulse for pulse in pulses}
        self.vigil.keep_only(self.pulses)

    def living(self) -> frozenset[NodeName]:
        """Return nodes that moved within a lease, and those not yet watched for so long."""
        return frozenset(
            node
            for node, pulse in self.pulses.items()
            if self.vigil.still_for(node, (pulse.incarnation, pulse.beat)) < self.lasts
        )

    def dead(self) -> frozenset[NodeName]:
        """Return nodes that did not move for a whole lease."""
        return frozenset(self.pulses) - self.living()

    def moving(self) -> frozenset[NodeName]:
        """Return nodes that moved of late, or are only just known: what they hold is not free.

        This only spares reading; whether a lease is free, the keeper's own watch tells.
        """
        now, never = self.clock.monotonic(), float("-inf")
        recent = max(self.lasts / 3, 2 * PULSE)
        return frozenset(
            node
            for node in self.pulses
            if now - self.moved.get(node, never) < recent or now - self.known[node] < 2 * PULSE
        )

    def crew(self) -> frozenset[Pulse]:
        """Return who lives, and of these who drains; with it a node's share changes."""
        return frozenset(replace(self.pulses[node], beat=0) for node in self.living())

    def draining(self) -> frozenset[NodeName]:
        """Return nodes that were asked to drain."""
        return frozenset(node for node, pulse in self.pulses.items() if pulse.draining)
