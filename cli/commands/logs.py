"""`troupe logs`: what was done, and what became of connections."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cli.output import NOTHING, AsJson, Column, clean, plain, show_json, show_listing
from cli.running import run, run_in_company
from cli.spans import read_span, took

if TYPE_CHECKING:
    from cli.compose import Company
    from orchestrator.ports.logs import OperationRow, SessionRow
    from orchestrator.service.logs import Logs

Row = TypeVar("Row")

app = typer.Typer(no_args_is_help=True, help="What was done, and what became of connections.")

OfAccount = Annotated[str | None, typer.Option(help="Only this account.")]
OfKinds = Annotated[list[str] | None, typer.Option("--kind", help="Only this kind; repeatable.")]
Failed = Annotated[bool, typer.Option("--failed", help="Only what failed.")]
Since = Annotated[
    timedelta | None,
    typer.Option(parser=read_span, metavar="SPAN", help="Only what is newer, like 15m, 1h or 7d."),
]
About = Annotated[
    str | None, typer.Option("--about", help="Only what came of this, like post-3-120.")
]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on as it happens; Ctrl-C ends.")]


@app.command(epilog="Example: troupe logs operations --failed --since 1h")
def operations(
    account: OfAccount = None,
    kind: OfKinds = None,
    *,
    failed: Failed = False,
    since: Since = None,
    about: About = None,
    limit: Limit = 50,
    follow: Follow = False,
    as_json: AsJson = False,
) -> None:
    """Show what was done: sending, reading, deciding; oldest first, with what went wrong."""
    from orchestrator.ports.logs import OperationKind
    from orchestrator.service.logs import LogQuery

    kinds = checked(kind, [str(one) for one in OperationKind])
    query = LogQuery(account, kinds, failed, since, about, limit)
    if follow:
        tail(lambda logs: logs.follow_operations(query), operation_line, as_json=as_json)
        return
    found = run(lambda service: service.logs.operations(query))
    show_listing(found, operation_columns(), as_json=as_json, empty="Nothing of that was logged.")


@app.command(epilog="Example: troupe logs sessions --account anna --follow")
def sessions(
    account: OfAccount = None,
    kind: OfKinds = None,
    *,
    failed: Failed = False,
    since: Since = None,
    limit: Limit = 50,
    follow: Follow = False,
    as_json: AsJson = False,
) -> None:
    """Show connections made and lost, logins, flood waits and changes of state; oldest first."""
    from orchestrator.ports.logs import SessionKind
    from orchestrator.service.logs import LogQuery

    kinds = checked(kind, [str(one) for one in SessionKind])
    query = LogQuery(account, kinds, failed, since, None, limit)
    if follow:
        tail(lambda logs: logs.follow_sessions(query), session_line, as_json=as_json)
        return
    found = run(lambda service: service.logs.sessions(query))
    show_listing(found, session_columns(), as_json=as_json, empty="Nothing of that was logged.")


def checked(kinds: Sequence[str] | None, known: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds; refuses one that there is not."""
    for kind in kinds or ():
        if kind not in known:
            raise typer.BadParameter(f"{kind}: there are {', '.join(known)}", param_hint="--kind")
    return tuple(kinds or ())


def operation_columns() -> "list[Column[OperationRow]]":
    """Return what is shown of each operation."""
    return [
        Column("When", lambda one: to_the_second(one.at)),
        Column("Kind", lambda one: one.kind),
        Column("Account", lambda one: one.account),
        Column("Took", lambda one: took(one.duration), number=True),
        Column("About", lambda one: one.correlation),
        Column("Node", lambda one: one.node, wide=True),
        Column("Went wrong", operation_fault, wide=True),
    ]


def session_columns() -> "list[Column[SessionRow]]":
    """Return what is shown of each session event."""
    return [
        Column("When", lambda one: to_the_second(one.at)),
        Column("Kind", lambda one: one.kind),
        Column("Account", lambda one: one.account),
        Column("Lasted", lambda one: took(one.duration), number=True),
        Column("Node", lambda one: one.node, wide=True),
        Column("Cause", lambda one: one.cause, wide=True),
    ]


def operation_line(one: "OperationRow") -> str:
    """Write an operation on one line of its own."""
    return (
        f"{to_the_second(one.at)}  {one.kind:<18}  {one.account or NOTHING:<10}  "
        f"{took(one.duration):>8}  {one.correlation or NOTHING:<14}  {operation_fault(one) or 'ok'}"
    )


def session_line(one: "SessionRow") -> str:
    """Write a session event on one line of its own."""
    return (
        f"{to_the_second(one.at)}  {one.kind:<13}  {one.account or NOTHING:<10}  "
        f"{took(one.duration):>11}  {one.cause or NOTHING}"
    )


def operation_fault(one: "OperationRow") -> str | None:
    """Say what went wrong, by its name first."""
    if one.error_name is None:
        return one.error
    return one.error_name if one.error is None else f"{one.error_name}: {one.error}"


def to_the_second(moment: datetime) -> str:
    """Write a moment in the local time zone; the year goes unsaid."""
    return moment.astimezone().strftime("%m-%d %H:%M:%S")


def tail(
    follow: "Callable[[Logs], AsyncIterator[list[Row]]]",
    write: Callable[[Row], str],
    *,
    as_json: bool,
) -> None:
    """Print lines as they come until Ctrl-C, SIGTERM, or until nobody reads them any more."""

    async def act(company: "Company") -> None:
        from cli.signals import asked_by_signals

        asked = asyncio.Event()
        with asked_by_signals(asked):
            printing = asyncio.create_task(
                print_all(follow(company.service.logs), write, as_json=as_json), name="following"
            )
            waiting = asyncio.create_task(asked.wait(), name="asked to stop")
            await asyncio.wait({printing, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            printing.cancel()
            ended, _ = await asyncio.gather(printing, waiting, return_exceptions=True)
        if isinstance(ended, Exception) and not isinstance(ended, BrokenPipeError):
            raise ended

    run_in_company(act)


async def print_all(
    pages: AsyncIterator[list[Row]], write: Callable[[Row], str], *, as_json: bool
) -> None:
    """Print each line as a JSON object, or as people read it."""
    import sys

    async for page in pages:
        for row in page:
            if as_json:
                show_json(plain(row))
            else:
                typer.echo(clean(write(row), lines=False))
        sys.stdout.flush()
