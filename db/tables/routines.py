"""Functions and triggers, the rules that hold for whoever writes, also with plain SQL."""

FUNCTIONS = {
    "ensure_month_partitions": """
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
$function$""",
    "refuse_version_change": """
CREATE FUNCTION refuse_version_change() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    RAISE EXCEPTION 'a script version never changes: publish a new one';
END
$function$""",
    "refuse_letter_change": """
CREATE FUNCTION refuse_letter_change() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    RAISE EXCEPTION 'message % was attempted: random_id, peer, thread and text never change',
        OLD.id;
END
$function$""",
    "refuse_audit_change": """
CREATE FUNCTION refuse_audit_change() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    RAISE EXCEPTION 'the audit log is only ever added to';
END
$function$""",
    "ring": """
CREATE FUNCTION ring() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    -- Equal payloads of one transaction are sent once, so a thousand rows ring one bell.
    PERFORM pg_notify('troupe', TG_ARGV[0]);
    RETURN NULL;
END
$function$""",
}

TRIGGERS = {
    "script_versions_never_change": """
CREATE TRIGGER script_versions_never_change
BEFORE UPDATE OF script_id, version, content, sha256, author, created_at ON script_versions
FOR EACH ROW EXECUTE FUNCTION refuse_version_change()""",
    "outbox_letters_never_change": """
CREATE TRIGGER outbox_letters_never_change BEFORE UPDATE ON outbox
FOR EACH ROW WHEN (
    (OLD.attempts > 0 OR OLD.first_attempt_at IS NOT NULL)
    AND (
        (NEW.random_id, NEW.text, NEW.account_id)
            IS DISTINCT FROM (OLD.random_id, OLD.text, OLD.account_id)
        OR (OLD.peer_id IS NOT NULL
            AND (NEW.peer_kind, NEW.peer_id, NEW.reply_to)
                IS DISTINCT FROM (OLD.peer_kind, OLD.peer_id, OLD.reply_to))))
EXECUTE FUNCTION refuse_letter_change()""",
    "audit_log_only_grows": """
CREATE TRIGGER audit_log_only_grows BEFORE UPDATE OR DELETE ON audit_log
FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()""",
}

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
"""Tables whose every change rings, also one made with plain SQL: table → topic."""


def bell_trigger(table: str, topic: str) -> str:
    """Write the trigger that rings once for each statement that changes the table."""
    return (
        f"CREATE TRIGGER {table}_ring AFTER INSERT OR UPDATE OR DELETE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION ring('{topic}')"
    )
