"""The desk's door: updates that came, parcels that go out, and which message stands for which."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from db.tables.base import (
    document,
    identity,
    maybe_document,
    maybe_number,
    maybe_words,
    metadata,
    moment,
    moment_now,
    number,
    one_of,
    words,
)

bots = Table(
    "bots",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    words("username"),
    Column("token_encrypted", LargeBinary, nullable=False),
    moment_now("kept_at"),
)

desk_updates = Table(
    "desk_updates",
    metadata,
    identity(),
    number("bot_id"),
    number("update_id"),
    number("chat_id"),
    document("content", default=None),
    words("state", server_default="waiting"),
    maybe_words("last_error"),
    moment_now("received_at"),
    moment("handled_at"),
    one_of("state", ("waiting", "done", "buried")),
    UniqueConstraint("bot_id", "update_id"),
    Index("ix_desk_updates_waiting", "id", postgresql_where=text("state = 'waiting'")),
    Index("ix_desk_updates_handled_at", "handled_at", postgresql_where=text("state <> 'waiting'")),
)

desk_parcels = Table(
    "desk_parcels",
    metadata,
    identity(),
    number("bot_id"),
    words("key"),
    words("method"),
    number("chat_id"),
    number("thread_id", server_default="0"),
    document("params", default=None),
    maybe_number("source_chat"),
    maybe_number("source_message"),
    words("album", server_default=""),
    maybe_number("ticket_id"),
    maybe_document("doubt"),
    maybe_document("after"),
    # An edit that came before it was known where the message stands: made once it is.
    maybe_document("amendment"),
    words("state", server_default="due"),
    moment_now("due_at"),
    maybe_words("claimed_by"),
    maybe_number("result_message"),
    maybe_words("last_error"),
    moment_now("created_at"),
    moment("settled_at"),
    one_of("state", ("due", "sending", "sent", "unknown", "failed", "held", "merged")),
    UniqueConstraint("bot_id", "key"),
    Index("ix_desk_parcels_due", "id", postgresql_where=text("state = 'due'")),
    Index("ix_desk_parcels_sending", "id", postgresql_where=text("state = 'sending'")),
    Index("ix_desk_parcels_held", "chat_id", postgresql_where=text("state = 'held'")),
    Index(
        "ix_desk_parcels_refused",
        "chat_id",
        "thread_id",
        "id",
        postgresql_where=text("state = 'failed'"),
    ),
    Index("ix_desk_parcels_settled_at", "settled_at"),
)

desk_pending = Table(
    "desk_pending",
    metadata,
    Column("bot_id", BigInteger, primary_key=True),
    Column("chat_id", BigInteger, primary_key=True),
    Column("message_id", BigInteger, primary_key=True),
    words("album", server_default=""),
    document("content", default=None),
    moment_now("kept_at"),
    maybe_words("adopted_by"),
    moment("adopted_at"),
    Index("ix_desk_pending_kept_at", "kept_at"),
)

relays = Table(
    "relays",
    metadata,
    Column("bot_id", BigInteger, primary_key=True),
    Column("source_chat", BigInteger, primary_key=True),
    Column("source_message", BigInteger, primary_key=True),
    Column("dest_chat", BigInteger, primary_key=True),
    Column("dest_thread", BigInteger, primary_key=True, server_default="0"),
    number("dest_message"),
    maybe_number("ticket_id"),
    moment_now("at"),
    Index("ix_relays_dest", "bot_id", "dest_chat", "dest_message"),
    Index("ix_relays_at", "at"),
)

callback_keys = Table(
    "callback_keys",
    metadata,
    Column("key", Text, primary_key=True),
    words("data"),
    moment_now("made_at"),
)

__all__ = ["bots", "callback_keys", "desk_parcels", "desk_pending", "desk_updates", "relays"]
