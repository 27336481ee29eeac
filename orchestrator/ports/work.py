"""Jobs and commands: what is left to do, and what one process asks of another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from orchestrator.commands import Command, CommandResult
from orchestrator.ids import AccountId, CommandId, JobId, NodeName
from orchestrator.jobs import Job, Task


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who takes jobs: a node, and which of the processes that went by its name."""

    node: NodeName
    incarnation: int

    def __str__(self) -> str:
        """Write it as `nodes` does, so that the two can be compared."""
        return f"{self.node}#{self.incarnation}"


class JobStore(Protocol):
    """The queue of jobs: taken with SKIP LOCKED, so that many workers never meet."""

    async def queue_job(self, task: Task, *, delay: timedelta = timedelta()) -> bool:
        """Queue a task unless the same one is waiting already; returns whether it is new."""

    async def take_jobs(
        self, claimant: Claimant, limit: int, *, done: Sequence[Job] = ()
    ) -> Sequence[Job]:
        """Take due jobs, oldest first, and mark those as `done` in the same step."""

    async def finish_jobs(self, jobs: Sequence[Job]) -> None:
        """Mark jobs as done."""

    async def return_jobs(self, jobs: Sequence[Job]) -> None:
        """Give jobs back that were not begun; nothing is held against them."""

    async def take_over_jobs(
        self, claimant: Claimant, held: Sequence[JobId], dead: frozenset[NodeName]
    ) -> int:
        """Make jobs due again that nobody does; returns how many.

        Their process is no more: its node is among the `dead`, or is gone, or runs as another
        process now. Or it is the claimant, who knows only of what is `held`.
        """

    async def put_off_job(self, job: Job, delay: timedelta, error: str) -> None:
        """Give the job back, to be taken again after `delay`."""

    async def bury_job(self, job: Job, error: str) -> None:
        """Give the job up; it stays on record with its error."""


@dataclass(frozen=True, slots=True)
class TakenCommand:
    """A command that another door put for an account which this process holds."""

    id: CommandId
    account: AccountId
    command: Command


class CommandStore(Protocol):
    """Commands to the process that holds an account, and their results."""

    async def put_command(self, account: AccountId, command: Command, asked_by: str) -> CommandId:
        """Put a command for the holder and notify it."""

    async def take_commands(self, accounts: Sequence[AccountId]) -> Sequence[TakenCommand]:
        """Take the waiting commands of accounts that this process holds."""

    async def finish_command(self, command: CommandId, result: CommandResult) -> None:
        """Store what came of it."""

    async def command_result(self, command: CommandId) -> CommandResult | None:
        """Return what came of it, or None as long as it waits."""

    async def withdraw_command(self, command: CommandId) -> bool:
        """Take back a command that nobody has taken; False when it was taken already."""


class Topic(StrEnum):
    """What a bell rings for."""

    JOBS = "jobs"
    OUTBOX = "outbox"
    COMMANDS = "commands"
    RESULTS = "results"
    LEASES = "leases"
    CAMPAIGNS = "campaigns"
    SCRIPTS = "scripts"
    PERSONAS = "personas"
    GRANTS = "grants"
    SETTINGS = "settings"
    DESK = "desk"
    """Updates of the bot wait to be handled."""
    PARCELS = "parcels"
    """Something waits to be said by the bot."""
    RECONNECTED = "reconnected"
    """Notices of any topic may have been missed."""


class Bell(Protocol):
    """Wakes whoever waits for something to be done; a poll stands behind it."""

    async def wait(self, topic: Topic, timeout: float) -> None:  # noqa: ASYNC109 - the poll's interval, not a limit
        """Return when something of that topic was queued, or after `timeout` seconds."""
