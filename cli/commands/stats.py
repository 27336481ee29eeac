"""`troupe stats`: how it goes, in figures and small pictures."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cli.output import AsJson, Column, plain, say, show_card, show_json, show_table
from cli.running import run
from cli.spans import read_span, took

if TYPE_CHECKING:
    from orchestrator.ports.stats import (
        AccountStats,
        ErrorStats,
        OperationStats,
        PostStats,
        SendingStats,
        Stats,
    )

Row = TypeVar("Row")

STEPS = "▁▂▃▄▅▆▇█"
BAR = 12
"""Columns of a bar that is full."""


def add_to(app: typer.Typer) -> None:
    """Hang the command into the root."""
    app.command(epilog="Example: troupe stats --since 7d --account anna")(stats)


def stats(
    user: Annotated[
        str | None, typer.Option(help="Only what this person approved, or their campaigns said.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    since: Annotated[
        timedelta,
        typer.Option(parser=read_span, metavar="SPAN", help="How far back, like 1h, 24h or 7d."),
    ] = "24h",  # type: ignore[assignment]  # the parser reads the default too
    as_json: AsJson = False,
) -> None:
    """Show sessions, sending, success rates, durations, causes of errors, and what works."""
    found = run(lambda service: service.logs.stats(since, account, user))
    if as_json:
        show_json(as_plain(found))
        return
    if user and not (found.operations or found.comments):
        say(f"Nothing was said since then that {user} approved, or in a campaign of theirs.")
        return
    show_card(found, overview(found), as_json=False)
    show_section("What was done", found.operations, operation_columns())
    show_section("Why it failed", found.errors, error_columns())
    show_section("What works, by account", found.accounts, account_columns(found.accounts))
    show_section("What works, by post", found.posts, post_columns())


def show_section(title: str, rows: Sequence[Row], columns: Sequence[Column[Row]]) -> None:
    """Draw a titled table, unless there is nothing in it."""
    if rows:
        say(f"\n{title}")
        show_table(rows, columns)


def as_plain(found: "Stats") -> object:
    """Lay the figures out for JSON, with the rates that follow from them."""
    laid = plain(found)
    if isinstance(laid, dict):
        for name, rows in (("operations", found.operations), ("accounts", found.accounts)):
            for row, whole in zip(laid[name], rows, strict=True):
                for rate in ("success_rate", "per_comment"):
                    if hasattr(whole, rate):
                        row[rate] = round(getattr(whole, rate), 4)
    return laid


def overview(found: "Stats") -> list[tuple[str, object]]:
    """Return what is shown first."""
    sent = sum(step.sent for step in found.course)
    failed = sum(step.failed for step in found.course)
    return [
        ("Since", found.since),
        ("Accounts", counts(found.sessions.states)),
        ("Sessions", f"{found.sessions.active} active{by_node(found.sessions.by_node)}"),
        ("Outbox", outbox(found.sending)),
        ("Comments", counts(found.comments)),
        ("Sent", f"{sparkline([step.sent for step in found.course])}  {sent}"),
        ("Failed", f"{sparkline([step.failed for step in found.course])}  {failed}"),
    ]


def outbox(sending: "SendingStats") -> str:
    """Say what is on its way."""
    due = f"due {sending.due}" + (f" ({sending.held} of them held)" if sending.held else "")
    return f"{due}, sending {sending.sending}, unknown {sending.unknown}"


def operation_columns() -> "list[Column[OperationStats]]":
    """Return what is shown of each kind of act."""
    return [
        Column("Kind", lambda one: one.kind),
        Column("Count", lambda one: one.count, number=True),
        Column("Failed", lambda one: one.failed, number=True),
        Column("Succeeded", lambda one: f"{bar(one.success_rate)} {one.success_rate:6.1%}"),
        Column("p50", lambda one: took(one.p50), number=True),
        Column("p95", lambda one: took(one.p95), number=True),
    ]


def error_columns() -> "list[Column[ErrorStats]]":
    """Return what is shown of each cause."""
    return [
        Column("Cause", lambda one: one.name),
        Column("Count", lambda one: one.count, number=True),
        Column("Of", lambda one: one.kinds),
        Column("Last", lambda one: one.last_at),
        Column("Said", lambda one: one.example, wide=True),
    ]


def account_columns(accounts: "Sequence[AccountStats]") -> "list[Column[AccountStats]]":
    """Return what is shown of each account; the best one's bar is full."""
    best = max((one.per_comment for one in accounts), default=0.0)
    return [
        Column("Account", lambda one: one.account),
        Column("Sent", lambda one: one.sent, number=True),
        Column("Failed", lambda one: one.failed, number=True),
        Column("Likes", lambda one: one.likes, number=True),
        Column("Replies", lambda one: one.replies, number=True),
        Column("Views", lambda one: one.views, number=True),
        Column(
            "For each comment",
            lambda one: f"{bar(one.per_comment / best if best else 0)} {one.per_comment:.1f}",
        ),
    ]


def post_columns() -> "list[Column[PostStats]]":
    """Return what is shown of each post."""
    return [
        Column("Likes", lambda one: one.likes, number=True),
        Column("Replies", lambda one: one.replies, number=True),
        Column("Views", lambda one: one.views, number=True),
        Column("Account", lambda one: one.account),
        Column("Channel", lambda one: one.channel, wide=True),
        Column("Post", lambda one: one.post, wide=True),
        Column("Comment", lambda one: one.comment, wide=True),
    ]


def counts(numbers: Mapping[str, int]) -> str:
    """Write counts by name."""
    return ", ".join(f"{name} {number}" for name, number in numbers.items()) or "none"


def by_node(numbers: Mapping[str, int]) -> str:
    """Say which node holds how many."""
    return f" ({counts(numbers)})" if numbers else ""


def sparkline(numbers: Sequence[int]) -> str:
    """Draw numbers as steps; the largest is the highest, and only none is the lowest."""
    most = max(numbers, default=0)
    if most == 0:
        return STEPS[0] * len(numbers)
    highest = len(STEPS) - 1
    return "".join(STEPS[-(-number * highest // most)] for number in numbers)


def bar(part: float) -> str:
    """Draw a part of a whole."""
    full = round(max(0.0, min(1.0, part)) * BAR)
    return "█" * full + "░" * (BAR - full)
