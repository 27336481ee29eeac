"""Keep in which groups the desk works, and who is invited to its staff."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    now = sa.text("now()")
    op.create_table(
        "desk_groups",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.CheckConstraint("use IN ('operators', 'main')", name=op.f("ck_desk_groups_use")),
        sa.PrimaryKeyConstraint("chat_id", "use", name=op.f("pk_desk_groups")),
    )
    op.create_index(
        "uq_desk_groups_operators",
        "desk_groups",
        ["use"],
        unique=True,
        postgresql_where=sa.text("use = 'operators'"),
    )
    op.create_table(
        "desk_invites",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("invited_by", sa.Text(), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_by", sa.BigInteger()),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_desk_invites")),
    )
