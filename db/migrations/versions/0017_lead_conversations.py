"""Keep where conversations stand, what was decided in them, and who has to take them over."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OUTCOMES = "'waiting', 'closed', 'handoff', 'stopped'"


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    widen_conversations()
    make_turns()
    make_handoffs()
    make_activity()


def widen_conversations() -> None:
    """Add where the script stands; what was written before counts as decided about."""
    for column in (
        sa.Column("script_version_id", sa.BigInteger()),
        sa.Column("step", sa.Text()),
        sa.Column("outcome", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("turns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("misses", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("heard", sa.Text(), server_default="", nullable=False),
        sa.Column("slots_encrypted", sa.LargeBinary()),
        sa.Column("answered_upto", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("held_by", sa.Text()),
        sa.Column("state_reason", sa.Text()),
        sa.Column("reopens", sa.Boolean(), server_default=sa.false(), nullable=False),
    ):
        op.add_column("conversations", column)
    op.create_foreign_key(
        op.f("fk_conversations_script_version_id"),
        "conversations",
        "script_versions",
        ["script_version_id"],
        ["id"],
    )
    op.create_check_constraint(
        op.f("ck_conversations_outcome"), "conversations", f"outcome IN ({OUTCOMES})"
    )
    op.execute(
        "UPDATE conversations v SET answered_upto = coalesce("
        "(SELECT max(m.id) FROM messages m WHERE m.conversation_id = v.id), 0)"
    )


def make_turns() -> None:
    """Make what explains each answer."""
    now = sa.text("now()")
    texts = postgresql.ARRAY(sa.Text())
    op.create_table(
        "conversation_turns",
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("first_message", sa.BigInteger(), nullable=False),
        sa.Column("last_message", sa.BigInteger(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("script_version_id", sa.BigInteger()),
        sa.Column("arrival", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("heard", sa.Text()),
        sa.Column("found_encrypted", sa.LargeBinary()),
        sa.Column("written", texts, server_default="{}", nullable=False),
        sa.Column("says", texts, server_default="{}", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text()),
        sa.Column("source", sa.Text()),
        sa.Column("fit", sa.Double()),
        sa.Column("trigger", sa.Text()),
        sa.Column("intent", sa.Text(), server_default="", nullable=False),
        sa.Column("emotion", sa.Text(), server_default="", nullable=False),
        sa.Column("step", sa.Text()),
        sa.Column("outcome", sa.Text()),
        sa.Column("model", sa.Text()),
        sa.Column("prompt_hash", sa.Text()),
        sa.Column("cost_usd", sa.Numeric(12, 6)),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.CheckConstraint(
            "kind IN ('script', 'free', 'operator', 'silent')",
            name=op.f("ck_conversation_turns_kind"),
        ),
        sa.CheckConstraint(
            "arrival IN ('began', 'stayed', 'moved', 'restarted')",
            name=op.f("ck_conversation_turns_arrival"),
        ),
        sa.CheckConstraint(
            "strategy IN ('script_80', 'free_20')", name=op.f("ck_conversation_turns_strategy")
        ),
        sa.CheckConstraint(
            "source IN ('local', 'model')", name=op.f("ck_conversation_turns_source")
        ),
        sa.CheckConstraint(f"outcome IN ({OUTCOMES})", name=op.f("ck_conversation_turns_outcome")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_turns_conversation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["script_version_id"],
            ["script_versions.id"],
            name=op.f("fk_conversation_turns_script_version_id"),
        ),
        sa.PrimaryKeyConstraint("conversation_id", "number", name=op.f("pk_conversation_turns")),
    )
    op.create_index("ix_conversation_turns_at", "conversation_turns", ["at"])


def make_handoffs() -> None:
    """Make the list from which people take conversations."""
    now = sa.text("now()")
    op.create_table(
        "handoffs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("suggestion", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True)),
        sa.Column("taken_by", sa.Text()),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_handoffs_conversation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handoffs")),
    )
    op.create_index(
        "uq_handoffs_waiting",
        "handoffs",
        ["conversation_id"],
        unique=True,
        postgresql_where=sa.text("taken_at IS NULL"),
    )
    op.create_index("ix_handoffs_conversation_id", "handoffs", ["conversation_id"])


def make_activity() -> None:
    """Make what people did, by month."""
    now = sa.text("now()")
    op.create_table(
        "contact_activity",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("telegram_message_id", sa.BigInteger()),
        sa.CheckConstraint(
            "kind IN ('wrote', 'edited', 'deleted', 'read')",
            name=op.f("ck_contact_activity_kind"),
        ),
        sa.PrimaryKeyConstraint("id", "created_at", name=op.f("pk_contact_activity")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index(
        "ix_contact_activity_contact_id", "contact_activity", ["contact_id", "created_at"]
    )
    op.execute("CREATE TABLE contact_activity_default PARTITION OF contact_activity DEFAULT")
