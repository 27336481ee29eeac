"""Keep what is said in study groups, their lessons, and journeys through diagnostics."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE study_group_members (
        study_group_id BIGINT NOT NULL,
        contact_id BIGINT NOT NULL,
        seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        left_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_study_group_members PRIMARY KEY (study_group_id, contact_id),
        CONSTRAINT fk_study_group_members_study_group_id
            FOREIGN KEY(study_group_id) REFERENCES study_groups (id),
        CONSTRAINT fk_study_group_members_contact_id
            FOREIGN KEY(contact_id) REFERENCES contacts (id)
    )
    """,
    "CREATE INDEX ix_study_group_members_contact_id ON study_group_members (contact_id)",
    """
    CREATE TABLE group_messages (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        study_group_id BIGINT NOT NULL,
        telegram_message_id BIGINT NOT NULL,
        account_id BIGINT,
        contact_id BIGINT,
        text TEXT NOT NULL,
        first_text TEXT,
        reply_to BIGINT,
        sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
        recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        edited_at TIMESTAMP WITH TIME ZONE,
        deleted_at TIMESTAMP WITH TIME ZONE,
        decision TEXT,
        reason TEXT,
        answered_by BIGINT,
        decided_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_group_messages PRIMARY KEY (id),
        CONSTRAINT ck_group_messages_decision CHECK (decision IN ('answered', 'silent')),
        CONSTRAINT ck_group_messages_author CHECK (num_nonnulls(account_id, contact_id) <= 1),
        CONSTRAINT uq_group_messages_study_group_id_telegram_message_id
            UNIQUE (study_group_id, telegram_message_id),
        CONSTRAINT fk_group_messages_study_group_id
            FOREIGN KEY(study_group_id) REFERENCES study_groups (id),
        CONSTRAINT fk_group_messages_account_id
            FOREIGN KEY(account_id) REFERENCES accounts (id),
        CONSTRAINT fk_group_messages_contact_id
            FOREIGN KEY(contact_id) REFERENCES contacts (id),
        CONSTRAINT fk_group_messages_answered_by
            FOREIGN KEY(answered_by) REFERENCES accounts (id)
    )
    """,
    "CREATE INDEX ix_group_messages_contact_id ON group_messages (contact_id)",
    """
    CREATE TABLE journeys (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        contact_id BIGINT,
        study_group_id BIGINT,
        scripts TEXT[] DEFAULT '{}' NOT NULL,
        position INTEGER DEFAULT '0' NOT NULL,
        state TEXT DEFAULT 'active' NOT NULL,
        started_by TEXT NOT NULL,
        started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        reason TEXT,
        CONSTRAINT pk_journeys PRIMARY KEY (id),
        CONSTRAINT ck_journeys_state CHECK (state IN ('active', 'done', 'stopped')),
        CONSTRAINT ck_journeys_whose CHECK (num_nonnulls(contact_id, study_group_id) = 1),
        CONSTRAINT fk_journeys_contact_id FOREIGN KEY(contact_id) REFERENCES contacts (id),
        CONSTRAINT fk_journeys_study_group_id
            FOREIGN KEY(study_group_id) REFERENCES study_groups (id)
    )
    """,
    "CREATE INDEX ix_journeys_contact_id ON journeys (contact_id)",
    (
        "CREATE UNIQUE INDEX uq_journeys_of_group ON journeys (study_group_id)"
        " WHERE state = 'active' AND study_group_id IS NOT NULL"
    ),
    """
    CREATE TABLE lessons (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        study_group_id BIGINT NOT NULL,
        script_version_id BIGINT NOT NULL,
        journey_id BIGINT,
        state TEXT DEFAULT 'running' NOT NULL,
        starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
        said INTEGER DEFAULT '0' NOT NULL,
        said_at TIMESTAMP WITH TIME ZONE,
        answered_at TIMESTAMP WITH TIME ZONE,
        delay INTERVAL DEFAULT '0' NOT NULL,
        started_by TEXT NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        reason TEXT,
        CONSTRAINT pk_lessons PRIMARY KEY (id),
        CONSTRAINT ck_lessons_state CHECK (state IN ('running', 'done', 'stopped')),
        CONSTRAINT fk_lessons_study_group_id
            FOREIGN KEY(study_group_id) REFERENCES study_groups (id),
        CONSTRAINT fk_lessons_script_version_id
            FOREIGN KEY(script_version_id) REFERENCES script_versions (id),
        CONSTRAINT fk_lessons_journey_id FOREIGN KEY(journey_id) REFERENCES journeys (id)
    )
    """,
    "CREATE INDEX ix_lessons_study_group_id ON lessons (study_group_id)",
    "CREATE UNIQUE INDEX uq_lessons_running ON lessons (study_group_id) WHERE state = 'running'",
    """
    CREATE TABLE lesson_lines (
        lesson_id BIGINT NOT NULL,
        number INTEGER NOT NULL,
        outbox_id BIGINT NOT NULL,
        queued_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_lesson_lines PRIMARY KEY (lesson_id, number),
        CONSTRAINT fk_lesson_lines_lesson_id FOREIGN KEY(lesson_id) REFERENCES lessons (id)
    )
    """,
    """
    CREATE TABLE journey_progress (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        journey_id BIGINT NOT NULL,
        position INTEGER NOT NULL,
        contact_id BIGINT,
        script_version_id BIGINT NOT NULL,
        conversation_id BIGINT,
        state TEXT DEFAULT 'running' NOT NULL,
        step TEXT,
        outcome TEXT DEFAULT 'waiting' NOT NULL,
        turns BIGINT DEFAULT '0' NOT NULL,
        misses BIGINT DEFAULT '0' NOT NULL,
        heard TEXT DEFAULT '' NOT NULL,
        slots_encrypted BYTEA,
        started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        finished_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_journey_progress PRIMARY KEY (id),
        CONSTRAINT ck_journey_progress_state CHECK (state IN ('running', 'done', 'stopped')),
        CONSTRAINT ck_journey_progress_outcome
            CHECK (outcome IN ('waiting', 'closed', 'handoff', 'stopped')),
        CONSTRAINT uq_journey_progress_journey_id_position_contact_id
            UNIQUE NULLS NOT DISTINCT (journey_id, position, contact_id),
        CONSTRAINT fk_journey_progress_journey_id
            FOREIGN KEY(journey_id) REFERENCES journeys (id),
        CONSTRAINT fk_journey_progress_contact_id
            FOREIGN KEY(contact_id) REFERENCES contacts (id),
        CONSTRAINT fk_journey_progress_script_version_id
            FOREIGN KEY(script_version_id) REFERENCES script_versions (id),
        CONSTRAINT fk_journey_progress_conversation_id
            FOREIGN KEY(conversation_id) REFERENCES conversations (id)
    )
    """,
    "CREATE INDEX ix_journey_progress_contact_id ON journey_progress (contact_id)",
    """
    CREATE TABLE diagnostic_results (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        journey_progress_id BIGINT NOT NULL,
        contact_id BIGINT NOT NULL,
        script_version_id BIGINT NOT NULL,
        score INTEGER NOT NULL,
        result TEXT NOT NULL,
        taken_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_diagnostic_results PRIMARY KEY (id),
        CONSTRAINT uq_diagnostic_results_journey_progress_id UNIQUE (journey_progress_id),
        CONSTRAINT fk_diagnostic_results_journey_progress_id
            FOREIGN KEY(journey_progress_id) REFERENCES journey_progress (id),
        CONSTRAINT fk_diagnostic_results_contact_id
            FOREIGN KEY(contact_id) REFERENCES contacts (id),
        CONSTRAINT fk_diagnostic_results_script_version_id
            FOREIGN KEY(script_version_id) REFERENCES script_versions (id)
    )
    """,
    "CREATE INDEX ix_diagnostic_results_contact_id ON diagnostic_results (contact_id)",
)


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    widen_groups()
    op.add_column("study_group_roles", sa.Column("ended_for", sa.Text()))
    op.create_check_constraint(
        op.f("ck_study_group_roles_ended_for"),
        "study_group_roles",
        "ended_for IN ('removed', 'unnamed')",
    )
    for statement in TABLES:
        op.execute(statement)


def widen_groups() -> None:
    """Add what a group is told of itself, and how far that is known to hold."""
    for column in (
        sa.Column("language", sa.Text(), server_default="ru", nullable=False),
        sa.Column("notice_text", sa.Text(), server_default="", nullable=False),
        sa.Column("notice_message_id", sa.BigInteger()),
        sa.Column("notice_random_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("doubt", sa.Text()),
        sa.Column("checked_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_by", sa.Text()),
    ):
        op.add_column("study_groups", column)
