"""Accounts: personas, sessions, what happened to them, and who holds them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
    true,
)

from db.tables.base import (
    document,
    identity,
    maybe_document,
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
from orchestrator.ports.accounts import AccountEvent, AccountState
from personas.persona import Tone

personas = Table(
    "personas",
    metadata,
    identity(),
    Column("key", Text, nullable=False, unique=True),
    words("name"),
    words("style", server_default=""),
    words("tone"),
    several("interests"),
    document("vocabulary"),
    several("languages"),
    several("examples"),
    several("forbidden_topics"),
    words("disclosure"),
    moment_now("created_at"),
    moment_now("changed_at"),
    one_of("tone", Tone),
)

accounts = Table(
    "accounts",
    metadata,
    identity(),
    Column("name", Text, nullable=False, unique=True),
    Column("phone_encrypted", LargeBinary),
    words("phone_hint"),
    Column("telegram_id", BigInteger, unique=True),
    maybe_words("username"),
    maybe_words("first_name"),
    maybe_words("bio"),
    maybe_reference("persona_id", "personas.id", index=True),
    words("state", server_default=AccountState.NEW),
    maybe_words("state_reason"),
    moment("disclosed_at"),
    maybe_number("disclosed_fence"),
    moment("last_used_at"),
    moment_now("created_at"),
    one_of("state", AccountState),
)

account_sessions = Table(
    "account_sessions",
    metadata,
    reference("account_id", "accounts.id", primary_key=True),
    Column("dc_id", SmallInteger, nullable=False),
    words("server_address"),
    Column("port", Integer, nullable=False),
    Column("auth_key_encrypted", LargeBinary, nullable=False),
    maybe_number("user_id"),
    maybe_document("update_state"),
    moment_now("saved_at"),
)

account_entities = Table(
    "account_entities",
    metadata,
    reference("account_id", "accounts.id", primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("telegram_id", BigInteger, primary_key=True),
    number("access_hash"),
    maybe_words("username"),
    Column("phone_encrypted", LargeBinary),
    moment_now("seen_at"),
    one_of("kind", ("user", "channel", "chat")),
)

# What is compared with the server now and then; apart from `accounts`, whose rows the gate locks.
account_watch = Table(
    "account_watch",
    metadata,
    reference("account_id", "accounts.id", primary_key=True),
    maybe_number("dialogues_upto"),
    document("dialogues_progress"),
    moment("dialogues_at"),
    number("recovered_late", server_default="0"),
    maybe_document("sessions"),
    maybe_words("password_mark"),
    moment("security_at"),
)

account_events = Table(
    "account_events",
    metadata,
    identity(),
    reference("account_id", "accounts.id"),
    words("kind"),
    words("detail", server_default=""),
    moment_now("at"),
    one_of("kind", AccountEvent),
    Index("ix_account_events_account_id", "account_id", "id"),
)

leases = Table(
    "leases",
    metadata,
    reference("account_id", "accounts.id", primary_key=True),
    maybe_words("node"),
    number("fence", server_default="0"),
    number("beat", server_default="0"),
    Column("released", Boolean, nullable=False, server_default=true()),
    moment("taken_at"),
    Index("ix_leases_node", "node"),
    Index("ix_leases_released", "account_id", postgresql_where=text("released")),
    # Each renewal rewrites the row; room in the page keeps the update off every index.
    postgresql_with={"fillfactor": "50"},
)

holds = Table(
    "holds",
    metadata,
    identity(),
    reference("account_id", "accounts.id"),
    maybe_number("peer_id"),
    maybe_words("method"),
    moment_of("not_before"),
    words("reason"),
    Index(
        "uq_holds_account_id_peer_id_method",
        "account_id",
        "peer_id",
        "method",
        unique=True,
        postgresql_nulls_not_distinct=True,
    ),
)

commands = Table(
    "commands",
    metadata,
    identity(),
    Column("account_id", BigInteger, ForeignKey("accounts.id"), nullable=False),
    words("kind"),
    document("payload"),
    words("state", server_default="waiting"),
    maybe_document("result"),
    words("asked_by"),
    moment_now("created_at"),
    moment("taken_at"),
    moment("finished_at"),
    one_of("state", ("waiting", "taken", "done", "failed")),
    Index("ix_commands_waiting", "account_id", "id", postgresql_where=text("state = 'waiting'")),
)
