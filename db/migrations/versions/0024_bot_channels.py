"""Keep in which channels the desk's bot is an admin, for grants that are given through it."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    now = sa.text("now()")
    op.create_table(
        "bot_channels",
        sa.Column("bot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("username", sa.Text()),
        sa.Column("linked_group_id", sa.BigInteger()),
        sa.Column("added_by", sa.BigInteger(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("bot_id", "telegram_id", name=op.f("pk_bot_channels")),
    )
    op.create_index(
        "ix_grants_granted_by_telegram_id",
        "grants",
        ["granted_by_telegram_id"],
        postgresql_where=sa.text("granted_by_telegram_id IS NOT NULL"),
    )
