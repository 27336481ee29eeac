"""People who write to our accounts, and what is said with them in private."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

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
    several,
    words,
)
from orchestrator.ports.conversations import Arrival, ConversationState, TurnKind
from orchestrator.ports.writing import Source
from personas.scripts.steps import Outcome
from personas.strategy import Strategy

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
    # Kept by a trigger on `opt_outs`: whoever locks this row knows whether it may be written to.
    moment("opted_out_at"),
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
    # Where the script stands. What the person told it is encrypted.
    maybe_reference("script_version_id", "script_versions.id"),
    maybe_words("step"),
    words("outcome", server_default=Outcome.WAITING),
    number("turns", server_default="0"),
    number("misses", server_default="0"),
    words("heard", server_default=""),
    Column("slots_encrypted", LargeBinary),
    # The incoming message (`messages.id`) up to which everything was answered or decided about.
    number("answered_upto", server_default="0"),
    # Who answers instead of the script, and why somebody does.
    maybe_words("held_by"),
    maybe_words("state_reason"),
    # A script that came to its end: what the person writes next begins anew.
    Column("reopens", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("account_id", "contact_id"),
    UniqueConstraint("id", "account_id"),
    one_of("state", ConversationState),
    one_of("outcome", Outcome),
    # Those that people answer, or may again: few among many, and asked for every second.
    Index(
        "ix_conversations_with_people",
        "id",
        postgresql_where=text("state IN ('handed_over', 'paused')"),
    ),
)

conversation_turns = Table(
    "conversation_turns",
    metadata,
    reference("conversation_id", "conversations.id", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    words("kind"),
    # Which messages it answers; they may be swept before it, so these are plain numbers.
    number("first_message"),
    number("last_message"),
    words("asked"),
    maybe_reference("script_version_id", "script_versions.id"),
    words("arrival"),
    number("seed"),
    # What the runner was given: a trigger or objection, and what a model found (encrypted).
    maybe_words("heard"),
    Column("found_encrypted", LargeBinary),
    several("written"),
    several("says"),
    words("reason"),
    maybe_words("strategy"),
    maybe_words("source"),
    Column("fit", Double),
    maybe_words("trigger"),
    words("intent", server_default=""),
    words("emotion", server_default=""),
    maybe_words("step"),
    maybe_words("outcome"),
    maybe_words("model"),
    maybe_words("prompt_hash"),
    Column("cost_usd", Numeric(12, 6)),
    # Which selector judged, by the hash of what it learnt, and among which versions.
    maybe_words("judge"),
    Column("judged_among", ARRAY(BigInteger), nullable=False, server_default="{}"),
    words("said_by"),
    moment_now("at"),
    one_of("kind", TurnKind),
    one_of("arrival", Arrival),
    one_of("strategy", Strategy),
    one_of("source", Source),
    one_of("outcome", Outcome),
    Index("ix_conversation_turns_at", "at"),
)

handoffs = Table(
    "handoffs",
    metadata,
    identity(),
    reference("conversation_id", "conversations.id"),
    words("reason"),
    words("note", server_default=""),
    # What a model would have said, had it been asked to speak.
    words("suggestion", server_default=""),
    moment_now("asked_at"),
    moment("taken_at"),
    maybe_words("taken_by"),
    # When the desk had made a ticket of it.
    moment("seen_at"),
    Index(
        "ix_handoffs_unseen",
        "asked_at",
        postgresql_where=text("taken_at IS NULL AND seen_at IS NULL"),
    ),
    Index(
        "uq_handoffs_waiting",
        "conversation_id",
        unique=True,
        postgresql_where=text("taken_at IS NULL"),
    ),
    Index("ix_handoffs_conversation_id", "conversation_id"),
)

contact_activity = Table(
    "contact_activity",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("created_at", DateTime(timezone=True), primary_key=True, server_default=func.now()),
    number("contact_id"),
    number("account_id"),
    words("kind"),
    maybe_number("telegram_message_id"),
    one_of("kind", ("wrote", "edited", "deleted", "read")),
    Index("ix_contact_activity_contact_id", "contact_id", "created_at"),
    postgresql_partition_by="RANGE (created_at)",
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
    # What answers refer to: no answer without an incoming message of its own conversation.
    UniqueConstraint("conversation_id", "id", "direction"),
    # Telegram names deleted private messages by number alone.
    Index("ix_messages_telegram_message_id", "telegram_message_id"),
    Index("ix_messages_recorded_at", "recorded_at"),
    Index(
        "ix_messages_unread",
        "conversation_id",
        "id",
        postgresql_where=text("direction = 'incoming' AND NOT is_read"),
    ),
    # What people change in a conversation that is a ticket is shown to operators.
    Index(
        "ix_messages_changed",
        "conversation_id",
        "id",
        postgresql_where=text(
            "direction = 'incoming' AND (edited_at IS NOT NULL OR deleted_at IS NOT NULL)"
        ),
    ),
)
