"""Give the desk its tables: clients, tickets, what is said in them, and what admins edit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# The menu to begin with; admins change it as they like.
TOPICS = (
    {
        "key": "warranty",
        "position": 10,
        "flow": "answer",
        "titles": {"ru": "Гарантия", "en": "Warranty"},
        "answers": {
            "ru": "Гарантия действует с дня покупки. Подготовьте чек или номер заказа и опишите "
            "неисправность: оператор скажет, что делать дальше.",
            "en": "The warranty runs from the day of purchase. Have the receipt or the order's "
            "number at hand and describe the fault: an operator will tell what to do next.",
        },
    },
    {
        "key": "return",
        "position": 20,
        "flow": "answer",
        "titles": {"ru": "Возврат", "en": "Return"},
        "answers": {
            "ru": "Чтобы вернуть товар, подготовьте номер заказа и причину возврата. Оператор "
            "проверит условия и подскажет, как передать товар.",
            "en": "To return something, have the order's number and the reason at hand. An "
            "operator will check the conditions and tell how to hand it over.",
        },
    },
    {
        "key": "other",
        "position": 30,
        "flow": "operator",
        "titles": {"ru": "Другой вопрос", "en": "Other question"},
        "answers": {},
    },
)


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    create_people_and_catalogue()
    create_tickets()
    create_what_goes_with_tickets()
    op.bulk_insert(
        sa.table(
            "menu_topics",
            sa.column("key", sa.Text),
            sa.column("position", sa.Integer),
            sa.column("flow", sa.Text),
            sa.column("titles", postgresql.JSONB),
            sa.column("answers", postgresql.JSONB),
        ),
        list(TOPICS),
    )


def create_people_and_catalogue() -> None:
    op.create_table(
        "canned_replies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "titles", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column(
            "texts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_replies")),
        sa.UniqueConstraint("key", name=op.f("uq_canned_replies_key")),
    )
    op.create_table(
        "clients",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("full_name", sa.Text(), server_default="", nullable=False),
        sa.Column("phone_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("phone_hint", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), server_default="ru", nullable=False),
        sa.Column("chose_language", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocked_by", sa.Text(), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("language IN ('ru', 'en')", name=op.f("ck_clients_language")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
        sa.UniqueConstraint("telegram_id", name=op.f("uq_clients_telegram_id")),
    )
    op.create_index(
        "ix_clients_found_by",
        "clients",
        [sa.literal_column("to_tsvector('simple'::regconfig, full_name)")],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "ix_clients_username", "clients", [sa.literal_column("lower(username)")], unique=False
    )
    op.create_table(
        "desk_calendars",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("is_desk", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_calendars")),
        sa.UniqueConstraint("key", name=op.f("uq_desk_calendars_key")),
    )
    op.create_index(
        "uq_desk_calendars_is_desk",
        "desk_calendars",
        ["is_desk"],
        unique=True,
        postgresql_where=sa.text("is_desk"),
    )
    op.create_table(
        "desk_texts",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("language IN ('ru', 'en')", name=op.f("ck_desk_texts_language")),
        sa.PrimaryKeyConstraint("key", "language", name=op.f("pk_desk_texts")),
    )
    op.create_table(
        "menu_topics",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column(
            "titles", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column(
            "answers", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("asks_phone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("flow IN ('answer', 'operator')", name=op.f("ck_menu_topics_flow")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_menu_topics")),
        sa.UniqueConstraint("key", name=op.f("uq_menu_topics_key")),
    )
    op.create_table(
        "technicians",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tg_user_id", sa.BigInteger(), nullable=True),
        sa.Column("group_chat_id", sa.BigInteger(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_technicians")),
        sa.UniqueConstraint("name", name=op.f("uq_technicians_name")),
    )
    op.create_index("ix_technicians_group_chat_id", "technicians", ["group_chat_id"], unique=False)
    op.create_index(
        "uq_technicians_tg_user_id",
        "technicians",
        ["tg_user_id"],
        unique=True,
        postgresql_where=sa.text("tg_user_id IS NOT NULL"),
    )
    op.create_table(
        "business_hours",
        sa.Column("calendar_id", sa.BigInteger(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("opens", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("closes", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint(
            "0 <= opens AND opens < closes AND closes <= 1440", name=op.f("ck_business_hours_span")
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_business_hours_weekday")),
        sa.ForeignKeyConstraint(
            ["calendar_id"],
            ["desk_calendars.id"],
            name=op.f("fk_business_hours_calendar_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("calendar_id", "weekday", "opens", name=op.f("pk_business_hours")),
    )
    op.create_table(
        "desk_staff",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), server_default="ru", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_away", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("language IN ('ru', 'en')", name=op.f("ck_desk_staff_language")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_desk_staff_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_desk_staff")),
    )
    op.create_table(
        "holidays",
        sa.Column("calendar_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"],
            ["desk_calendars.id"],
            name=op.f("fk_holidays_calendar_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("calendar_id", "day", name=op.f("pk_holidays")),
    )
    op.create_table(
        "sla_policies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("first_answer", sa.Interval(), nullable=True),
        sa.Column("next_answer", sa.Interval(), nullable=True),
        sa.Column("resolution", sa.Interval(), nullable=True),
        sa.Column("warn_before", sa.Interval(), nullable=False),
        sa.Column("calendar_id", sa.BigInteger(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("priority", sa.SmallInteger(), nullable=True),
        sa.Column("pauses_while_waiting", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["desk_calendars.id"], name=op.f("fk_sla_policies_calendar_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_policies")),
        sa.UniqueConstraint("key", name=op.f("uq_sla_policies_key")),
    )


def create_tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="new", nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("language", sa.Text(), server_default="ru", nullable=False),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("technician_id", sa.BigInteger(), nullable=True),
        sa.Column("is_current", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("main_chat_id", sa.BigInteger(), nullable=True),
        sa.Column("main_thread_id", sa.BigInteger(), nullable=True),
        sa.Column("card_message_id", sa.BigInteger(), nullable=True),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "waiting_since",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_answer_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_client_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("silent_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idle_warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("reopened", sa.Integer(), server_default="0", nullable=False),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_tickets_closed_at")
        ),
        sa.CheckConstraint(
            "NOT is_current OR state = 'work'", name=op.f("ck_tickets_current_is_in_work")
        ),
        sa.CheckConstraint("language IN ('ru', 'en')", name=op.f("ck_tickets_language")),
        sa.CheckConstraint("mode IN ('take', 'topics')", name=op.f("ck_tickets_mode")),
        sa.CheckConstraint(
            "state <> 'new' OR operator_id IS NULL", name=op.f("ck_tickets_waiting_for_nobody")
        ),
        sa.CheckConstraint(
            "state <> 'work' OR operator_id IS NOT NULL OR mode = 'topics'",
            name=op.f("ck_tickets_held_by_somebody"),
        ),
        sa.CheckConstraint("state IN ('new', 'work', 'closed')", name=op.f("ck_tickets_state")),
        sa.CheckConstraint("priority BETWEEN 0 AND 3", name=op.f("ck_tickets_priority")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_tickets_client_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_tickets_conversation_id")
        ),
        sa.ForeignKeyConstraint(
            ["merged_into"],
            ["tickets.id"],
            name=op.f("fk_tickets_merged_into"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["operator_id"], ["users.id"], name=op.f("fk_tickets_operator_id")),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technicians.id"], name=op.f("fk_tickets_technician_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
    )
    op.create_index("ix_tickets_client_state", "tickets", ["client_id", "state"], unique=False)
    op.create_index(
        "ix_tickets_closed_at",
        "tickets",
        ["closed_at"],
        unique=False,
        postgresql_where=sa.text("state = 'closed'"),
    )
    op.create_index("ix_tickets_created_at", "tickets", ["created_at"], unique=False)
    op.create_index(
        "ix_tickets_merged_into",
        "tickets",
        ["merged_into"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index(
        "ix_tickets_open",
        "tickets",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('new', 'work')"),
    )
    op.create_index("ix_tickets_operator_state", "tickets", ["operator_id", "state"], unique=False)
    op.create_index(
        "ix_tickets_silent",
        "tickets",
        ["silent_since"],
        unique=False,
        postgresql_where=sa.text("silent_since IS NOT NULL AND state IN ('new', 'work')"),
    )
    op.create_index(
        "ix_tickets_technician_state", "tickets", ["technician_id", "state"], unique=False
    )
    op.create_index(
        "ix_tickets_waiting",
        "tickets",
        ["mode", sa.literal_column("priority DESC"), "waiting_since", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'new'"),
    )
    op.create_index(
        "uq_tickets_current",
        "tickets",
        ["operator_id"],
        unique=True,
        postgresql_where=sa.text("mode = 'take' AND state = 'work' AND is_current"),
    )
    op.create_index(
        "uq_tickets_main_thread",
        "tickets",
        ["main_chat_id", "main_thread_id"],
        unique=True,
        postgresql_where=sa.text("main_thread_id IS NOT NULL"),
    )
    op.create_index(
        "uq_tickets_open_of_client",
        "tickets",
        ["client_id"],
        unique=True,
        postgresql_where=sa.text("conversation_id IS NULL AND state IN ('new', 'work')"),
    )
    op.create_index(
        "uq_tickets_open_of_conversation",
        "tickets",
        ["conversation_id"],
        unique=True,
        postgresql_where=sa.text("conversation_id IS NOT NULL AND state IN ('new', 'work')"),
    )


def create_what_goes_with_tickets() -> None:
    op.create_table(
        "feedback",
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("q1", sa.SmallInteger(), nullable=True),
        sa.Column("q2", sa.SmallInteger(), nullable=True),
        sa.Column("q3", sa.SmallInteger(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column(
            "asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("q1 BETWEEN 1 AND 5", name=op.f("ck_feedback_q1")),
        sa.CheckConstraint("q2 BETWEEN 1 AND 5", name=op.f("ck_feedback_q2")),
        sa.CheckConstraint("q3 BETWEEN 1 AND 5", name=op.f("ck_feedback_q3")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_feedback_client_id")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_feedback_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_feedback")),
    )
    op.create_index(op.f("ix_feedback_client_id"), "feedback", ["client_id"], unique=False)
    op.create_table(
        "tech_threads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("technician_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technicians.id"], name=op.f("fk_tech_threads_technician_id")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_tech_threads_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tech_threads")),
        sa.UniqueConstraint("chat_id", "thread_id", name=op.f("uq_tech_threads_chat_id_thread_id")),
        sa.UniqueConstraint(
            "ticket_id", "technician_id", name=op.f("uq_tech_threads_ticket_id_technician_id")
        ),
    )
    op.create_table(
        "ticket_clocks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("warn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_over", sa.Interval(), nullable=True),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warn_before", sa.Interval(), nullable=False),
        sa.Column("calendar_id", sa.BigInteger(), nullable=True),
        sa.Column("pauses", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('first_answer', 'next_answer', 'resolution')",
            name=op.f("ck_ticket_clocks_kind"),
        ),
        sa.CheckConstraint(
            "(due_at IS NULL) = (left_over IS NOT NULL)",
            name=op.f("ck_ticket_clocks_runs_or_stands"),
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_ticket_clocks_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_clocks")),
    )
    op.create_index("ix_ticket_clocks_ticket", "ticket_clocks", ["ticket_id", "id"], unique=False)
    op.create_index(
        "ix_ticket_clocks_to_breach",
        "ticket_clocks",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("breached_at IS NULL AND met_at IS NULL AND dropped_at IS NULL"),
    )
    op.create_index(
        "ix_ticket_clocks_to_warn",
        "ticket_clocks",
        ["warn_at"],
        unique=False,
        postgresql_where=sa.text(
            "warned_at IS NULL AND breached_at IS NULL AND met_at IS NULL AND dropped_at IS NULL"
        ),
    )
    op.create_index(
        "uq_ticket_clocks_running",
        "ticket_clocks",
        ["ticket_id", "kind"],
        unique=True,
        postgresql_where=sa.text("met_at IS NULL AND dropped_at IS NULL"),
    )
    op.create_table(
        "ticket_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column("act", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.Text(), server_default="", nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column(
            "payload", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column(
            "ts", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint(
            "actor IN ('CLIENT', 'TECH', 'STAFF', 'SYSTEM')", name=op.f("ck_ticket_events_actor")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_ticket_events_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_events")),
    )
    op.create_index(
        "ix_ticket_events_ticket_ts", "ticket_events", ["ticket_id", "ts"], unique=False
    )
    op.create_index(
        "uq_ticket_events_act",
        "ticket_events",
        ["act"],
        unique=True,
        postgresql_where=sa.text("act IS NOT NULL"),
    )
    op.create_table(
        "ticket_messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("sender_type", sa.Text(), nullable=False),
        sa.Column("sender_id", sa.BigInteger(), nullable=True),
        sa.Column("sender_name", sa.Text(), server_default="", nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("message_text", sa.Text(), nullable=True),
        sa.Column("caption", sa.Text(), nullable=True),
        sa.Column("first_text", sa.Text(), nullable=True),
        sa.Column("source_chat_id", sa.BigInteger(), nullable=True),
        sa.Column("source_message_id", sa.BigInteger(), nullable=True),
        sa.Column("reply_chat_id", sa.BigInteger(), nullable=True),
        sa.Column("reply_message_id", sa.BigInteger(), nullable=True),
        sa.Column("media_group", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_on_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "found_by",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('russian'::regconfig, COALESCE(message_text, ''::text) || ' '::text || COALESCE(caption, ''::text))",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.CheckConstraint(
            "sender_type IN ('CLIENT', 'TECH', 'STAFF', 'SYSTEM')",
            name=op.f("ck_ticket_messages_sender_type"),
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_ticket_messages_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_messages")),
    )
    op.create_index(
        "ix_ticket_messages_found_by",
        "ticket_messages",
        ["found_by"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_index(
        "ix_ticket_messages_ticket_created",
        "ticket_messages",
        ["ticket_id", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_ticket_messages_waiting",
        "ticket_messages",
        ["ticket_id", "id"],
        unique=False,
        postgresql_where=sa.text("sender_type = 'CLIENT' AND handed_on_at IS NULL"),
    )
    op.create_index(
        "uq_ticket_messages_source",
        "ticket_messages",
        ["source_chat_id", "source_message_id"],
        unique=True,
        postgresql_where=sa.text("source_chat_id IS NOT NULL"),
    )
    op.create_table(
        "ticket_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_ticket_notes_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_notes")),
    )
    op.create_index("ix_ticket_notes_ticket", "ticket_notes", ["ticket_id", "id"], unique=False)
    op.create_table(
        "ticket_tags",
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_tags_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "tag", name=op.f("pk_ticket_tags")),
    )
    op.create_index("ix_ticket_tags_tag", "ticket_tags", ["tag"], unique=False)
    op.create_table(
        "attachments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.Column("file_unique_id", sa.Text(), nullable=False),
        sa.Column("mime_type", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("local_path", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["ticket_messages.id"],
            name=op.f("fk_attachments_message_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index(op.f("ix_attachments_message_id"), "attachments", ["message_id"], unique=False)
    op.create_index(
        "ix_attachments_without_file",
        "attachments",
        ["id"],
        unique=False,
        postgresql_where=sa.text("local_path IS NULL"),
    )
