"""Let nodes say which script versions they use, and keep which ones were good."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    now = sa.text("now()")
    op.create_table(
        "script_acknowledgements",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("script_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=True),
        sa.Column("refused_id", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column(
            "acknowledged_at", sa.DateTime(timezone=True), server_default=now, nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["node"],
            ["nodes.name"],
            name=op.f("fk_script_acknowledgements_node"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "node", "script_id", "label", name=op.f("pk_script_acknowledgements")
        ),
    )
    op.create_table(
        "script_last_good",
        sa.Column("script_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.ForeignKeyConstraint(
            ["script_id", "version_id"],
            ["script_versions.script_id", "script_versions.id"],
            name=op.f("fk_script_last_good_script_id_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("script_id", "label", name=op.f("pk_script_last_good")),
    )
