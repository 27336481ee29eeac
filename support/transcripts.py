"""Transcripts of tickets as people read them."""

from datetime import datetime, tzinfo

from support.reports import Transcript
from support.talk import ContentType, TicketMessage


def write_transcript(found: Transcript, zone: tzinfo | None = None) -> str:
    """Write a ticket as plain text, times in that zone or in this machine's."""
    ticket, client = found.ticket, found.client
    username = f" (@{client.username})" if client.username else ""
    head = [
        f"Ticket #{ticket.id} · {ticket.state} · {client.full_name or '?'}{username}",
        f"Opened {moment(ticket.created_at, zone)}"
        + (f", closed {moment(ticket.closed_at, zone)}" if ticket.closed_at else ""),
    ]
    if found.tags:
        head.append(f"Tags: {', '.join(found.tags)}")
    said = [message_text(one, zone) for one in found.messages]
    notes = [f"[note] {moment(one.at, zone)} {one.author}: {one.text}" for one in found.notes]
    parts = ["\n".join(head), *said]
    if notes:
        parts.append("\n".join(notes))
    if found.survey is not None and found.survey.mean is not None:
        marks = ", ".join("–" if one is None else str(one) for one in found.survey.answers)
        comment = f": {found.survey.comment}" if found.survey.comment else ""
        parts.append(f"[survey] {marks}{comment}")
    return "\n\n".join(parts) + "\n"


def message_text(message: TicketMessage, zone: tzinfo | None) -> str:
    """Write one message with its author."""
    who = message.author or message.side.lower()
    changed = " (edited)" if message.edited_at else ""
    gone = " (deleted)" if message.deleted_at else ""
    lines = [f"{moment(message.sent_at, zone)} {who}{changed}{gone}"]
    if message.content_type is not ContentType.TEXT:
        names = ", ".join(one.file_name for one in message.attachments if one.file_name)
        lines.append(f"[{message.content_type}{': ' + names if names else ''}]")
    if message.words:
        lines.append(message.words)
    return "\n".join(lines)


def moment(at: datetime, zone: tzinfo | None) -> str:
    """Write a time to the minute."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
