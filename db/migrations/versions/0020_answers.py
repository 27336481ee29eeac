"""Tie every direct message to the message it answers, and study groups to grants and roles."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    make_targets()
    make_answers()
    make_study_groups()
    widen_outbox()
    remember_opt_outs()


def make_targets() -> None:
    """Let rows be referred to together with what must not change about them."""
    op.create_unique_constraint(
        op.f("uq_conversations_id_account_id"), "conversations", ["id", "account_id"]
    )
    op.create_unique_constraint(
        op.f("uq_messages_conversation_id_id_direction"),
        "messages",
        ["conversation_id", "id", "direction"],
    )


def explained(table: str) -> list[sa.Column[object] | sa.Constraint]:
    """Make the columns that explain words."""
    return [
        sa.Column("persona_id", sa.BigInteger()),
        sa.Column("script_version_id", sa.BigInteger()),
        sa.Column("strategy", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("fit", sa.Double()),
        sa.Column("trigger", sa.Text()),
        sa.Column("model", sa.Text()),
        sa.Column("prompt_version", sa.Text()),
        sa.Column("prompt_hash", sa.Text()),
        sa.Column("cost_usd", sa.Numeric(12, 6)),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "strategy IN ('script_80', 'free_20')", name=op.f(f"ck_{table}_strategy")
        ),
        sa.CheckConstraint(
            "source IN ('script', 'local', 'model', 'operator')", name=op.f(f"ck_{table}_source")
        ),
        sa.CheckConstraint("fit >= 0 AND fit <= 1", name=op.f(f"ck_{table}_fit")),
        sa.ForeignKeyConstraint(
            ["persona_id"], ["personas.id"], name=op.f(f"fk_{table}_persona_id")
        ),
        sa.ForeignKeyConstraint(
            ["script_version_id"],
            ["script_versions.id"],
            name=op.f(f"fk_{table}_script_version_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def make_answers() -> None:
    """Make the parts of what is answered in private."""
    op.create_table(
        "answers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("inbound_message_id", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.Text(), server_default="incoming", nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("parting", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("opens", sa.Text()),
        sa.Column("closes", sa.Text()),
        sa.Column("time_zone", sa.Text()),
        *explained("answers"),
        sa.ForeignKeyConstraint(
            ["conversation_id", "inbound_message_id", "direction"],
            ["messages.conversation_id", "messages.id", "messages.direction"],
            name=op.f("fk_answers_conversation_id_inbound_message_id_direction"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id", "account_id"],
            ["conversations.id", "conversations.account_id"],
            name=op.f("fk_answers_conversation_id_account_id"),
        ),
        sa.CheckConstraint("direction = 'incoming'", name=op.f("ck_answers_direction")),
        sa.CheckConstraint("part >= 1 AND part <= 20", name=op.f("ck_answers_part")),
        sa.CheckConstraint(
            "num_nonnulls(opens, closes, time_zone) IN (0, 3)", name=op.f("ck_answers_hours")
        ),
        sa.UniqueConstraint(
            "inbound_message_id", "part", name=op.f("uq_answers_inbound_message_id_part")
        ),
        sa.UniqueConstraint(
            "id",
            "account_id",
            "inbound_message_id",
            name=op.f("uq_answers_id_account_id_inbound_message_id"),
        ),
    )
    op.create_index("ix_answers_conversation_id", "answers", ["conversation_id", "id"])


def make_study_groups() -> None:
    """Make who is who in study groups, their grants, and what is said there."""
    # No version that comes before this one could add such a grant.
    op.execute("DELETE FROM grants WHERE scope = 'study_group'")
    op.alter_column("grants", "channel_id", nullable=True)
    op.add_column("grants", sa.Column("study_group_id", sa.BigInteger()))
    op.create_foreign_key(
        op.f("fk_grants_study_group_id"), "grants", "study_groups", ["study_group_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_grants_one_place"), "grants", "num_nonnulls(channel_id, study_group_id) = 1"
    )
    op.create_check_constraint(
        op.f("ck_grants_place"),
        "grants",
        "(scope = 'study_group') = (study_group_id IS NOT NULL)",
    )
    op.create_unique_constraint(
        op.f("uq_grants_id_study_group_id"), "grants", ["id", "study_group_id"]
    )
    op.create_index(
        "uq_grants_study_group_live",
        "grants",
        ["study_group_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL AND study_group_id IS NOT NULL"),
    )
    make_roles()
    make_lines()


def make_roles() -> None:
    """Make who is who."""
    op.create_table(
        "study_group_roles",
        sa.Column("study_group_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column(
            "since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "role IN ('host', 'practice_partner')", name=op.f("ck_study_group_roles_role")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_study_group_roles_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["study_group_id"],
            ["study_groups.id"],
            name=op.f("fk_study_group_roles_study_group_id"),
        ),
        sa.PrimaryKeyConstraint("study_group_id", "account_id", name=op.f("pk_study_group_roles")),
    )
    op.create_index(
        op.f("ix_study_group_roles_account_id"), "study_group_roles", ["account_id"], unique=False
    )


def make_lines() -> None:
    """Make what is said in study groups."""
    op.create_table(
        "group_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("study_group_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("grant_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("answers_message", sa.BigInteger()),
        *explained("group_lines"),
        sa.ForeignKeyConstraint(
            ["study_group_id", "account_id"],
            ["study_group_roles.study_group_id", "study_group_roles.account_id"],
            name=op.f("fk_group_lines_study_group_id_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["grant_id", "study_group_id"],
            ["grants.id", "grants.study_group_id"],
            name=op.f("fk_group_lines_grant_id_study_group_id"),
        ),
        sa.UniqueConstraint(
            "id",
            "account_id",
            "study_group_id",
            name=op.f("uq_group_lines_id_account_id_study_group_id"),
        ),
    )


def widen_outbox() -> None:
    """Let nothing out in private, or in a study group, without what explains it."""
    # No version that comes before this one queued anything but comments.
    op.execute("DELETE FROM outbox WHERE kind <> 'comment'")
    for column in ("answer_id", "line_id"):
        op.add_column("outbox", sa.Column(column, sa.BigInteger()))
        op.create_index(
            f"uq_outbox_{column}",
            "outbox",
            [column],
            unique=True,
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    for name, rule in (
        ("direct", "(kind = 'direct') = (answer_id IS NOT NULL)"),
        ("direct_basis", "(kind = 'direct') = (inbound_message_id IS NOT NULL)"),
        ("study_group", "(kind = 'study_group') = (line_id IS NOT NULL)"),
    ):
        op.create_check_constraint(op.f(f"ck_outbox_{name}"), "outbox", rule)
    op.create_foreign_key(
        op.f("fk_outbox_answer_id_account_id_inbound_message_id"),
        "outbox",
        "answers",
        ["answer_id", "account_id", "inbound_message_id"],
        ["id", "account_id", "inbound_message_id"],
    )
    op.create_foreign_key(
        op.f("fk_outbox_line_id_account_id_study_group_id"),
        "outbox",
        "group_lines",
        ["line_id", "account_id", "study_group_id"],
        ["id", "account_id", "study_group_id"],
    )


def remember_opt_outs() -> None:
    """Keep on the contact itself that it may not be written to."""
    op.add_column("contacts", sa.Column("opted_out_at", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE contacts c SET opted_out_at = o.at FROM opt_outs o WHERE o.contact_id = c.id"
    )
    op.execute(
        """
CREATE FUNCTION remember_opt_out() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    -- Whoever is about to write to this person has the row locked, or finds it changed.
    UPDATE contacts SET opted_out_at = NEW.at WHERE id = NEW.contact_id;
    RETURN NULL;
END
$function$"""
    )
    op.execute(
        "CREATE TRIGGER opt_outs_are_remembered AFTER INSERT ON opt_outs "
        "FOR EACH ROW EXECUTE FUNCTION remember_opt_out()"
    )
