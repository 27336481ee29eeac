"""How Troupe itself is: `status`, `audit`, `doctor`, `nodes`."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import (
    AsJson,
    Column,
    counting_down,
    duration_text,
    plain,
    say,
    show_card,
    show_json,
    show_listing,
    show_table,
)
from cli.running import actor, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.doctor import Finding
    from orchestrator.ports.logs import AuditEntry, Decision, Tally
    from orchestrator.service.nodes import NodeSeen
    from orchestrator.service.service import Service

nodes = typer.Typer(no_args_is_help=True, help="The processes that hold accounts.")

MARKS = {"ok": "✓", "warning": "!", "broken": "✗"}

Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many.")]


def add_to(app: typer.Typer) -> None:
    """Hang the commands of this module into the root."""
    app.command(epilog="Example: troupe status")(status)
    app.command(epilog="Example: troupe audit --limit 20")(audit)
    app.command(epilog="Example: troupe doctor")(doctor)


def status(limit: Limit = 10, as_json: AsJson = False) -> None:
    """Say what has come of the posts so far: comments, silences and their reasons."""
    tally, decisions = run(lambda service: look(service, limit))
    if as_json:
        show_json({"tally": plain(tally), "decisions": plain(list(decisions))})
        return
    show_card(tally, tally_card(tally), as_json=False)
    if decisions:
        show_table(decisions, decision_columns())
    else:
        say("No post was decided yet; `troupe run` watches and decides.")


async def look(service: "Service", limit: int) -> "tuple[Tally, list[Decision]]":
    """Count, and fetch the newest decisions."""
    return await service.tally(), list(await service.decisions(limit))


def tally_card(tally: "Tally") -> list[tuple[str, object]]:
    """Return what is shown of the counts."""
    return [
        ("Posts seen", tally.posts_seen),
        ("Undecided", tally.undecided),
        ("In review", tally.in_review),
        ("Comments", counts(tally.comments)),
        ("Silences", counts(tally.silences)),
        ("First comment", tally.first_comment_at),
    ]


def counts(numbers: dict[str, int]) -> str:
    """Write counts by name, the largest first."""
    largest = sorted(numbers.items(), key=lambda one: -one[1])
    return ", ".join(f"{name.replace('_', ' ')} {number}" for name, number in largest) or "none"


def decision_columns() -> "list[Column[Decision]]":
    """Return what is shown of each decision."""
    return [
        Column("When", lambda one: one.at),
        Column("Outcome", lambda one: one.outcome),
        Column("Account", lambda one: one.account),
        Column("Post", lambda one: one.post_text, wide=True),
        Column("Words, or why none", lambda one: one.text, wide=True, whole=True),
    ]


def audit(limit: Limit = 50, as_json: AsJson = False) -> None:
    """Show who changed what, newest first."""
    from cli.changes import changes

    columns: list[Column[AuditEntry]] = [
        Column("When", lambda one: one.at, whole=True),
        Column("Who", lambda one: one.actor, whole=True),
        Column("Did", lambda one: one.action, whole=True),
        Column("To", lambda one: one.subject, wide=True, whole=True),
        Column("Changed", lambda one: changes(one.before, one.after), wide=True, whole=True),
    ]
    found = run(lambda service: service.audit(limit))
    show_listing(found, columns, as_json=as_json, empty="Nobody has changed anything yet.")


@nodes.command("list", epilog="Example: troupe nodes list")
def list_nodes(as_json: AsJson = False) -> None:
    """List the processes that hold accounts; signs of life are watched for, for two seconds."""
    columns: list[Column[NodeSeen]] = [
        Column("Name", lambda one: one.name, wide=True),
        Column("Standing", lambda one: one.standing),
        Column("Accounts", lambda one: one.accounts, number=True),
        Column("Leads", lambda one: one.leads),
        Column("Host", lambda one: one.host),
        Column("Process", lambda one: one.pid, number=True),
        Column("Version", lambda one: one.version),
        Column("Started", lambda one: one.started_at),
        Column("Seen", last_seen),
    ]
    found = run(lambda service: service.nodes.list())
    show_listing(found, columns, as_json=as_json, empty="No node lives; start one: troupe run")
    if not as_json:
        for sentence in filter(None, map(whats_waited_for, found)):
            say(sentence)


def whats_waited_for(node: "NodeSeen") -> str:
    """Say what becomes of a silent node's accounts, and when; nothing of any other node."""
    if node.standing != "silent" or not node.accounts:
        return ""
    if node.free_at is None:
        return f"What {node.name} held waits for a node that lives: troupe run"
    return (
        f"What {node.name} held is taken by another by {node.free_at.astimezone():%H:%M:%S}, when "
        "nothing of it can speak any more"
    )


def last_seen(node: "NodeSeen") -> str:
    """Say how long ago a node gave its last sign of life, which it does every second."""
    return "now" if node.unseen < timedelta(seconds=2) else f"{duration_text(node.unseen)} ago"


@nodes.command(epilog="Example: troupe nodes drain munich-1")
def drain(
    name: Annotated[str, typer.Argument(help="The node.")],
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until it holds no account.")
    ] = True,
) -> None:
    """Have a node give its accounts to the others, one lane after another stopping in order."""
    run(lambda service: drain_and_watch(service, name, wait=wait))
    if wait:
        until = f"`troupe nodes undrain {name}`, or until it is started again"
        say(f"{name} holds no account; it takes none until {until}.")
    else:
        say(f"{name} is asked to give its accounts away; see `troupe nodes list`.")


@nodes.command(epilog="Example: troupe nodes undrain munich-1")
def undrain(name: Annotated[str, typer.Argument(help="The node.")]) -> None:
    """Let a node take accounts again."""
    run(lambda service: service.nodes.undrain(actor(), name))
    say(f"{name} takes accounts again.")


async def drain_and_watch(service: "Service", name: str, *, wait: bool) -> None:
    """Ask a node to drain, and show how far it is."""
    await service.nodes.drain(actor(), name)
    if wait:
        left = service.nodes.watch_drain(name)
        with counting_down(f"{name} hands over") as show:
            async for accounts in left:
                show(accounts)


def doctor(as_json: AsJson = False) -> None:
    """Check what Troupe stands on, and say how to mend what is broken."""
    import asyncio

    from cli.doctor import examine, is_broken

    findings = asyncio.run(examine())
    if as_json:
        show_json([plain(one) for one in findings])
    else:
        show_findings(findings)
    if is_broken(findings):
        raise typer.Exit(1)


def show_findings(findings: "Sequence[Finding]") -> None:
    """Show what was checked, then how to mend what is not well."""
    columns: list[Column[Finding]] = [
        Column("", lambda one: MARKS[one.health]),
        Column("Check", lambda one: one.check),
        Column("Health", lambda one: one.health),
        Column("Found", lambda one: one.detail, wide=True),
    ]
    show_table(findings, columns)
    for finding in findings:
        if finding.remedy:
            say(f"{MARKS[finding.health]} {finding.check}: {finding.remedy}")
