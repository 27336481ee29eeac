"""Let an account's history hold what a person should look at."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KINDS = (
    "login",
    "logout",
    "foreign_session",
    "limit",
    "freeze",
    "ban",
    "bio_changed",
    "password_changed",
    "state_changed",
    "alert",
)


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    op.drop_constraint(op.f("ck_account_events_kind"), "account_events", type_="check")
    op.create_check_constraint(
        op.f("ck_account_events_kind"), "account_events", f"kind IN ({kinds})"
    )
