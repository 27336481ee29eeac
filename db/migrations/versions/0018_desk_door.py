"""Keep what comes to the desk and what leaves it, and let one node run it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

UPDATE_STATES = "state IN ('waiting', 'done', 'buried')"
PARCEL_STATES = "state IN ('due', 'sending', 'sent', 'unknown', 'failed', 'held', 'merged')"


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.drop_constraint(op.f("ck_leaders_role"), "leaders")
    op.create_check_constraint(op.f("ck_leaders_role"), "leaders", "role IN ('calendar', 'desk')")
    op.create_table(
        "bots",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("token_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column(
            "kept_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bots")),
    )
    make_updates()
    make_parcels()
    make_relays()


def make_updates() -> None:
    """Make what comes in."""
    now = sa.text("now()")
    op.create_table(
        "desk_updates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        sa.Column("update_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(UPDATE_STATES, name=op.f("ck_desk_updates_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_updates")),
        sa.UniqueConstraint("bot_id", "update_id", name=op.f("uq_desk_updates_bot_id_update_id")),
    )
    op.create_index(
        "ix_desk_updates_waiting",
        "desk_updates",
        ["id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_desk_updates_handled_at",
        "desk_updates",
        ["handled_at"],
        postgresql_where=sa.text("state <> 'waiting'"),
    )


def make_parcels() -> None:
    """Make what goes out."""
    now = sa.text("now()")
    op.create_table(
        "desk_parcels",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("params", postgresql.JSONB(), nullable=False),
        sa.Column("source_chat", sa.BigInteger()),
        sa.Column("source_message", sa.BigInteger()),
        sa.Column("album", sa.Text(), server_default="", nullable=False),
        sa.Column("ticket_id", sa.BigInteger()),
        sa.Column("doubt", postgresql.JSONB()),
        sa.Column("after", postgresql.JSONB()),
        sa.Column("state", sa.Text(), server_default="due", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("claimed_by", sa.Text()),
        sa.Column("result_message", sa.BigInteger()),
        sa.Column("last_error", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(PARCEL_STATES, name=op.f("ck_desk_parcels_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_parcels")),
        sa.UniqueConstraint("bot_id", "key", name=op.f("uq_desk_parcels_bot_id_key")),
    )
    for state, column in (("due", "id"), ("sending", "id"), ("held", "chat_id")):
        op.create_index(
            f"ix_desk_parcels_{state}",
            "desk_parcels",
            [column],
            postgresql_where=sa.text(f"state = '{state}'"),
        )
    op.create_index("ix_desk_parcels_settled_at", "desk_parcels", ["settled_at"])


def make_relays() -> None:
    """Make what binds the two ends of a relay, and what stands behind short buttons."""
    now = sa.text("now()")
    op.create_table(
        "relays",
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        sa.Column("source_chat", sa.BigInteger(), nullable=False),
        sa.Column("source_message", sa.BigInteger(), nullable=False),
        sa.Column("dest_chat", sa.BigInteger(), nullable=False),
        sa.Column("dest_thread", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("dest_message", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger()),
        sa.Column("at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.PrimaryKeyConstraint(
            "bot_id",
            "source_chat",
            "source_message",
            "dest_chat",
            "dest_thread",
            name=op.f("pk_relays"),
        ),
    )
    op.create_index("ix_relays_dest", "relays", ["bot_id", "dest_chat", "dest_message"])
    op.create_index("ix_relays_at", "relays", ["at"])
    op.create_table(
        "callback_keys",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_callback_keys")),
    )
