"""Find how far a person is in a diagnostic by the conversation, without reading everybody's."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.create_index("ix_journey_progress_conversation_id", "journey_progress", ["conversation_id"])
