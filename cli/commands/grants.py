"""`troupe grants`: who lets us comment where, and until when (charter rule 1)."""

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, counted, plain, say, show_json, show_listing
from cli.running import actor, run

if TYPE_CHECKING:
    from orchestrator.ports.grants import Grant, InFlight, Revocation

app = typer.Typer(no_args_is_help=True, help="Who lets us comment where, and until when.")


class GrantStanding(StrEnum):
    """How a grant stands now."""

    LIVE = "live"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"


@app.command(epilog="Example: troupe grants add @our_news --account anna --days 90")
def add(
    channel: Annotated[str, typer.Argument(help="@username, title or number of a channel.")],
    account: Annotated[str, typer.Option(help="Our account that is creator or admin there.")],
    days: Annotated[
        int | None, typer.Option(help="How many days it holds; without end when left out.", min=1)
    ] = None,
    per_post: Annotated[
        int, typer.Option(help="Comments of ours under one post.", min=1, max=10)
    ] = 1,
    automatic: Annotated[
        bool, typer.Option("--automatic", help="Send without a person's review.")
    ] = False,
) -> None:
    """Record a grant; Telegram is asked for the proof: the account's own rights in the channel."""
    from orchestrator.ports.grants import Review
    from orchestrator.service.grants import GrantTerms

    terms = GrantTerms(
        comments_per_post=per_post,
        review=Review.AUTOMATIC if automatic else Review.REQUIRED,
        lasts=timedelta(days=days) if days else None,
    )
    grant = run(lambda service: service.grants.add(actor(), channel, account, terms))
    say(f"grant {grant.id} lets us comment in {grant.channel_title}, proved by {account}")


@app.command("list", epilog="Example: troupe grants list @our_news")
def list_(
    channel: Annotated[str | None, typer.Argument(help="A channel; all when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """List grants, newest first, also those that ended."""
    columns: list[Column[Grant]] = [
        Column("Id", lambda one: one.id, number=True),
        Column("Channel", lambda one: one.channel_title, wide=True),
        Column("Standing", standing),
        Column("Granted by", lambda one: one.granted_by),
        Column("Proof", lambda one: one.proof),
        Column("Review", lambda one: one.review),
        Column("A post", lambda one: one.comments_per_post, number=True),
        Column("Until", lambda one: one.expires_at),
    ]
    found = run(lambda service: service.grants.list(channel))
    empty = "No grant yet, so nothing is sent; begin with: troupe grants add @NAME --account NAME"
    show_listing(found, columns, as_json=as_json, empty=empty)


def standing(grant: "Grant") -> GrantStanding:
    """Say how the grant stands now."""
    from datetime import UTC, datetime

    if grant.revoked_at:
        return GrantStanding.REVOKED
    if grant.expires_at and grant.expires_at <= datetime.now(UTC):
        return GrantStanding.EXPIRED
    return GrantStanding.SUSPENDED if grant.suspended_at else GrantStanding.LIVE


@app.command(epilog="Example: troupe grants revoke 3")
def revoke(
    grant: Annotated[int, typer.Argument(help="The grant's number, from `troupe grants list`.")],
    as_json: AsJson = False,
) -> None:
    """End a grant: what waits is cancelled, nothing more is sent, what was in flight is listed."""
    from orchestrator.ids import GrantId

    done = run(lambda service: service.grants.revoke(actor(), GrantId(grant)))
    if as_json:
        show_json(plain(done))
        return
    say(ended(done))
    if done.in_flight:
        show_in_flight(done)


def ended(done: "Revocation") -> str:
    """Say what ended with a grant."""
    cancelled = counted(done.cancelled, "waiting message")
    withdrawn = counted(done.withdrawn, "draft")
    return (
        f"grant {done.grant} is revoked; "
        f"{cancelled} {was(done.cancelled)} cancelled, "
        f"{withdrawn} {was(done.withdrawn)} withdrawn from review"
    )


def was(number: int) -> str:
    """Return the verb that goes with so many."""
    return "was" if number == 1 else "were"


def show_in_flight(done: "Revocation") -> None:
    """List what had left the gate before the revoke."""
    columns: list[Column[InFlight]] = [
        Column("Comment", lambda one: one.comment, number=True),
        Column("Account", lambda one: one.account),
        Column("Settled", lambda one: one.settled),
        Column("Text", lambda one: one.text, wide=True),
    ]
    say("In flight when it was revoked (troupe comments delete takes one back):")
    show_listing(done.in_flight, columns, as_json=False, empty="")
