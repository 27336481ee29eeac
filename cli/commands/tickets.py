"""`troupe tickets`: what clients asked for, and what was said."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, plain, say, show_card, show_json, show_listing
from cli.running import actor, run
from support.tickets import TicketState

if TYPE_CHECKING:
    from support.reports import Found, Transcript
    from support.talk import TicketMessage
    from support.tickets import Ticket

app = typer.Typer(no_args_is_help=True, help="What clients asked for, and what was said.")

Number = Annotated[int, typer.Argument(help="The ticket's number.", min=1)]


@app.command("list", epilog="Example: troupe tickets list --state new")
def list_(
    state: Annotated[TicketState | None, typer.Option(help="Only tickets in this state.")] = None,
    operator: Annotated[str | None, typer.Option(help="Only this operator's.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only those with this tag.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List tickets, open ones first."""
    columns: list[Column[Ticket]] = [
        Column("Id", lambda one: one.id, number=True),
        Column("State", lambda one: one.state),
        Column("Mode", lambda one: one.mode),
        Column("Topic", lambda one: one.topic),
        Column("Held by", lambda one: one.technician_name or one.operator_name),
        Column("Opened", lambda one: one.created_at),
        Column("Subject", lambda one: one.subject, wide=True),
    ]
    found = run(lambda service: service.support.tickets(state, operator, tag, limit))
    is_narrowed = state is not None or operator is not None or tag is not None
    empty = (
        "No ticket is like that; all of them: troupe tickets list"
        if is_narrowed
        else "There are no tickets yet; whether the desk is set up: troupe desk status"
    )
    show_listing(found, columns, as_json=as_json, empty=empty)


@app.command(epilog="Example: troupe tickets find 'broken screen'")
def find(
    words: Annotated[str, typer.Argument(help="#12, @username, a name, or words that were said.")],
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """Find tickets by number, client, or what was said in them."""
    columns: list[Column[Found]] = [
        Column("Id", lambda one: one.ticket.id, number=True),
        Column("State", lambda one: one.ticket.state),
        Column("Client", lambda one: one.client),
        Column("Opened", lambda one: one.ticket.created_at),
        Column("Words", lambda one: one.excerpt or one.ticket.subject, wide=True),
    ]
    found = run(lambda service: service.support.search(words, limit))
    show_listing(found, columns, as_json=as_json, empty="Nothing was found.")


@app.command(epilog="Example: troupe tickets show 12")
def show(ticket: Number, as_json: AsJson = False) -> None:
    """Show a ticket with everything that was said in it."""
    found = run(lambda service: service.support.transcript(ticket))
    if as_json:
        show_json(plain(found))
        return
    show_card(found, ticket_card(found), as_json=False)
    columns: list[Column[TicketMessage]] = [
        Column("At", lambda one: one.sent_at),
        Column("Who", lambda one: one.author or one.side.lower()),
        Column("Kind", lambda one: one.content_type),
        Column("Words", lambda one: one.words, wide=True),
    ]
    show_listing(found.messages, columns, as_json=False, empty="Nothing was said yet.")


def ticket_card(found: "Transcript") -> list[tuple[str, object]]:
    """Return what is shown of a ticket above what was said."""
    ticket, client = found.ticket, found.client
    username = f" (@{client.username})" if client.username else ""
    return [
        ("Ticket", f"#{ticket.id}"),
        ("State", ticket.state),
        ("Client", f"{client.full_name}{username}"),
        ("Phone", f"…{client.phone_hint}" if client.phone_hint else None),
        ("Mode", ticket.mode),
        ("Topic", ticket.topic),
        ("Priority", ticket.priority.name.lower()),
        ("Operator", ticket.operator_name),
        ("Technician", ticket.technician_name),
        ("Opened", ticket.created_at),
        ("Closed", ticket.closed_at),
        ("Tags", ", ".join(found.tags)),
        ("Survey", survey_line(found)),
        ("Notes", "\n".join(f"{note.author}: {note.text}" for note in found.notes)),
    ]


def survey_line(found: "Transcript") -> str | None:
    """Write what the client thought of it."""
    survey = found.survey
    if survey is None or survey.mean is None:
        return None
    marks = ", ".join("–" if one is None else str(one) for one in survey.answers)
    return f"{marks}: {survey.comment}" if survey.comment else marks


@app.command(epilog="Example: troupe tickets export 12 --output ticket-12.txt")
def export(
    ticket: Number,
    output: Annotated[
        Path | None, typer.Option(help="Write to this file; standard output when left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write everything that was said in a ticket: text, JSON, or a page for a file in .html."""
    import json

    from support.transcript_pages import write_transcript_page
    from support.transcripts import write_transcript

    found = run(lambda service: service.support.transcript(ticket))
    if as_json:
        text = json.dumps(plain(found), ensure_ascii=False, indent=2) + "\n"
    elif output is not None and output.suffix == ".html":
        text = write_transcript_page(found)
    else:
        text = write_transcript(found)
    if output is None:
        say(text.rstrip("\n"))
        return
    output.write_text(text, encoding="utf-8")
    say(f"ticket #{ticket} is written to {output}")


@app.command(epilog="Example: troupe tickets merge 12 --into 15")
def merge(
    ticket: Number,
    into: Annotated[int, typer.Option(help="The client's ticket that remains.", min=1)],
) -> None:
    """Move everything said in a ticket into another of the same client, and close the first."""
    remains = run(lambda service: service.merging.merge(actor(), ticket, into))
    say(f"ticket #{ticket} is part of #{remains.id} now")
