"""The demo as people watch it: accounts, decisions and counts, live in the terminal."""

from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.demo.summary import Summary
from cli.demo.ticket import TicketPlay
from orchestrator.ports.accounts import Account
from orchestrator.ports.logs import Decision, Tally

WIDTH = 98
STYLES = {"sent": "green", "pending": "yellow", "silence": "dim", "failed": "red"}


def shorten(text: str, length: int) -> str:
    """Cut a text to one line of at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def draw(
    accounts: Sequence[Account],
    decisions: Sequence[Decision],
    tally: Tally,
    total: int,
    ticket: TicketPlay,
) -> RenderableType:
    """Draw one frame."""
    return Group(
        draw_accounts(accounts, tally),
        draw_decisions(decisions),
        draw_ticket(ticket),
        draw_progress(tally, total),
    )


def draw_accounts(accounts: Sequence[Account], tally: Tally) -> RenderableType:
    """Show who plays, and what has been said so far."""
    table = Table(box=None, width=WIDTH - 4, padding=(0, 1))
    table.add_column("account", style="bold cyan", width=10)
    table.add_column("speaks as", width=20)
    table.add_column("state", width=8)
    table.add_column("public bio")
    for account in accounts:
        table.add_row(
            account.name,
            account.first_name or "",
            Text(account.state, style="green" if account.state == "active" else "red"),
            Text(account.bio or "", style="dim"),
        )
    sent = tally.comments.get("sent", 0)
    silent = sum(tally.silences.values())
    title = f"[bold]Troupe[/] · {sent} comments · {silent} silences"
    return Panel(table, title=title, width=WIDTH)


def draw_decisions(decisions: Sequence[Decision]) -> RenderableType:
    """Show the newest decisions: the post, and what came of it."""
    table = Table(box=None, width=WIDTH - 4, padding=(0, 1), show_header=False)
    table.add_column(min_width=8, no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for decision in decisions:
        style = STYLES.get(decision.status, "yellow")
        said = f"{decision.account}: {decision.text}" if decision.account else decision.text
        table.add_row(Text("post", style="blue"), Text(shorten(decision.post_text, 82)))
        table.add_row(Text(decision.status, style=style), Text(shorten(said, 82), style=style))
    return Panel(table, title="posts and what came of them", width=WIDTH)


def draw_ticket(ticket: TicketPlay) -> RenderableType:
    """Show a client's ticket at the desk, step by step."""
    table = Table(box=None, width=WIDTH - 4, padding=(0, 1), show_header=False)
    table.add_column(width=12, no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for step in ticket.steps:
        name = step.name.replace("_", " ")
        table.add_row(Text(name, style="green"), Text(shorten(step.text, 76)))
    if not ticket.steps:
        table.add_row(Text("–", style="dim"), Text("the desk opens", style="dim"))
    number = f" #{ticket.number}" if ticket.number else ""
    return Panel(table, title=f"a client's ticket{number} at the desk", width=WIDTH)


def draw_progress(tally: Tally, total: int) -> RenderableType:
    """Show how far the posts are decided."""
    decided = tally.posts_seen - tally.undecided
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        Text(f" {decided}/{total} posts decided"),
        ProgressBar(total=total, completed=decided, width=60),
    )
    return bar


def draw_summary(summary: Summary) -> RenderableType:
    """Show what came of it all, and what to try next."""
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_column(width=34)
    table.add_column()
    table.add_row("posts seen", str(summary.posts_seen))
    table.add_row("comments sent", Text(str(summary.comments_sent), style="bold green"))
    for reason, count in sorted(summary.silences.items(), key=lambda item: -item[1]):
        table.add_row(f"silent: {reason.replace('_', ' ')}", str(count))
    good = summary.duplicates == 0
    table.add_row(
        "said twice", Text(str(summary.duplicates), style="green" if good else "bold red")
    )
    table.add_row("a client's ticket", told_of(summary.ticket))
    if summary.injected:
        faults = ", ".join(f"{name} ×{count}" for name, count in summary.injected.items())
        outcome = "nothing lost or doubled" if summary.is_whole else "not all survived"
        table.add_row("faults injected", f"{faults}: {outcome}")
    if summary.first_comment_seconds is not None:
        table.add_row("first comment after", f"{summary.first_comment_seconds:.1f} s")
    table.add_row("all of it took", f"{summary.seconds:.1f} s")
    return Panel(table, title="what came of it", width=WIDTH)


def told_of(ticket: Mapping[str, object]) -> Text:
    """Say how far the ticket came, and how the client rated it."""
    if not ticket["is_over"]:
        return Text(str(ticket["failed"] or "not finished"), style="bold red")
    marks, steps = ticket["marks"], ticket["steps"]
    rated = " · ".join(map(str, marks)) if isinstance(marks, list) else ""
    count = len(steps) if isinstance(steps, dict) else 0
    return Text(f"asked, taken, answered, finished, rated {rated} ({count} steps)", style="green")


def save_picture(frame: RenderableType, file: Path) -> None:
    """Draw a frame into an SVG file, for the README."""
    console = Console(record=True, width=WIDTH + 2, file=StringIO(), force_terminal=True)
    console.print(frame)
    file.write_text(console.export_svg(title="make demo"), encoding="utf-8")


NEXT_STEPS = """\
What to try next
  make demo ARGS="--replay result.json"  posts that you exported from a channel
  make demo ARGS="--scripts FOLDER"      words of your own, like cli/demo_data/scripts
  .venv/bin/troupe doctor                what a real account still needs
"""
