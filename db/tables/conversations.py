"""People who write to our accounts, and the groups that our accounts made."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, UniqueConstraint, false, text

from db.tables.base import (
    document,
    identity,
    maybe_number,
    maybe_reference,
    maybe_words,
    metadata,
    moment,
    moment_now,
    moment_of,
    number,
    one_of,
    reference,
    words,
)

contacts = Table(
    "contacts",
    metadata,
    identity(),
    Column("telegram_id", BigInteger, nullable=False, unique=True),
    maybe_words("username"),
    words("name", server_default=""),
    maybe_words("language"),
    moment_now("first_seen_at"),
    moment_now("last_seen_at"),
)

opt_outs = Table(
    "opt_outs",
    metadata,
    reference("contact_id", "contacts.id", primary_key=True),
    words("reason"),
    words("detail", server_default=""),
    maybe_reference("account_id", "accounts.id"),
    moment_now("at"),
    one_of("reason", ("stop_word", "block", "report", "operator", "unreachable")),
)

conversations = Table(
    "conversations",
    metadata,
    identity(),
    reference("account_id", "accounts.id"),
    reference("contact_id", "contacts.id", index=True),
    words("state", server_default="open"),
    moment_now("started_at"),
    moment("closed_at"),
    maybe_words("closed_reason"),
    # Up to here the person has read what we wrote.
    number("read_upto", server_default="0"),
    UniqueConstraint("account_id", "contact_id"),
    one_of("state", ("open", "paused", "handed_over", "closed")),
)

messages = Table(
    "messages",
    metadata,
    identity(),
    reference("conversation_id", "conversations.id"),
    words("direction"),
    number("telegram_message_id"),
    words("text"),
    # What the person had written before they changed it.
    maybe_words("first_text"),
    maybe_number("reply_to"),
    document("media", default="[]"),
    Column("is_read", Boolean, nullable=False, server_default=false()),
    moment_of("sent_at"),
    moment_now("recorded_at"),
    moment("edited_at"),
    moment("deleted_at"),
    one_of("direction", ("incoming", "outgoing")),
    UniqueConstraint("conversation_id", "telegram_message_id"),
    # Telegram names deleted private messages by number alone.
    Index("ix_messages_telegram_message_id", "telegram_message_id"),
    Index("ix_messages_recorded_at", "recorded_at"),
    Index(
        "ix_messages_unread",
        "conversation_id",
        "id",
        postgresql_where=text("direction = 'incoming' AND NOT is_read"),
    ),
)

study_groups = Table(
    "study_groups",
    metadata,
    identity(),
    reference("account_id", "accounts.id"),
    Column("telegram_id", BigInteger, nullable=False, unique=True),
    words("title"),
    maybe_number("pinned_notice_id"),
    words("state", server_default="active"),
    moment_now("created_at"),
    one_of("state", ("active", "closed")),
)
