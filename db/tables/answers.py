"""What is said in private and in study groups, and why (charter rules 3, 4 and 6)."""

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKeyConstraint,
    Index,
    Numeric,
    SmallInteger,
    Table,
    UniqueConstraint,
    false,
    text,
)

from db.tables.base import (
    identity,
    maybe_number,
    maybe_reference,
    maybe_words,
    metadata,
    moment_now,
    number,
    one_of,
    words,
)
from orchestrator.ports.answers import MOST_PARTS, AnswerSource
from personas.strategy import Strategy


def explained() -> tuple[Column[Any] | CheckConstraint, ...]:
    """Make the columns that explain words (charter rule 6)."""
    return (
        maybe_reference("persona_id", "personas.id"),
        maybe_reference("script_version_id", "script_versions.id"),
        maybe_words("strategy"),
        words("reason"),
        words("source"),
        Column("fit", Double),
        maybe_words("trigger"),
        maybe_words("model"),
        maybe_words("prompt_version"),
        maybe_words("prompt_hash"),
        Column("cost_usd", Numeric(12, 6)),
        words("approved_by"),
        moment_now("created_at"),
        one_of("strategy", Strategy),
        one_of("source", AnswerSource),
        CheckConstraint("fit >= 0 AND fit <= 1", name="fit"),
    )


# One row for each part. It cannot exist without the incoming message of its own conversation that
# it answers, and the account is the one to whom that message was written.
answers = Table(
    "answers",
    metadata,
    identity(),
    number("conversation_id"),
    number("account_id"),
    number("inbound_message_id"),
    words("direction", server_default="incoming"),
    Column("part", SmallInteger, nullable=False),
    words("text"),
    Column("parting", Boolean, nullable=False, server_default=false()),
    # The hours in which it may leave at all.
    maybe_words("opens"),
    maybe_words("closes"),
    maybe_words("time_zone"),
    *explained(),
    ForeignKeyConstraint(
        ["conversation_id", "inbound_message_id", "direction"],
        ["messages.conversation_id", "messages.id", "messages.direction"],
    ),
    ForeignKeyConstraint(
        ["conversation_id", "account_id"], ["conversations.id", "conversations.account_id"]
    ),
    CheckConstraint("direction = 'incoming'", name="direction"),
    CheckConstraint(f"part >= 1 AND part <= {MOST_PARTS}", name="part"),
    CheckConstraint("num_nonnulls(opens, closes, time_zone) IN (0, 3)", name="hours"),
    UniqueConstraint("inbound_message_id", "part"),
    UniqueConstraint("id", "account_id", "inbound_message_id"),
    Index("ix_answers_conversation_id", "conversation_id", "id"),
)

group_lines = Table(
    "group_lines",
    metadata,
    identity(),
    number("study_group_id"),
    number("account_id"),
    number("grant_id"),
    words("text"),
    # The message in the group that it answers, as Telegram numbers it.
    maybe_number("answers_message"),
    *explained(),
    ForeignKeyConstraint(
        ["study_group_id", "account_id"],
        ["study_group_roles.study_group_id", "study_group_roles.account_id"],
    ),
    ForeignKeyConstraint(["grant_id", "study_group_id"], ["grants.id", "grants.study_group_id"]),
    UniqueConstraint("id", "account_id", "study_group_id"),
    Index(
        "ix_group_lines_answers",
        "study_group_id",
        "answers_message",
        postgresql_where=text("answers_message IS NOT NULL"),
    ),
)
