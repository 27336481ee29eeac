"""Tell whose acts the logs speak of, keep a ledger of counts, and make months at any given time."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FUNCTIONS = (
    """
CREATE FUNCTION ensure_month_partitions(
    months_ahead integer, at timestamptz DEFAULT now()
) RETURNS integer
LANGUAGE plpgsql AS $function$
DECLARE
    parent text;
    month timestamptz;
    partition text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_month_partitions'));
    -- Every table by month of created_at that has a default partition.
    FOR parent IN
        SELECT c.relname FROM pg_partitioned_table p
        JOIN pg_class c ON c.oid = p.partrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
        WHERE p.partstrat = 'r' AND p.partdefid <> 0 AND a.attname = 'created_at'
        ORDER BY c.relname
    LOOP
        -- The months to come, and those of rows that fell into the default partition.
        FOR month IN EXECUTE format(
            'SELECT (date_trunc(''month'', $1 AT TIME ZONE ''UTC'') + make_interval(months => n))'
            ' AT TIME ZONE ''UTC'' FROM generate_series(0, $2) AS n'
            ' UNION SELECT date_trunc(''month'', created_at AT TIME ZONE ''UTC'')'
            ' AT TIME ZONE ''UTC'' FROM %I', parent || '_default')
            USING at, months_ahead
        LOOP
            partition := parent || to_char(month AT TIME ZONE 'UTC', '_YYYY_MM');
            CONTINUE WHEN to_regclass(quote_ident(partition)) IS NOT NULL;
            -- Rows that already fell into the default partition move over before it is attached.
            EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_default');
            EXECUTE format(
                'CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                partition, parent);
            EXECUTE format(
                'WITH moved AS ('
                'DELETE FROM %I WHERE created_at >= %L AND created_at < %L RETURNING *)'
                ' INSERT INTO %I SELECT * FROM moved',
                parent || '_default', month,
                (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC', partition);
            EXECUTE format(
                'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                parent, partition, month,
                (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END
$function$
""",
    """
CREATE FUNCTION count_posts() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO ledger (what, count)
        SELECT 'posts', count(*) FROM added HAVING count(*) > 0;
    ELSE
        INSERT INTO ledger (what, count)
        SELECT 'posts', -count(*) FROM removed HAVING count(*) > 0;
    END IF;
    RETURN NULL;
END
$function$
""",
    """
CREATE FUNCTION count_silences() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO ledger (what, key, count)
        SELECT 'silences', reason, count(*) FROM added GROUP BY reason;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO ledger (what, key, count)
        SELECT 'silences', reason, -count(*) FROM removed GROUP BY reason;
    END IF;
    RETURN NULL;
END
$function$
""",
    """
CREATE FUNCTION count_comments() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO ledger (what, key, count)
        SELECT 'comments', status, count(*) FROM added GROUP BY status;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO ledger (what, key, count)
        SELECT 'comments', status, -count(*) FROM removed GROUP BY status;
    ELSE
        -- Engagement is written far more often than a status changes.
        INSERT INTO ledger (what, key, count)
        SELECT 'comments', status, sum(by) FROM (
            SELECT status, 1 AS by FROM added UNION ALL SELECT status, -1 FROM removed
        ) changes GROUP BY status HAVING sum(by) <> 0;
    END IF;
    RETURN NULL;
END
$function$
""",
)

TRANSITIONS = {
    "INSERT": "NEW TABLE AS added",
    "UPDATE": "OLD TABLE AS removed NEW TABLE AS added",
    "DELETE": "OLD TABLE AS removed",
}
COUNTED = {
    "posts": ("INSERT", "DELETE"),
    "silences": ("INSERT", "UPDATE", "DELETE"),
    "comments": ("INSERT", "UPDATE", "DELETE"),
}
XACT = "((pg_current_xact_id())::text)::bigint"
KINDS = (
    "'comment', 'sales', 'education', 'connect', 'disconnect', 'reconnect', 'login', 'logout', "
    "'flood_wait', 'state_changed'"
)
WORDS = {
    "session_logs": ("node", "cause", "error_name"),
    "operation_logs": ("error_name", "node", "correlation_id"),
}
NUMBERS = ("channel_id", "message_id", "comment_id", "outbox_id")


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    tell_more()
    op.create_table(
        "ledger",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
    )
    op.create_index(
        "ix_comments_sent_at",
        "comments",
        ["sent_at"],
        postgresql_where=sa.text("sent_at IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_buried", "jobs", ["kind"], postgresql_where=sa.text("state = 'buried'")
    )
    op.execute("DROP FUNCTION ensure_month_partitions(integer)")
    for function in FUNCTIONS:
        op.execute(function)
    # From here on nothing is counted twice or missed: the triggers' locks let no writer pass.
    for table, statements in COUNTED.items():
        for statement in statements:
            op.execute(
                f"CREATE TRIGGER {table}_count_{statement.lower()} AFTER {statement} ON {table} "
                f"REFERENCING {TRANSITIONS[statement]} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION count_{table}()"
            )
    op.execute("INSERT INTO ledger (what, count) SELECT 'posts', count(*) FROM posts")
    op.execute(
        "INSERT INTO ledger (what, key, count) "
        "SELECT 'silences', reason, count(*) FROM silences GROUP BY reason"
    )
    op.execute(
        "INSERT INTO ledger (what, key, count) "
        "SELECT 'comments', status, count(*) FROM comments GROUP BY status"
    )


def tell_more() -> None:
    """Widen both logs."""
    for table, names in WORDS.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.Text()))
    for name in NUMBERS:
        op.add_column("operation_logs", sa.Column(name, sa.BigInteger()))
    for table in WORDS:
        # Rows of before are older than any bookmark; a volatile default would rewrite them all.
        op.add_column(table, sa.Column("xact", sa.BigInteger(), server_default="0", nullable=False))
        op.alter_column(table, "xact", server_default=sa.text(XACT))
        op.create_index(f"ix_{table}_xact", table, ["xact"])
    op.drop_constraint(op.f("ck_session_logs_kind"), "session_logs")
    op.create_check_constraint(op.f("ck_session_logs_kind"), "session_logs", f"kind IN ({KINDS})")
    op.create_index("ix_session_logs_kind", "session_logs", ["kind", "created_at"])
    op.create_index(
        "ix_operation_logs_failed",
        "operation_logs",
        ["created_at"],
        postgresql_where=sa.text("status = 'failed'"),
    )
    op.create_index(
        "ix_operation_logs_correlation_id",
        "operation_logs",
        ["correlation_id"],
        postgresql_where=sa.text("correlation_id IS NOT NULL"),
    )
