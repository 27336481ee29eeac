"""Let schedules that ended stand in nobody's way: an account may speak in a channel again."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

END = """
    UPDATE schedules s SET is_active = false
    FROM campaigns c WHERE c.id = s.campaign_id AND c.state = 'stopped'
"""


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    name = "uq_schedules_account_id_channel_id"
    op.execute(END)
    op.drop_constraint(name, "schedules", type_="unique")
    op.create_index(
        name,
        "schedules",
        ["account_id", "channel_id"],
        unique=True,
        postgresql_where=sa.text("is_active"),
    )
