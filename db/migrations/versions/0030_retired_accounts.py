"""Let an account be retired: signed out for good, with all that it said on record."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

STATES = (
    "'new', 'active', 'paused', 'limited', 'public_stopped', 'needs_login', 'quarantined', "
    "'frozen', 'banned', 'retired'"
)


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    # Checked apart from being added, so that nobody waits for more than a moment.
    op.execute(
        "ALTER TABLE accounts DROP CONSTRAINT ck_accounts_state, "
        f"ADD CONSTRAINT ck_accounts_state CHECK (state IN ({STATES})) NOT VALID"
    )
    op.execute("ALTER TABLE accounts VALIDATE CONSTRAINT ck_accounts_state")
