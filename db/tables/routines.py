"""Functions and triggers, the rules that hold for whoever writes, also with plain SQL."""

FUNCTIONS = {
    "ensure_month_partitions": """
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
$function$""",
    "count_posts": """
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
$function$""",
    "count_silences": """
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
$function$""",
    "count_comments": """
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
    "remember_opt_out": """
CREATE FUNCTION remember_opt_out() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    -- Whoever is about to write to this person has the row locked, or finds it changed.
    UPDATE contacts SET opted_out_at = NEW.at WHERE id = NEW.contact_id;
    RETURN NULL;
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
    "opt_outs_are_remembered": """
CREATE TRIGGER opt_outs_are_remembered AFTER INSERT ON opt_outs
FOR EACH ROW EXECUTE FUNCTION remember_opt_out()""",
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


COUNTED = {
    "posts": ("INSERT", "DELETE"),
    "silences": ("INSERT", "UPDATE", "DELETE"),
    "comments": ("INSERT", "UPDATE", "DELETE"),
}
"""Tables whose rows the ledger counts, and the statements that change how many there are."""

TRANSITIONS = {
    "INSERT": "NEW TABLE AS added",
    "UPDATE": "OLD TABLE AS removed NEW TABLE AS added",
    "DELETE": "OLD TABLE AS removed",
}


def count_trigger(table: str, statement: str) -> str:
    """Write the trigger that enters into the ledger what one kind of statement changed."""
    return (
        f"CREATE TRIGGER {table}_count_{statement.lower()} AFTER {statement} ON {table} "
        f"REFERENCING {TRANSITIONS[statement]} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION count_{table}()"
    )


def count_triggers() -> tuple[str, ...]:
    """Write all of them."""
    return tuple(
        count_trigger(table, statement)
        for table, statements in COUNTED.items()
        for statement in statements
    )
