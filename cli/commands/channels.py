"""`troupe channels`: which channels are watched, and by whom."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, say, show_card, show_listing
from cli.running import actor, run

if TYPE_CHECKING:
    from orchestrator.ports.channels import Channel

app = typer.Typer(no_args_is_help=True, help="The channels that are watched.")

Name = Annotated[str, typer.Argument(help="@username, title or number of a channel.")]


@app.command(epilog="Example: troupe channels add @our_news --account anna --every 15")
def add(
    name: Annotated[str, typer.Argument(help="@username or link of the channel.")],
    account: Annotated[str, typer.Option(help="The account that reads it; it must be able to.")],
    every: Annotated[
        int, typer.Option(help="Minutes between comparisons with the server.", min=1, max=1440)
    ] = 15,
) -> None:
    """Watch a channel from its next post on; nobody joins it by itself."""
    from cli.hindrances import seen_late

    interval = timedelta(minutes=every)
    channel = run(lambda service: service.channels.add(actor(), name, account, interval))
    onward = f"troupe grants add {name} --account {account}"
    say(f"{channel.title} is watched by {account}; next: {onward}")
    if late := seen_late(channel):
        say(late)


@app.command("list", epilog="Example: troupe channels list")
def list_(as_json: AsJson = False) -> None:
    """List all channels."""
    columns: list[Column[Channel]] = [
        Column("Title", lambda one: one.title, wide=True),
        Column("Username", lambda one: one.username and f"@{one.username}"),
        Column("Active", lambda one: one.is_active),
        Column("Reader", lambda one: one.reader),
        Column("Every", lambda one: one.monitoring_interval),
        Column("Checked", lambda one: one.last_checked),
        Column("Late", lambda one: one.recovered_late),
        Column("Comments", lambda one: one.linked_group is not None),
    ]
    found = run(lambda service: service.channels.list())
    empty = "No channel yet; begin with: troupe channels add @NAME --account ACCOUNT"
    show_listing(found, columns, as_json=as_json, empty=empty)


@app.command(epilog="Example: troupe channels show @our_news")
def show(name: Name, as_json: AsJson = False) -> None:
    """Show one channel."""
    found = run(lambda service: service.channels.show(name))
    show_card(found, channel_card(found), as_json=as_json)


def channel_card(channel: "Channel") -> list[tuple[str, object]]:
    """Return what is shown of one channel."""
    return [
        ("Title", channel.title),
        ("Username", channel.username and f"@{channel.username}"),
        ("Description", channel.description),
        ("Telegram id", channel.telegram_id),
        ("Active", channel.is_active),
        ("Read by", channel.reader or "nobody"),
        ("Members", channel.members_count),
        ("Linked group", channel.linked_group or "none: nobody can comment there"),
        ("Compared every", channel.monitoring_interval),
        ("Last compared", channel.last_checked),
        ("Last post", channel.last_message),
        ("Updates recovered late", channel.recovered_late),
    ]


@app.command(epilog="Example: troupe channels pause @our_news")
def pause(name: Name) -> None:
    """Stop watching for now; a paused channel gets no comments either."""
    channel = run(lambda service: service.channels.set_active(actor(), name, active=False))
    say(f"{channel.title} is paused; troupe channels resume {name} watches it again")


@app.command(epilog="Example: troupe channels resume @our_news")
def resume(name: Name) -> None:
    """Watch a paused channel again."""
    channel = run(lambda service: service.channels.set_active(actor(), name, active=True))
    say(f"{channel.title} is watched")


@app.command(epilog="Example: troupe channels remove @our_news")
def remove(name: Name) -> None:
    """Stop watching for good; a live grant must be revoked first."""
    channel = run(lambda service: service.channels.remove(actor(), name))
    say(f"{channel.title} is not watched any more")
