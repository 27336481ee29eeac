"""What the desk's operators answered through accounts, until they were told what became of it."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, UniqueConstraint, text

from db.tables.base import maybe_number, metadata, moment, number, words

account_answers = Table(
    "account_answers",
    metadata,
    # A plain number: messages of the outbox are swept before their tickets.
    Column("outbox_id", BigInteger, primary_key=True, autoincrement=False),
    Column("ticket_id", BigInteger, ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False),
    # The act's key: an update that is handled again finds its answer queued.
    words("act"),
    # Where the operator wrote it, and is told.
    number("chat_id"),
    maybe_number("thread_id"),
    maybe_number("message_id"),
    moment("told_at"),
    UniqueConstraint("act"),
    Index("ix_account_answers_ticket_id", "ticket_id"),
    Index("ix_account_answers_untold", "outbox_id", postgresql_where=text("told_at IS NULL")),
)
