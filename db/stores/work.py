"""The queue of jobs, and commands to whoever holds an account."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction, write_json
from db.gathering import Gathering
from db.stores.base import one, ring, rows, run
from orchestrator.commands import Command, CommandResult, Failed
from orchestrator.ids import AccountId, CommandId, JobId, NodeName
from orchestrator.jobs import Job, Task
from orchestrator.ports.work import Claimant, TakenCommand

log = logging.getLogger(__name__)

LANES_AT_ONCE = 1000
"""How many lanes' commands one statement looks for at most."""

LONGEST_ERROR = 2000
"""Characters that are kept of what went wrong with a job."""

KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for union in (Task, Command, CommandResult) for kind in get_args(union)
}

QUEUE = text(
    """
    INSERT INTO jobs (kind, payload, unique_key, due_at)
    VALUES (:kind, CAST(:payload AS jsonb), :unique_key, now() + CAST(:delay AS interval))
    ON CONFLICT (unique_key) WHERE state IN ('waiting', 'taken') DO NOTHING
    """
)
QUEUE_ALL = text(
    """
    INSERT INTO jobs (kind, payload, unique_key, due_at)
    SELECT kind, CAST(payload AS jsonb), unique_key, now()
    FROM unnest(CAST(:kinds AS text[]), CAST(:payloads AS text[]), CAST(:unique_keys AS text[]))
        AS job (kind, payload, unique_key)
    ON CONFLICT (unique_key) WHERE state IN ('waiting', 'taken') DO NOTHING
    """
)
# What was done before is finished in the same statement: one commit for both. The two never meet in
# a row, for what is finished is taken and what is due is waiting.
TAKE = text(
    """
    WITH finished AS (
        UPDATE jobs SET state = 'done', finished_at = now()
        WHERE id = ANY(CAST(:done AS bigint[])) AND state = 'taken' AND claimed_by = :claimant
    ), due AS MATERIALIZED (
        SELECT id FROM jobs WHERE state = 'waiting' AND due_at <= now()
        ORDER BY due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE jobs SET state = 'taken', claimed_by = :claimant, claimed_at = now()
    WHERE id = ANY(ARRAY(SELECT id FROM due))
    RETURNING id, kind, payload, attempts, due_at
    """
)
FINISH = text(
    """
    UPDATE jobs SET state = 'done', finished_at = now()
    WHERE id = ANY(CAST(:jobs AS bigint[])) AND state = 'taken' AND claimed_by = :claimant
    """
)
RETURN = text(
    """
    UPDATE jobs SET state = 'waiting', claimed_by = NULL, claimed_at = NULL
    WHERE id = ANY(CAST(:jobs AS bigint[])) AND state = 'taken' AND claimed_by = :claimant
    """
)
# Whether a node lives, its beat tells, on the asker's own clock. A row of `nodes` may have been
# left behind an hour ago by a process that nobody watches any more.
TAKE_OVER = text(
    """
    WITH left_behind AS MATERIALIZED (
        SELECT j.id FROM jobs j
        WHERE j.state = 'taken' AND CASE WHEN j.claimed_by = :claimant
            THEN j.id <> ALL(CAST(:held AS bigint[]))
            ELSE NOT EXISTS (
                SELECT FROM nodes n
                WHERE n.name || '#' || n.incarnation = j.claimed_by
                  AND n.name <> ALL(CAST(:dead AS text[]))
                  AND n.seen_at > now() - interval '1 hour') END
        ORDER BY j.claimed_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    )
    UPDATE jobs
    SET state = 'waiting', attempts = attempts + 1, claimed_by = NULL, claimed_at = NULL,
        last_error = 'the process that was doing it ended'
    WHERE id = ANY(ARRAY(SELECT id FROM left_behind))
    """
)
PUT_OFF = text(
    """
    UPDATE jobs
    SET state = 'waiting', due_at = now() + CAST(:delay AS interval), attempts = attempts + 1,
        last_error = :error, claimed_by = NULL, claimed_at = NULL
    WHERE id = :job AND state = 'taken' AND claimed_by = :claimant
    """
)
# Nothing is counted against it: a node of the version that left it may be busy for a while.
LEAVE = text(
    """
    UPDATE jobs
    SET state = CASE WHEN is_fresh THEN 'waiting' ELSE 'buried' END,
        finished_at = CASE WHEN is_fresh THEN NULL ELSE now() END,
        due_at = now() + interval '1 minute', last_error = :error, claimed_by = NULL,
        claimed_at = NULL
    FROM (SELECT created_at > now() - interval '1 day' AS is_fresh FROM jobs WHERE id = :job) AS q
    WHERE id = :job AND state = 'taken' AND claimed_by = :claimant
    """
)
BURY = text(
    """
    UPDATE jobs
    SET state = 'buried', finished_at = now(), attempts = attempts + 1, last_error = :error
    WHERE id = :job AND state = 'taken' AND claimed_by = :claimant
    """
)
PUT_COMMAND = text(
    """
    INSERT INTO commands (account_id, kind, payload, asked_by)
    VALUES (:account, :kind, CAST(:payload AS jsonb), :asked_by) RETURNING id
    """
)
TAKE_COMMANDS = text(
    """
    UPDATE commands SET state = 'taken', taken_at = now()
    WHERE id IN (
        SELECT id FROM commands
        WHERE state = 'waiting' AND account_id = ANY(CAST(:accounts AS bigint[]))
        ORDER BY id FOR UPDATE SKIP LOCKED)
    RETURNING id, account_id, kind, payload
    """
)
RETURN_COMMANDS = text(
    """
    UPDATE commands SET state = 'waiting', taken_at = NULL
    WHERE id = ANY(CAST(:commands AS bigint[])) AND state = 'taken'
    """
)
FINISH_COMMAND = text(
    """
    UPDATE commands
    SET state = :state, result = CAST(:result AS jsonb), finished_at = now()
    WHERE id = :command AND state = 'taken'
    """
)
COMMAND_RESULT = text("SELECT result FROM commands WHERE id = :command AND result IS NOT NULL")
WITHDRAW = text("DELETE FROM commands WHERE id = :command AND state = 'waiting'")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What this process cannot make sense of."""

    sentence: str


@dataclass(frozen=True, slots=True)
class PostgresJobs:
    """Implements `JobStore`."""

    engine: AsyncEngine

    async def queue_job(self, task: Task, *, delay: timedelta = timedelta()) -> bool:
        """Queue a task unless the same one is unfinished."""
        async with transaction(self.engine) as connection:
            return await queue(connection, task, delay)

    async def take_jobs(
        self, claimant: Claimant, limit: int, *, done: Sequence[Job] = ()
    ) -> Sequence[Job]:
        """Take due jobs, and finish those that are done, in one statement."""
        numbers = [job.id for job in done]
        by = str(claimant)
        async with transaction(self.engine) as connection:
            taken = await rows(connection, TAKE, claimant=by, limit=limit, done=numbers)
        jobs = []
        for row in sorted(taken, key=lambda row: (row.due_at, row.id)):
            task = readable(row)
            if isinstance(task, Unreadable):
                await self.leave_to_others(row.id, by, task)
            else:
                jobs.append(Job(JobId(row.id), task, row.attempts, by))
        return jobs

    async def leave_to_others(self, job: int, claimant: str, why: Unreadable) -> None:
        """Put off a job that a node of another version left; nobody dies of it."""
        log.warning("job %d waits for a node that knows it: %s", job, why.sentence)
        values = {"job": job, "claimant": claimant, "error": storable(why.sentence)}
        async with transaction(self.engine) as connection:
            await run(connection, LEAVE, **values)

    async def finish_jobs(self, jobs: Sequence[Job]) -> None:
        """Mark jobs as done."""
        await self.change(FINISH, jobs)

    async def return_jobs(self, jobs: Sequence[Job]) -> None:
        """Let others take them."""
        await self.change(RETURN, jobs)

    async def change(self, statement: TextClause, jobs: Sequence[Job]) -> None:
        """Run a statement on the jobs of each process that took some."""
        if not jobs:
            return
        async with transaction(self.engine) as connection:
            for claimant in sorted({job.taken_by for job in jobs}):
                numbers = [job.id for job in jobs if job.taken_by == claimant]
                await run(connection, statement, jobs=numbers, claimant=claimant)

    async def take_over_jobs(
        self, claimant: Claimant, held: Sequence[JobId], dead: frozenset[NodeName]
    ) -> int:
        """Make due again what was left behind."""
        values = {"claimant": str(claimant), "held": list(held), "dead": sorted(dead)}
        async with transaction(self.engine) as connection:
            return await run(connection, TAKE_OVER, **values)

    async def put_off_job(self, job: Job, delay: timedelta, error: str) -> None:
        """Give the job back for later."""
        values = {"job": job.id, "claimant": job.taken_by, "error": storable(error)}
        async with transaction(self.engine) as connection:
            await run(connection, PUT_OFF, delay=delay, **values)

    async def bury_job(self, job: Job, error: str) -> None:
        """Give the job up."""
        async with transaction(self.engine) as connection:
            error = storable(error)
            await run(connection, BURY, job=job.id, claimant=job.taken_by, error=error)


@dataclass(frozen=True, slots=True)
class PostgresCommands:
    """Implements `CommandStore`; lanes that look at about the same time share one statement."""

    engine: AsyncEngine
    takes: Gathering[tuple[AccountId, ...], Sequence[TakenCommand]] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to gather."""
        takes = Gathering("commands", self.take_all, self.return_all, limit=LANES_AT_ONCE)
        object.__setattr__(self, "takes", takes)

    async def put_command(self, account: AccountId, command: Command, asked_by: str) -> CommandId:
        """Put a command and wake its holder."""
        async with transaction(self.engine) as connection:
            put = await one(
                connection,
                PUT_COMMAND,
                account=account,
                kind=type(command).__name__,
                payload=write_json(command),
                asked_by=asked_by,
            )
            await ring(connection, "commands")
        if put is None:
            raise RuntimeError("PostgreSQL returned no row for an INSERT")
        return CommandId(put.id)

    async def take_commands(self, accounts: Sequence[AccountId]) -> Sequence[TakenCommand]:
        """Take the waiting commands of these accounts."""
        return await self.takes.ask(tuple(accounts))

    async def take_all(
        self, asked: Sequence[tuple[AccountId, ...]]
    ) -> Sequence[Sequence[TakenCommand]]:
        """Take the waiting commands of all who ask, each account's for the first who does."""
        owner = {
            one: place for place, accounts in reversed([*enumerate(asked)]) for one in accounts
        }
        async with transaction(self.engine) as connection:
            taken = await rows(connection, TAKE_COMMANDS, accounts=list(owner))
        answers: list[list[TakenCommand]] = [[] for _ in asked]
        for row in sorted(taken, key=lambda row: row.id):
            command = readable(row)
            if isinstance(command, Unreadable):
                await self.finish_command(CommandId(row.id), Failed(command.sentence))
                continue
            answers[owner[AccountId(row.account_id)]].append(
                TakenCommand(CommandId(row.id), AccountId(row.account_id), command)
            )
        return answers

    async def return_all(
        self, _asked: tuple[AccountId, ...], taken: Sequence[TakenCommand]
    ) -> None:
        """Let others take what somebody asked for who was cancelled meanwhile."""
        async with transaction(self.engine) as connection:
            await run(connection, RETURN_COMMANDS, commands=[one.id for one in taken])

    async def finish_command(self, command: CommandId, result: CommandResult) -> None:
        """Store what came of it and wake whoever asked."""
        stored = {"kind": type(result).__name__, "value": result}
        state = "failed" if isinstance(result, Failed) else "done"
        async with transaction(self.engine) as connection:
            await run(
                connection,
                FINISH_COMMAND,
                command=command,
                state=state,
                result=write_json(stored),
            )
            await ring(connection, "results")

    async def command_result(self, command: CommandId) -> CommandResult | None:
        """Return what came of it, once there is something."""
        async with transaction(self.engine) as connection:
            row = await one(connection, COMMAND_RESULT, command=command)
        if row is None:
            return None
        result: CommandResult = read(row.result["kind"], row.result["value"])
        return result

    async def withdraw_command(self, command: CommandId) -> bool:
        """Take back a command that nobody has taken."""
        async with transaction(self.engine) as connection:
            return await run(connection, WITHDRAW, command=command) == 1


def readable(row: Row[Any]) -> Any:  # noqa: ANN401 - one of the types in KINDS, or Unreadable
    """Read a task or a command, unless a node of another version wrote it."""
    try:
        return read(row.kind, row.payload)
    except (KeyError, ValidationError):
        return Unreadable(
            f"this node does not know {row.kind} as it was asked: bring it up to date"
        )


def storable(error: str) -> str:
    """Make a text that may hold anything one that PostgreSQL takes: a job must not fail twice."""
    return error[:LONGEST_ERROR].replace("\x00", "").encode(errors="replace").decode()


async def queue(
    connection: AsyncConnection, task: Task, delay: timedelta, occasion: str = ""
) -> bool:
    """Queue a task in somebody's transaction; another `occasion` makes it another job."""
    payload = write_json(task)
    kind = type(task).__name__
    added = await run(
        connection,
        QUEUE,
        kind=kind,
        payload=payload,
        unique_key=unique_key(kind, payload, occasion),
        delay=delay,
    )
    return added == 1


async def queue_all(connection: AsyncConnection, tasks: Sequence[Task]) -> None:
    """Queue tasks that are due at once in somebody's transaction, those that are new."""
    payloads = [write_json(task) for task in tasks]
    kinds = [type(task).__name__ for task in tasks]
    if tasks:
        await run(
            connection,
            QUEUE_ALL,
            kinds=kinds,
            payloads=payloads,
            unique_keys=list(map(unique_key, kinds, payloads)),
        )


def unique_key(kind: str, payload: str, occasion: str = "") -> str:
    """Name a job, so that the same one is not queued twice."""
    return f"{kind} {payload} {occasion}".rstrip()


@cache
def adapter(kind: str) -> TypeAdapter[Any]:
    """Return what reads that kind of value back from JSON."""
    return TypeAdapter(KINDS[kind])


def read(kind: str, payload: object) -> Any:  # noqa: ANN401 - one of the types in KINDS
    """Read a task, a command or a result back."""
    return adapter(kind).validate_python(payload)
