"""`troupe outbox`: what waits to be said."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, complain, counted, say, show_card, show_listing
from cli.running import actor, run
from orchestrator.errors import BadInput
from orchestrator.ports.outbox import OutboxKind, OutboxState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.ports.outbox import OutboxDetail, OutboxRow

app = typer.Typer(no_args_is_help=True, help="What waits to be said.")

KINDS = {
    OutboxKind.COMMENT: "a comment",
    OutboxKind.DIRECT: "an answer in private",
    OutboxKind.STUDY_GROUP: "a line in a study group",
}

Number = Annotated[int, typer.Argument(help="The number from `troupe outbox list`.")]


@app.command("list", epilog="Example: troupe outbox list --state failed --limit 20")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Also what is settled.")] = False,
    state: Annotated[
        OutboxState | None, typer.Option(help="Only messages in this state, open or settled.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List messages, the next due first."""
    columns: list[Column[OutboxRow]] = [
        Column("Id", lambda one: one.id, number=True),
        Column("Kind", lambda one: one.kind),
        Column("State", lambda one: one.state),
        Column("Due", lambda one: one.due_at),
        Column("Account", lambda one: one.account),
        Column("To", lambda one: one.channel),
        Column("Tries", lambda one: one.attempts, number=True),
        Column("Last error", lambda one: one.last_error, wide=True),
        Column("Text", lambda one: one.text, wide=True),
    ]
    found = run(lambda service: service.outbox.list(limit, open_only=not every, state=state))
    show_listing(found, columns, as_json=as_json, empty="Nothing waits to be said.")


@app.command(epilog="Example: troupe outbox show 42")
def show(message: Number, as_json: AsJson = False) -> None:
    """Show one message: its attempts, and what it still waits for."""
    from orchestrator.ids import OutboxId

    found = run(lambda service: service.outbox.show(OutboxId(message)))
    show_card(found, pairs_of(found), as_json=as_json)


@app.command(epilog="Example: troupe outbox cancel 42")
def cancel(message: Number) -> None:
    """Cancel a message that has not left."""
    from orchestrator.ids import OutboxId

    run(lambda service: service.outbox.cancel(actor(), OutboxId(message)))
    say(f"message {message} is cancelled")


@app.command(epilog="Example: troupe outbox retry 42     troupe outbox retry --failed")
def retry(
    message: Annotated[
        int | None, typer.Argument(help="The number from `troupe outbox list --state failed`.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Every failed message.")] = False,
    looked: Annotated[
        bool,
        typer.Option(
            "--i-looked",
            help="For an unresolved message: you looked in its thread, and it is not there.",
        ),
    ] = False,
) -> None:
    """Try a failed message again, unchanged; the gate decides anew whether it may go out."""
    from orchestrator.ids import OutboxId

    if failed == (message is not None):
        raise BadInput("name one message, or say --failed for all that failed")
    if message is not None:
        number = OutboxId(message)
        run(lambda service: service.outbox.retry(actor(), number, looked=looked))
        say(f"message {message} is due again: see `troupe outbox show {message}`")
        return
    again, refused = run(lambda service: service.outbox.retry_failed(actor()))
    for reason in refused:
        complain(reason)
    if again or refused:
        say(f"{counted(len(again), 'message')} {'is' if len(again) == 1 else 'are'} due again")
    else:
        say("No message has failed.")


def pairs_of(found: "OutboxDetail") -> "Iterator[tuple[str, object]]":
    """Lay a message out for people."""
    row = found.row
    yield "Message", f"{row.id}, {KINDS[row.kind]}"
    yield "State", row.state
    yield "Waits for", what_it_waits_for(found)
    if found.suspended is not None and found.finished_at is None:
        yield "Its grant", f"is suspended: {found.suspended}"
    yield "Account", row.account
    yield "Held by", found.holder
    yield "Goes to", row.channel
    yield "Text", row.text
    yield "Allowed by", found.basis
    yield "Because", found.because
    yield "Due", row.due_at
    yield "At the latest", found.expires_at
    yield "Tries", row.attempts
    yield (
        "Attempts",
        "\n".join(
            f"{one.at:%Y-%m-%d %H:%M:%S} on {one.node or '?'}: {one.error or 'taken'}"
            for one in found.attempts
        ),
    )
    yield "Last error", row.last_error
    yield "Sent as", found.sent_message
    yield "Settled", found.finished_at


def what_it_waits_for(  # noqa: PLR0911 - one line for each reason reads best
    found: "OutboxDetail",
) -> str | None:
    """Say why an open message has not left yet."""
    from orchestrator.outbox.gate import SENTENCES, Verdict

    if found.finished_at is not None:
        return None
    if found.row.state is OutboxState.SENDING:
        return "Telegram's answer"
    if found.verdict is None:
        return "a decision that is being made at this moment"
    if found.holder is None:
        return SENTENCES[Verdict.LEASE_LOST]
    if found.verdict is Verdict.NOT_DUE:
        return f"its time, {found.row.due_at:%Y-%m-%d %H:%M:%S %Z}"
    if found.verdict is Verdict.HELD and found.held_until is not None:
        return f"the end of {found.hold_reason}, {found.held_until:%Y-%m-%d %H:%M:%S %Z}"
    if not found.addressed and found.verdict is Verdict.GROUP_CHANGED:
        return "its address: the post's copy in the discussion group"
    return SENTENCES[found.verdict]
