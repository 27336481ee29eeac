"""How Troupe itself is: `status`, `audit`, `doctor`, `nodes list`."""

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, plain, say, show_card, show_json, show_listing, show_table
from cli.running import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.doctor import Finding
    from orchestrator.ports.leases import NodeRecord
    from orchestrator.ports.logs import AuditEntry, Decision, Tally
    from orchestrator.service.service import Service

nodes = typer.Typer(no_args_is_help=True, help="The processes that hold accounts.")

SILENT_AFTER = timedelta(minutes=1)
"""A node that lives is seen several times in this time."""

MARKS = {"ok": "✓", "warning": "!", "broken": "✗"}

Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many.")]


class NodeStanding(StrEnum):
    """How a node is."""

    ALIVE = "alive"
    DRAINING = "draining"
    SILENT = "silent"
    """It was killed, or cannot reach the database; its accounts go to others."""


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
    return ", ".join(f"{name} {number}" for name, number in largest) or "none"


def decision_columns() -> "list[Column[Decision]]":
    """Return what is shown of each decision."""
    return [
        Column("When", lambda one: one.at),
        Column("Outcome", lambda one: one.outcome),
        Column("Account", lambda one: one.account),
        Column("Post", lambda one: one.post_text, wide=True),
        Column("Words, or why none", lambda one: one.text, wide=True),
    ]


def audit(limit: Limit = 50, as_json: AsJson = False) -> None:
    """Show who changed what, newest first."""
    columns: list[Column[AuditEntry]] = [
        Column("When", lambda one: one.at),
        Column("Who", lambda one: one.actor),
        Column("Did", lambda one: one.action),
        Column("To", lambda one: one.subject),
        Column("Before", lambda one: one.before, wide=True),
        Column("After", lambda one: one.after, wide=True),
    ]
    found = run(lambda service: service.audit(limit))
    show_listing(found, columns, as_json=as_json, empty="Nobody has changed anything yet.")


@nodes.command("list", epilog="Example: troupe nodes list")
def list_nodes(as_json: AsJson = False) -> None:
    """List the processes that hold accounts."""
    columns: list[Column[NodeRecord]] = [
        Column("Name", lambda one: one.name, wide=True),
        Column("Standing", standing),
        Column("Host", lambda one: one.host),
        Column("Process", lambda one: one.pid, number=True),
        Column("Version", lambda one: one.version),
        Column("Accounts", lambda one: one.accounts, number=True),
        Column("Started", lambda one: one.started_at),
        Column("Seen", lambda one: one.seen_at),
    ]
    found = run(lambda service: service.nodes())
    show_listing(found, columns, as_json=as_json, empty="No node lives; start one: troupe run")


def standing(node: "NodeRecord") -> NodeStanding:
    """Say how a node is, by when it was last seen."""
    from datetime import UTC, datetime

    if datetime.now(UTC) - node.seen_at > SILENT_AFTER:
        return NodeStanding.SILENT
    return NodeStanding.DRAINING if node.draining else NodeStanding.ALIVE


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
