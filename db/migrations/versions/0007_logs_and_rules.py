"""Make the logs by month, and the rules that hold for plain SQL too."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

RULES = (
    """
CREATE FUNCTION ensure_month_partitions(months_ahead integer) RETURNS integer
LANGUAGE plpgsql AS $function$
DECLARE
    parent text;
    month timestamptz;
    partition text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_month_partitions'));
    FOREACH parent IN ARRAY ARRAY['session_logs', 'operation_logs'] LOOP
        FOR month IN
            SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => n))
                AT TIME ZONE 'UTC'
            FROM generate_series(0, months_ahead) AS n
        LOOP
            partition := parent || to_char(month AT TIME ZONE 'UTC', '_YYYY_MM');
            CONTINUE WHEN to_regclass(partition) IS NOT NULL;
            -- Rows that already fell into the default partition move over before it is attached.
            EXECUTE format(
                'CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                partition, parent);
            EXECUTE format(
                'WITH moved AS ('
                'DELETE FROM %I WHERE created_at >= %L AND created_at < %L RETURNING *)'
                ' INSERT INTO %I SELECT * FROM moved',
                parent || '_default', month, month + interval '1 month', partition);
            EXECUTE format(
                'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                parent, partition, month, month + interval '1 month');
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END
$function$
""",
    """
CREATE FUNCTION refuse_version_change() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    RAISE EXCEPTION 'a script version never changes: publish a new one';
END
$function$
""",
    """
CREATE FUNCTION refuse_letter_change() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    RAISE EXCEPTION 'message % was attempted: random_id, peer, thread and text never change',
        OLD.id;
END
$function$
""",
    """
CREATE FUNCTION refuse_audit_change() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    RAISE EXCEPTION 'the audit log is only ever added to';
END
$function$
""",
    """
CREATE FUNCTION ring() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    -- Equal payloads of one transaction are sent once, so a thousand rows ring one bell.
    PERFORM pg_notify('troupe', TG_ARGV[0]);
    RETURN NULL;
END
$function$
""",
    """
CREATE TRIGGER script_versions_never_change
BEFORE UPDATE OF script_id, version, content, sha256, author, created_at ON script_versions
FOR EACH ROW EXECUTE FUNCTION refuse_version_change()
""",
    """
CREATE TRIGGER outbox_letters_never_change BEFORE UPDATE ON outbox
FOR EACH ROW WHEN (
    (OLD.attempts > 0 OR OLD.first_attempt_at IS NOT NULL)
    AND (
        (NEW.random_id, NEW.text, NEW.account_id)
            IS DISTINCT FROM (OLD.random_id, OLD.text, OLD.account_id)
        OR (OLD.peer_id IS NOT NULL
            AND (NEW.peer_kind, NEW.peer_id, NEW.reply_to)
                IS DISTINCT FROM (OLD.peer_kind, OLD.peer_id, OLD.reply_to))))
EXECUTE FUNCTION refuse_letter_change()
""",
    """
CREATE TRIGGER audit_log_only_grows BEFORE UPDATE OR DELETE ON audit_log
FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()
""",
)

BELLS = {
    "scripts": "scripts",
    "script_versions": "scripts",
    "script_labels": "scripts",
    "personas": "personas",
    "campaigns": "campaigns",
    "schedules": "campaigns",
    "grants": "grants",
    "settings": "settings",
}


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""

    op.create_table(
        "operation_logs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status IN ('success', 'failed')", name=op.f("ck_operation_logs_status")
        ),
        sa.PrimaryKeyConstraint("id", "created_at", name=op.f("pk_operation_logs")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index(
        "ix_operation_logs_account_id", "operation_logs", ["account_id", "created_at"], unique=False
    )
    op.create_index(
        "ix_operation_logs_kind", "operation_logs", ["kind", "created_at"], unique=False
    )
    op.create_table(
        "session_logs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column(
            "metadata", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.CheckConstraint(
            "kind IN ('comment', 'sales', 'education')", name=op.f("ck_session_logs_kind")
        ),
        sa.CheckConstraint(
            "status IN ('active', 'completed', 'failed')", name=op.f("ck_session_logs_status")
        ),
        sa.PrimaryKeyConstraint("id", "created_at", name=op.f("pk_session_logs")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index(
        "ix_session_logs_account_id", "session_logs", ["account_id", "created_at"], unique=False
    )

    for table in ("session_logs", "operation_logs"):
        op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
    for rule in RULES:
        op.execute(rule)
    for table, topic in BELLS.items():
        op.execute(
            f"CREATE TRIGGER {table}_ring AFTER INSERT OR UPDATE OR DELETE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION ring('{topic}')"
        )
