"""The desk: clients, tickets and what is said in them, and what operators are promised to do."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    Interval,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

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

OPEN = "state IN ('new', 'work')"


def of_ticket(*, primary_key: bool = False) -> Column[int]:
    """Point at the ticket that it goes with."""
    return Column(
        "ticket_id",
        BigInteger,
        ForeignKey("tickets.id", ondelete="CASCADE"),
        nullable=False,
        primary_key=primary_key,
    )


def language() -> Column[str]:
    """Name the language that somebody is spoken to in."""
    return words("language", server_default="ru")


clients = Table(
    "clients",
    metadata,
    identity(),
    Column("telegram_id", BigInteger, nullable=False, unique=True),
    maybe_words("username"),
    words("full_name", server_default=""),
    Column("phone_encrypted", LargeBinary),
    maybe_words("phone_hint"),
    language(),
    Column("chose_language", Boolean, nullable=False, server_default=false()),
    moment_now("created_at"),
    moment_now("last_seen_at"),
    moment("blocked_at"),
    maybe_words("blocked_by"),
    # The client blocked the bot: nothing can be sent there.
    moment("left_at"),
    one_of("language", ("ru", "en")),
    Index("ix_clients_username", text("lower(username)")),
    Index(
        "ix_clients_found_by",
        text("to_tsvector('simple'::regconfig, full_name)"),
        postgresql_using="gin",
    ),
)

technicians = Table(
    "technicians",
    metadata,
    identity(),
    Column("name", Text, nullable=False, unique=True),
    maybe_number("tg_user_id"),
    maybe_number("group_chat_id"),
    Column("is_active", Boolean, nullable=False, server_default=true()),
    moment_now("created_at"),
    Index(
        "uq_technicians_tg_user_id",
        "tg_user_id",
        unique=True,
        postgresql_where=text("tg_user_id IS NOT NULL"),
    ),
    Index("ix_technicians_group_chat_id", "group_chat_id"),
)

# What the desk knows of a user with a role: the private chat, presence, turns.
desk_staff = Table(
    "desk_staff",
    metadata,
    reference("user_id", "users.id", primary_key=True),
    maybe_words("username"),
    language(),
    moment("started_at"),
    Column("is_away", Boolean, nullable=False, server_default=false()),
    moment("assigned_at"),
    # What they were asked to type: their next words answer that, and go to no client.
    Column("asked", JSONB),
    one_of("language", ("ru", "en")),
)

menu_topics = Table(
    "menu_topics",
    metadata,
    identity(),
    Column("key", Text, nullable=False, unique=True),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("is_active", Boolean, nullable=False, server_default=true()),
    words("flow"),
    document("titles"),
    document("answers"),
    Column("asks_phone", Boolean, nullable=False, server_default=false()),
    Column("priority", SmallInteger, nullable=False, server_default="1"),
    one_of("flow", ("answer", "operator")),
)

canned_replies = Table(
    "canned_replies",
    metadata,
    identity(),
    Column("key", Text, nullable=False, unique=True),
    document("titles"),
    document("texts"),
)

desk_texts = Table(
    "desk_texts",
    metadata,
    Column("key", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    words("text"),
    words("changed_by"),
    moment_now("changed_at"),
    one_of("language", ("ru", "en")),
)

desk_calendars = Table(
    "desk_calendars",
    metadata,
    identity(),
    Column("key", Text, nullable=False, unique=True),
    words("zone"),
    Column("is_desk", Boolean, nullable=False, server_default=false()),
    Index("uq_desk_calendars_is_desk", "is_desk", unique=True, postgresql_where=text("is_desk")),
)

business_hours = Table(
    "business_hours",
    metadata,
    Column(
        "calendar_id",
        BigInteger,
        ForeignKey("desk_calendars.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    # 0 is Monday; minutes of the local day.
    Column("weekday", SmallInteger, primary_key=True, autoincrement=False),
    Column("opens", SmallInteger, primary_key=True, autoincrement=False),
    Column("closes", SmallInteger, nullable=False),
    CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
    CheckConstraint("0 <= opens AND opens < closes AND closes <= 1440", name="span"),
)

holidays = Table(
    "holidays",
    metadata,
    Column(
        "calendar_id",
        BigInteger,
        ForeignKey("desk_calendars.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("day", Date, primary_key=True),
    words("name", server_default=""),
)

sla_policies = Table(
    "sla_policies",
    metadata,
    identity(),
    Column("key", Text, nullable=False, unique=True),
    Column("first_answer", Interval),
    Column("next_answer", Interval),
    Column("resolution", Interval),
    Column("warn_before", Interval, nullable=False),
    maybe_reference("calendar_id", "desk_calendars.id"),
    maybe_words("topic"),
    Column("priority", SmallInteger),
    Column("pauses_while_waiting", Boolean, nullable=False, server_default=true()),
    Column("is_active", Boolean, nullable=False, server_default=true()),
)

tickets = Table(
    "tickets",
    metadata,
    identity(),
    reference("client_id", "clients.id"),
    words("state", server_default="new"),
    words("mode"),
    Column("priority", SmallInteger, nullable=False, server_default="1"),
    language(),
    # The topic's key, not its row: a topic may go while its tickets stay.
    maybe_words("topic"),
    words("subject", server_default=""),
    maybe_reference("operator_id", "users.id"),
    maybe_reference("technician_id", "technicians.id"),
    Column("is_current", Boolean, nullable=False, server_default=false()),
    maybe_number("main_chat_id"),
    maybe_number("main_thread_id"),
    maybe_number("card_message_id"),
    maybe_reference("conversation_id", "conversations.id"),
    # Up to which of the conversation's messages (`messages.id`) the ticket holds them.
    maybe_number("heard_upto"),
    moment_now("created_at"),
    moment_now("waiting_since"),
    moment("taken_at"),
    moment("first_answer_at"),
    moment("last_client_at"),
    # When we spoke last without an answer since, and when the client was told of that.
    moment("silent_since"),
    moment("idle_warned_at"),
    moment("closed_at"),
    words("closed_reason", server_default=""),
    Column("reopened", Integer, nullable=False, server_default="0"),
    Column("merged_into", BigInteger, ForeignKey("tickets.id", ondelete="SET NULL")),
    one_of("state", ("new", "work", "closed")),
    one_of("mode", ("take", "topics")),
    one_of("language", ("ru", "en")),
    CheckConstraint("priority BETWEEN 0 AND 3", name="priority"),
    CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_at"),
    CheckConstraint("state <> 'new' OR operator_id IS NULL", name="waiting_for_nobody"),
    CheckConstraint(
        "state <> 'work' OR operator_id IS NOT NULL OR mode = 'topics'", name="held_by_somebody"
    ),
    CheckConstraint("NOT is_current OR state = 'work'", name="current_is_in_work"),
    Index("ix_tickets_client_state", "client_id", "state"),
    Index("ix_tickets_technician_state", "technician_id", "state"),
    Index("ix_tickets_operator_state", "operator_id", "state"),
    Index(
        "ix_tickets_waiting",
        "mode",
        text("priority DESC"),
        "waiting_since",
        "id",
        postgresql_where=text("state = 'new'"),
    ),
    Index("ix_tickets_open", "created_at", "id", postgresql_where=text(OPEN)),
    Index("ix_tickets_created_at", "created_at"),
    Index("ix_tickets_closed_at", "closed_at", postgresql_where=text("state = 'closed'")),
    Index(
        "ix_tickets_silent",
        "silent_since",
        postgresql_where=text(f"silent_since IS NOT NULL AND {OPEN}"),
    ),
    Index(
        "ix_tickets_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")
    ),
    # One dialogue at a time leads from an operator's private chat to a client.
    Index(
        "uq_tickets_current",
        "operator_id",
        unique=True,
        postgresql_where=text("mode = 'take' AND state = 'work' AND is_current"),
    ),
    # What a client writes to the bot belongs to one open ticket.
    Index(
        "uq_tickets_open_of_client",
        "client_id",
        unique=True,
        postgresql_where=text(f"conversation_id IS NULL AND {OPEN}"),
    ),
    Index(
        "uq_tickets_open_of_conversation",
        "conversation_id",
        unique=True,
        postgresql_where=text(f"conversation_id IS NOT NULL AND {OPEN}"),
    ),
    Index(
        "ix_tickets_conversation",
        "conversation_id",
        "id",
        postgresql_where=text("conversation_id IS NOT NULL"),
    ),
    Index(
        "uq_tickets_main_thread",
        "main_chat_id",
        "main_thread_id",
        unique=True,
        postgresql_where=text("main_thread_id IS NOT NULL"),
    ),
)

tech_threads = Table(
    "tech_threads",
    metadata,
    identity(),
    of_ticket(),
    reference("technician_id", "technicians.id"),
    number("chat_id"),
    number("thread_id"),
    moment_now("created_at"),
    moment("closed_at"),
    UniqueConstraint("ticket_id", "technician_id"),
    UniqueConstraint("chat_id", "thread_id"),
)

ticket_messages = Table(
    "ticket_messages",
    metadata,
    identity(),
    of_ticket(),
    words("sender_type"),
    maybe_number("sender_id"),
    words("sender_name", server_default=""),
    words("content_type"),
    maybe_words("message_text"),
    maybe_words("caption"),
    # What was written before it was changed.
    maybe_words("first_text"),
    maybe_number("source_chat_id"),
    maybe_number("source_message_id"),
    maybe_number("reply_chat_id"),
    maybe_number("reply_message_id"),
    maybe_words("media_group"),
    # The ticket that it was written in, where that became part of this one.
    maybe_number("came_from"),
    moment_of("sent_at"),
    moment_now("created_at"),
    moment("edited_at"),
    moment("deleted_at"),
    # PostgreSQL's "russian" stems words in Latin letters as English ones.
    Column(
        "found_by",
        TSVECTOR,
        Computed(
            "to_tsvector('russian'::regconfig,"
            " COALESCE(message_text, ''::text) || ' '::text || COALESCE(caption, ''::text))",
            persisted=True,
        ),
    ),
    one_of("sender_type", ("CLIENT", "TECH", "STAFF", "SYSTEM")),
    Index("ix_ticket_messages_ticket_created", "ticket_id", "created_at"),
    # Without a list of what is not indexed yet, which every search would have to read.
    Index(
        "ix_ticket_messages_found_by",
        "found_by",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    ),
    Index(
        "ix_ticket_messages_waiting",
        "ticket_id",
        "id",
        postgresql_where=text("sender_type = 'CLIENT'"),
    ),
    Index(
        "uq_ticket_messages_source",
        "source_chat_id",
        "source_message_id",
        unique=True,
        postgresql_where=text("source_chat_id IS NOT NULL"),
    ),
)

attachments = Table(
    "attachments",
    metadata,
    identity(),
    Column(
        "message_id",
        BigInteger,
        ForeignKey("ticket_messages.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    words("file_id"),
    words("file_unique_id"),
    maybe_words("mime_type"),
    maybe_number("size"),
    Column("width", Integer),
    Column("height", Integer),
    Column("duration", Integer),
    maybe_words("file_name"),
    maybe_words("local_path"),
    Index("ix_attachments_without_file", "id", postgresql_where=text("local_path IS NULL")),
    # One file may have come with several messages.
    Index("ix_attachments_local_path", "local_path", postgresql_where=text("local_path <> ''")),
)

# Files of tickets that were swept; they are removed some time after that.
desk_gone_files = Table(
    "desk_gone_files",
    metadata,
    Column("path", Text, primary_key=True),
    moment_now("gone_at"),
)

feedback = Table(
    "feedback",
    metadata,
    of_ticket(primary_key=True),
    reference("client_id", "clients.id", index=True),
    Column("q1", SmallInteger),
    Column("q2", SmallInteger),
    Column("q3", SmallInteger),
    maybe_words("comment"),
    moment_now("asked_at"),
    moment("finished_at"),
    CheckConstraint("q1 BETWEEN 1 AND 5", name="q1"),
    CheckConstraint("q2 BETWEEN 1 AND 5", name="q2"),
    CheckConstraint("q3 BETWEEN 1 AND 5", name="q3"),
)

ticket_events = Table(
    "ticket_events",
    metadata,
    identity(),
    Column("ticket_id", BigInteger, ForeignKey("tickets.id", ondelete="CASCADE")),
    # The act's key: an act asked for again finds what came of it here.
    maybe_words("act"),
    words("actor"),
    maybe_number("actor_id"),
    words("actor_name", server_default=""),
    words("action"),
    document("payload"),
    moment_now("ts"),
    # No update asked for it: those whom it concerns are still to be told.
    Column("to_tell", Boolean, nullable=False, server_default=false()),
    one_of("actor", ("CLIENT", "TECH", "STAFF", "SYSTEM")),
    Index("ix_ticket_events_ticket_ts", "ticket_id", "ts"),
    Index("ix_ticket_events_to_tell", "id", postgresql_where=text("to_tell")),
    Index("uq_ticket_events_act", "act", unique=True, postgresql_where=text("act IS NOT NULL")),
)

ticket_notes = Table(
    "ticket_notes",
    metadata,
    identity(),
    of_ticket(),
    words("author"),
    words("text"),
    moment_now("created_at"),
    Index("ix_ticket_notes_ticket", "ticket_id", "id"),
)

ticket_tags = Table(
    "ticket_tags",
    metadata,
    of_ticket(primary_key=True),
    Column("tag", Text, primary_key=True),
    Index("ix_ticket_tags_tag", "tag"),
)

ticket_clocks = Table(
    "ticket_clocks",
    metadata,
    identity(),
    of_ticket(),
    words("kind"),
    words("policy"),
    moment_now("started_at"),
    # Both are missing while it stands still, and `left_over` says how much working time is left.
    moment("warn_at"),
    moment("due_at"),
    Column("left_over", Interval),
    moment("warned_at"),
    moment("breached_at"),
    moment("met_at"),
    moment("dropped_at"),
    # What was promised with it, so that a policy may change beneath it. No reference to calendars:
    # a clock whose calendar is gone runs round the clock.
    Column("warn_before", Interval, nullable=False),
    maybe_number("calendar_id"),
    Column("pauses", Boolean, nullable=False, server_default=false()),
    one_of("kind", ("first_answer", "next_answer", "resolution")),
    CheckConstraint("(due_at IS NULL) = (left_over IS NOT NULL)", name="runs_or_stands"),
    Index("ix_ticket_clocks_ticket", "ticket_id", "id"),
    Index(
        "uq_ticket_clocks_running",
        "ticket_id",
        "kind",
        unique=True,
        postgresql_where=text("met_at IS NULL AND dropped_at IS NULL"),
    ),
    Index(
        "ix_ticket_clocks_to_warn",
        "warn_at",
        postgresql_where=text(
            "warned_at IS NULL AND breached_at IS NULL AND met_at IS NULL AND dropped_at IS NULL"
        ),
    ),
    Index(
        "ix_ticket_clocks_to_breach",
        "due_at",
        postgresql_where=text("breached_at IS NULL AND met_at IS NULL AND dropped_at IS NULL"),
    ),
)

__all__ = [
    "attachments",
    "business_hours",
    "canned_replies",
    "clients",
    "desk_calendars",
    "desk_gone_files",
    "desk_staff",
    "desk_texts",
    "feedback",
    "holidays",
    "menu_topics",
    "sla_policies",
    "tech_threads",
    "technicians",
    "ticket_clocks",
    "ticket_events",
    "ticket_messages",
    "ticket_notes",
    "ticket_tags",
    "tickets",
]
