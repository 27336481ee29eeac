"""Let nodes show that they live by a beat, and let one of them lead."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    for name, first in (("incarnation", "1"), ("beat", "0")):
        op.add_column(
            "nodes", sa.Column(name, sa.BigInteger(), server_default=first, nullable=False)
        )
    op.create_index("ix_leases_node", "leases", ["node"])
    op.create_table(
        "leaders",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("beat", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("released", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('calendar')", name=op.f("ck_leaders_role")),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_leaders")),
    )
