"""`troupe sla`: what clients are promised about time."""

from datetime import timedelta
from typing import Annotated

import typer

from cli.output import AsJson, Column, say, show_listing
from cli.running import actor, run
from cli.spans import read_span
from orchestrator.spans import write_span
from support.sla import SlaPolicy
from support.tickets import Priority

app = typer.Typer(no_args_is_help=True, help="What the desk promises its clients about time.")

Key = Annotated[str, typer.Argument(help="The policy's name, like default.")]
Span = timedelta | None
WARNING = timedelta(minutes=5)


@app.command("list", epilog="Example: troupe sla list")
def list_(as_json: AsJson = False) -> None:
    """List the policies."""
    columns: list[Column[SlaPolicy]] = [
        Column("Name", lambda one: one.key),
        Column("First answer", lambda one: written(one.first_answer)),
        Column("Next", lambda one: written(one.next_answer)),
        Column("Resolution", lambda one: written(one.resolution)),
        Column("Hours", lambda one: one.calendar or "round the clock"),
        Column("Topic", lambda one: one.topic),
        Column("Priority", lambda one: one.priority.name.lower() if one.priority else None),
    ]
    policies = run(lambda service: service.promises.policies())
    empty = "Nothing is promised yet; begin with: troupe sla set default --first 30m"
    show_listing(policies, columns, as_json=as_json, empty=empty)


def written(span: timedelta | None) -> str | None:
    """Write a span, if there is one."""
    return None if span is None else write_span(span)


@app.command(
    "set", epilog="Example: troupe sla set default --first 30m --resolution 2d --hours office"
)
def set_(
    key: Key,
    *,
    first: Annotated[Span, typer.Option(parser=read_span, help="Of the first answer.")] = None,
    next_: Annotated[
        Span, typer.Option("--next", parser=read_span, help="Of each later answer.")
    ] = None,
    resolution: Annotated[Span, typer.Option(parser=read_span, help="Of the ticket's end.")] = None,
    warn: Annotated[
        Span, typer.Option(parser=read_span, help="How long before a breach to warn; 5m else.")
    ] = None,
    hours: Annotated[
        str | None, typer.Option(help="Whose hours count (`troupe hours`); round the clock else.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Only tickets of this menu topic.")] = None,
    priority: Annotated[
        str | None, typer.Option(help="Only tickets of this priority: low, normal, high, urgent.")
    ] = None,
    pauses: Annotated[
        bool, typer.Option(help="Let the resolution stand still while the client is to answer.")
    ] = True,
) -> None:
    """Add a policy or change it; it holds for promises that are made from now on."""
    policy = SlaPolicy(
        key=key,
        first_answer=first,
        next_answer=next_,
        resolution=resolution,
        warn_before=WARNING if warn is None else warn,
        calendar=hours,
        topic=topic,
        priority=read_priority(priority),
        pauses_while_waiting=pauses,
    )
    run(lambda service: service.promises.put_policy(actor(), policy))
    say(f"{key} holds from now on")


def read_priority(name: str | None) -> Priority | None:
    """Read a priority's name; raises typer's BadParameter."""
    if name is None:
        return None
    try:
        return Priority[name.upper()]
    except KeyError:
        known = ", ".join(one.name.lower() for one in Priority)
        raise typer.BadParameter(f"write one of {known}", param_hint="--priority") from None


@app.command(epilog="Example: troupe sla remove default")
def remove(key: Key) -> None:
    """Remove a policy; promises that were made by it stay."""
    run(lambda service: service.promises.remove_policy(actor(), key))
    say(f"{key} is removed")
