"""Transcripts as a page of their own, without anything that is loaded from elsewhere."""

from datetime import tzinfo
from html import escape

from support.reports import Transcript
from support.talk import TicketMessage
from support.transcripts import moment

STYLE = (
    "body{font:16px/1.45 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;"
    "color:#1c1e21;background:#fff}"
    "article{margin:.6rem 0;padding:.6rem .9rem;border-radius:.8rem;background:#f0f2f5;"
    "white-space:pre-wrap;overflow-wrap:anywhere}"
    "article.STAFF,article.TECH{background:#e3f1e3;margin-left:3rem}"
    "article.CLIENT{margin-right:3rem}article.SYSTEM{background:none;color:#606770}"
    "article.gone{text-decoration:line-through}aside{color:#606770}small{color:#606770}"
)


def write_transcript_page(found: Transcript, zone: tzinfo | None = None) -> str:
    """Write a ticket as an HTML page, times in that zone or in this machine's.

    Everything that people wrote is escaped; files are named, not embedded.
    """
    ticket, client = found.ticket, found.client
    title = f"Ticket #{ticket.id}"
    username = f" (@{client.username})" if client.username else ""
    who = escape(f"{client.full_name or '?'}{username}")
    head = [f"{who} · {ticket.state} · {moment(ticket.created_at, zone)}"]
    if found.tags:
        head.append(escape(f"Tags: {', '.join(found.tags)}"))
    notes = [
        f"<p>{escape(one.author)}, {moment(one.at, zone)}: {escape(one.text)}</p>"
        for one in found.notes
    ]
    parts = [
        f'<!doctype html>\n<html lang="{ticket.language}">',
        f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>',
        f"<h1>{title}</h1>",
        *(f"<p>{line}</p>" for line in head),
        *(message_article(one, zone) for one in found.messages),
        *([f"<aside><h2>Notes</h2>{''.join(notes)}</aside>"] if notes else []),
        *survey_lines(found),
        "</html>\n",
    ]
    return "\n".join(parts)


def message_article(message: TicketMessage, zone: tzinfo | None) -> str:
    """Write one message with its author and its files' names."""
    who = escape(message.author or message.side.lower())
    changed = ", edited" if message.edited_at else ""
    files = "".join(
        f"\n📎 {escape(one.file_name or one.mime_type or message.content_type)}"
        for one in message.attachments
    )
    gone = " gone" if message.deleted_at else ""
    head = f"<small>{who}, {moment(message.sent_at, zone)}{changed}</small>"
    return f'<article class="{message.side}{gone}">{head}\n{escape(message.words)}{files}</article>'


def survey_lines(found: Transcript) -> list[str]:
    """Write what the client thought of it."""
    survey = found.survey
    if survey is None or survey.mean is None:
        return []
    marks = ", ".join("–" if one is None else str(one) for one in survey.answers)
    comment = f": {escape(survey.comment)}" if survey.comment else ""
    return [f"<p>Survey: {marks}{comment}</p>"]
