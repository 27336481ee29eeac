"""Remember which kept files belong to tickets that were swept, so that they go too."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.create_table(
        "desk_gone_files",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column(
            "gone_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_desk_gone_files")),
    )
    op.create_index(
        "ix_attachments_local_path",
        "attachments",
        ["local_path"],
        postgresql_where=sa.text("local_path <> ''"),
    )
