"""The statements that move one message along: from due to a proof, or to a reason why not."""

from sqlalchemy import text

# A comment under a post whose copy in the granted group an earlier lane found, by an account that
# knows that group, is addressed here. What somebody holds just now is looked up by its lane.
GATHER_WAITING = text(
    """
    WITH held AS (
        SELECT l.account_id
        FROM unnest(CAST(:accounts AS bigint[]), CAST(:fences AS bigint[])) AS h (account, fence)
        JOIN leases l ON l.account_id = h.account AND l.fence = h.fence
        WHERE l.node = :node AND NOT l.released
    ), next AS (
        SELECT o.*
        FROM held CROSS JOIN LATERAL (
            SELECT *, row_number() OVER (ORDER BY due_at, id) AS place FROM outbox
            WHERE account_id = held.account_id AND state IN ('due', 'unknown') AND due_at <= now()
            ORDER BY due_at, id LIMIT :each
        ) AS o
        ORDER BY o.place, o.due_at, o.id LIMIT :limit
    ), known AS MATERIALIZED (
        SELECT o.id, e.kind, e.telegram_id, e.access_hash, p.group_message_id
        FROM next n
        JOIN comments c ON c.id = n.comment_id
        JOIN posts p ON p.channel_id = c.channel_id AND p.message_id = c.message_id
        JOIN grants g ON g.id = n.grant_id AND g.linked_group_id = p.group_id
        JOIN account_entities e ON e.account_id = n.account_id AND e.kind = 'channel'
                               AND e.telegram_id = p.group_id
        JOIN outbox o ON o.id = n.id
        WHERE n.peer_id IS NULL AND o.peer_id IS NULL AND o.state = 'due'
          AND o.first_attempt_at IS NULL AND p.group_message_id IS NOT NULL
        FOR UPDATE OF o SKIP LOCKED
    ), addressed AS (
        UPDATE outbox o
        SET peer_kind = known.kind, peer_id = known.telegram_id,
            peer_access_hash = known.access_hash, reply_to = known.group_message_id,
            by_known_copy = true, attempts = 0
        FROM known WHERE o.id = known.id
        RETURNING o.id, o.peer_kind, o.peer_id, o.peer_access_hash, o.reply_to
    )
    SELECT o.id, o.account_id, o.kind, o.state, o.first_attempt_at,
           CASE WHEN addressed.id IS NULL THEN o.attempts ELSE 0 END AS attempts,
           coalesce(o.peer_kind, addressed.peer_kind) AS peer_kind,
           coalesce(o.peer_id, addressed.peer_id) AS peer_id,
           coalesce(o.peer_access_hash, addressed.peer_access_hash) AS peer_access_hash,
           coalesce(o.reply_to, addressed.reply_to) AS reply_to,
           o.text, o.random_id, o.inbound_message_id,
           o.study_group_id, c.channel_id, c.message_id, ch.telegram_id, ch.username,
           who.telegram_id AS person
    FROM next o
    LEFT JOIN addressed ON addressed.id = o.id
    LEFT JOIN comments c ON c.id = o.comment_id
    LEFT JOIN channels ch ON ch.id = c.channel_id
    LEFT JOIN answers a ON a.id = o.answer_id
    LEFT JOIN conversations v ON v.id = a.conversation_id
    LEFT JOIN contacts who ON who.id = v.contact_id
    ORDER BY o.place, o.due_at, o.id
    """
)
# Looking for the address has tries of its own; those of sending are counted from here.
ADDRESS = text(
    """
    UPDATE outbox o
    SET peer_kind = :kind, peer_id = :peer, peer_access_hash = :access_hash, reply_to = :reply_to,
        by_known_copy = false,
        attempts = CASE WHEN o.first_attempt_at IS NULL THEN 0 ELSE o.attempts END
    FROM leases l
    WHERE o.id = :message AND o.account_id = :account AND o.state IN ('due', 'unknown')
      AND l.account_id = o.account_id AND l.node = :node AND l.fence = :fence AND NOT l.released
    RETURNING o.peer_kind, o.peer_id, o.peer_access_hash, o.reply_to, o.text, o.random_id
    """
)
# Comes before the message's own row is touched: that is the order in which a deleted post and its
# comments are locked.
KEEP_COPY = text(
    """
    UPDATE posts p SET group_id = :peer, group_message_id = :reply_to
    FROM outbox o JOIN comments c ON c.id = o.comment_id
    WHERE o.id = :message AND o.account_id = :account
      AND p.channel_id = c.channel_id AND p.message_id = c.message_id
      AND (p.group_id, p.group_message_id) IS DISTINCT FROM (:peer, :reply_to)
    """
)
FORGET_COPY = text(
    """
    UPDATE posts p SET group_id = NULL, group_message_id = NULL
    FROM outbox o JOIN comments c ON c.id = o.comment_id
    WHERE o.id = :message AND o.account_id = :account
      AND p.channel_id = c.channel_id AND p.message_id = c.message_id
      AND (p.group_id, p.group_message_id) = (o.peer_id, o.reply_to)
    """
)
# Telegram refused every attempt there was, so that none is left; then the address may change.
TAKE_ATTEMPTS_BACK = text(
    """
    WITH refused AS (
        UPDATE outbox
        SET state = 'due', attempts = 0, first_attempt_at = NULL, last_error = :error,
            due_at = now() + CAST(:delay AS interval),
            claimed_by = NULL, claimed_fence = NULL, claimed_at = NULL
        WHERE id = :message AND account_id = :account AND by_known_copy AND NOT unsettled
          AND state = 'sending' AND claimed_by = :node AND claimed_fence = CAST(:fence AS bigint)
        RETURNING comment_id
    )
    UPDATE comments c SET counted_on = NULL FROM refused WHERE c.id = refused.comment_id
    """
)
FORGET_ADDRESS = text(
    """
    UPDATE outbox
    SET peer_kind = NULL, peer_id = NULL, peer_access_hash = NULL, reply_to = NULL,
        by_known_copy = false
    WHERE id = :message
    """
)
# `unsettled` remembers that an attempt before this claim has no known outcome.
GIVE_BACK = text(
    """
    WITH back AS (
        UPDATE outbox
        SET state = CASE WHEN unsettled THEN 'unknown' ELSE 'due' END, attempts = attempts - 1,
            -- A claim that was the first leaves no trace.
            first_attempt_at = CASE WHEN first_attempt_at < claimed_at THEN first_attempt_at END,
            claimed_by = NULL, claimed_fence = NULL, claimed_at = NULL
        WHERE id = :message AND state = 'sending' AND claimed_by = :node AND claimed_fence = :fence
        RETURNING comment_id, unsettled
    )
    UPDATE comments c SET counted_on = NULL
    FROM back WHERE c.id = back.comment_id AND NOT back.unsettled
    """
)
# A proof is recorded whoever brings it: what Telegram has, it has, fence or no fence.
RECORD_SENT = text(
    """
    WITH settled AS (
        UPDATE outbox o
        SET state = 'sent', sent_message_id = proof.sent, finished_at = clock_timestamp(),
            last_error = NULL
        FROM unnest(CAST(:messages AS bigint[]), CAST(:sent AS bigint[]),
                    CAST(:moments AS timestamptz[])) AS proof (message, sent, at)
        WHERE o.id = proof.message AND o.state IN ('sending', 'unknown', 'unresolved')
        RETURNING o.comment_id, o.answer_id, o.finished_at, proof.sent, proof.at
    ), told AS (
        UPDATE comments c
        SET status = 'sent', sent_message_id = settled.sent, sent_at = settled.at,
            failed_reason = NULL,
            engagement_due_at = settled.finished_at + CAST(:first_look AS interval)
        FROM settled WHERE c.id = settled.comment_id
    )
    SELECT answer_id, sent, at FROM settled WHERE answer_id IS NOT NULL
    """
)
# The history of a conversation; Telegram's own word of it would find it here already.
RECORD_SAID = text(
    """
    INSERT INTO messages (conversation_id, direction, telegram_message_id, text, reply_to, sent_at)
    SELECT a.conversation_id, 'outgoing', said.sent, a.text, o.reply_to, said.at
    FROM unnest(CAST(:answers AS bigint[]), CAST(:sent AS bigint[]),
                CAST(:moments AS timestamptz[])) AS said (answer, sent, at)
    JOIN answers a ON a.id = said.answer
    JOIN outbox o ON o.answer_id = a.id
    ORDER BY a.conversation_id, said.sent
    ON CONFLICT (conversation_id, telegram_message_id) DO NOTHING
    """
)
# The gate shares this row's lock: it is written seldom, in order, before anything else.
NOTE_USE = text(
    """
    WITH used AS MATERIALIZED (
        SELECT id FROM accounts
        WHERE id = ANY(CAST(:accounts AS bigint[]))
          AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE accounts SET last_used_at = now() WHERE id = ANY(ARRAY(SELECT id FROM used))
    """
)
RECORD_UNKNOWN = text(
    """
    WITH doubtful AS (
        UPDATE outbox
        SET state = 'unknown', unsettled = true, last_error = :error,
            due_at = now() + CAST(:retry_in AS interval)
        WHERE id = :message AND state = 'sending' AND claimed_by = :node AND claimed_fence = :fence
        RETURNING comment_id
    )
    UPDATE comments c SET status = 'unknown' FROM doubtful WHERE c.id = doubtful.comment_id
    """
)
# A claim counted its attempt already; when Telegram refused it, that one is taken back.
PUT_OFF = text(
    """
    WITH later AS (
        UPDATE outbox
        SET state = CASE WHEN unsettled THEN 'unknown' ELSE 'due' END,
            attempts = attempts + CASE
                WHEN state = 'sending' AND NOT CAST(:attempted AS boolean) THEN -1
                WHEN state <> 'sending' AND CAST(:attempted AS boolean) THEN 1
                ELSE 0 END,
            due_at = now() + CAST(:delay AS interval), last_error = :error,
            claimed_by = NULL, claimed_fence = NULL, claimed_at = NULL
        WHERE id = :message AND account_id = :account
          AND (state IN ('due', 'unknown') OR state = 'sending'
               AND claimed_by = :node AND claimed_fence = CAST(:fence AS bigint))
        RETURNING comment_id, unsettled
    )
    UPDATE comments c SET counted_on = NULL
    FROM later
    WHERE c.id = later.comment_id AND NOT later.unsettled AND c.counted_on IS NOT NULL
    """
)
FAIL = text(
    """
    WITH ended AS (
        UPDATE outbox
        SET state = CASE WHEN unsettled THEN 'unresolved' ELSE 'failed' END,
            last_error = :error, finished_at = now()
        WHERE id = :message AND account_id = :account
          AND (state IN ('due', 'unknown') OR state = 'sending'
               AND claimed_by = :node AND claimed_fence = CAST(:fence AS bigint))
        RETURNING comment_id, state
    )
    UPDATE comments c SET status = ended.state, failed_reason = :error
    FROM ended WHERE c.id = ended.comment_id
    """
)
HOLD = text(
    """
    INSERT INTO holds (account_id, peer_id, method, not_before, reason)
    VALUES (:account, :peer, :method, clock_timestamp() + CAST(:delay AS interval), :reason)
    ON CONFLICT (account_id, peer_id, method) DO UPDATE
    SET not_before = greatest(holds.not_before, excluded.not_before), reason = excluded.reason
    """
)
SENT_BESIDE = text(
    """
    SELECT other.sent_message_id FROM outbox o
    JOIN outbox other ON other.account_id = o.account_id AND other.peer_id = o.peer_id
                     AND other.peer_kind = o.peer_kind AND other.id <> o.id
    WHERE o.id = :message AND other.sent_message_id IS NOT NULL
      AND other.finished_at >= o.first_attempt_at - interval '5 minutes'
    """
)
SUSPEND_GRANT = text(
    """
    UPDATE grants SET suspended_at = now(), suspended_for = 'telegram', suspended_reason = :reason
    WHERE id = (SELECT coalesce(o.grant_id, l.grant_id)
                FROM outbox o LEFT JOIN group_lines l ON l.id = o.line_id
                WHERE o.id = :message AND o.account_id = :account)
      AND suspended_at IS NULL
    RETURNING id
    """
)
ABANDON = text(
    """
    WITH left_behind AS (
        UPDATE outbox
        SET state = 'unknown', unsettled = true, due_at = now(),
            last_error = 'the process that was sending it ended'
        WHERE account_id = :account AND state = 'sending' AND claimed_fence <= :fence
        RETURNING comment_id
    )
    UPDATE comments c SET status = 'unknown' FROM left_behind WHERE c.id = left_behind.comment_id
    """
)
GIVE_UP_EXPIRED = text(
    """
    WITH over AS (
        SELECT id FROM outbox
        WHERE state IN ('due', 'unknown') AND expires_at < now() - CAST(:margin AS interval)
        ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED
    ), ended AS (
        UPDATE outbox o
        SET state = CASE WHEN o.unsettled THEN 'unresolved' ELSE 'failed' END, finished_at = now(),
            last_error = 'too old: its time was over before any node could send it'
                || coalesce(' (' || o.last_error || ')', '')
        FROM over WHERE o.id = over.id
        RETURNING o.comment_id, o.state, o.last_error
    ), told AS (
        UPDATE comments c SET status = ended.state, failed_reason = ended.last_error
        FROM ended WHERE c.id = ended.comment_id
    )
    SELECT count(*) AS ended FROM ended
    """
)
CLOSE_CONVERSATION = text(
    """
    UPDATE conversations v SET state = 'closed', closed_at = now(), closed_reason = :reason
    FROM outbox o JOIN messages m ON m.id = o.inbound_message_id
    WHERE o.id = :message AND v.id = m.conversation_id AND v.state <> 'closed'
    """
)
