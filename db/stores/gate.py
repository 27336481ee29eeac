"""The gate: the one statement that lets messages out (charter rules 1 to 5).

`orchestrator.outbox.gate.judge` says the same as a pure rule; a property test holds them together.

The rows it looks at are locked while it looks, always in this order, which every transaction keeps
that locks more than one of them: account, lease, channel, campaign, schedule, grant, draft, post,
outbox, comment, silence. Each step begins with an ARRAY of what the step before found, which is
complete before the step takes its first lock, for PostgreSQL promises no order among WITH queries.
A revoke that comes meanwhile waits for the claim to commit and then finds it among what is in
flight; a claim that comes after it reads it. The clock is PostgreSQL's own, read when all locks are
held.

A lease is locked against whoever takes many, not against its own renewal, or each renewal would
stop every lane of its node: a claim that is committed just after its lease was taken is `sending`
under an old fence, sent by nobody whose time is over, and found by the account's next lane.

What is not locked is what only this account's one lane changes: its day's comments and its holds.

The statement comes in two forms that differ in nothing else: one message waits for its locks; many
messages, each of another account, wait for none, so that a row that somebody holds for long stops
one lane and not a whole node. What was skipped for that has no verdict and is asked about alone.
"""

from sqlalchemy import TextClause, text

STATEMENT = """
    WITH asked AS MATERIALIZED (
        -- What never changes, so it needs no lock.
        SELECT o.id, q.account, q.fence, o.grant_id, o.comment_id, c.channel_id, c.campaign_id,
               c.schedule_id, c.slot
        FROM unnest(CAST(:messages AS bigint[]), CAST(:accounts AS bigint[]),
                    CAST(:fences AS bigint[])) AS q (message, account, fence)
        JOIN outbox o ON o.id = q.message AND o.account_id = q.account
        JOIN comments c ON c.id = o.comment_id
    ), speaker AS MATERIALIZED (
        SELECT id, state, disclosed_at, disclosed_fence FROM accounts
        WHERE id = ANY(ARRAY(SELECT account FROM asked)) FOR SHARE {waiting}
    ), lease AS MATERIALIZED (
        SELECT account_id, node, fence, released FROM leases
        WHERE account_id = ANY(ARRAY(SELECT id FROM speaker)) FOR KEY SHARE {waiting}
    ), place AS MATERIALIZED (
        SELECT id, is_active AND removed_at IS NULL AS is_active, linked_group_id FROM channels
        WHERE id = ANY(ARRAY(SELECT a.channel_id FROM asked a JOIN lease ON account_id = a.account))
        FOR SHARE {waiting}
    ), campaign AS MATERIALIZED (
        SELECT id, state, time_zone FROM campaigns
        WHERE id = ANY(ARRAY(SELECT a.campaign_id FROM asked a JOIN place p ON p.id = a.channel_id))
        FOR SHARE {waiting}
    ), schedule AS MATERIALIZED (
        SELECT id, is_active, comments_per_day, start_time, end_time FROM schedules
        WHERE id = ANY(ARRAY(
            SELECT a.schedule_id FROM asked a JOIN campaign c ON c.id = a.campaign_id))
        FOR SHARE {waiting}
    ), permit AS MATERIALIZED (
        SELECT id, scope, comments_per_post, linked_group_id, starts_at, expires_at, verified_at,
               suspended_at, revoked_at
        FROM grants
        WHERE id = ANY(ARRAY(
            SELECT a.grant_id FROM asked a JOIN schedule s ON s.id = a.schedule_id))
        FOR SHARE {waiting}
    ), message AS MATERIALIZED (
        SELECT id, state, due_at, expires_at, peer_id FROM outbox
        WHERE id = ANY(ARRAY(SELECT a.id FROM asked a JOIN permit p ON p.id = a.grant_id))
        FOR UPDATE {waiting}
    ), moment AS MATERIALIZED (
        SELECT clock_timestamp() AS now WHERE (SELECT count(*) FROM message) > 0
    ), judged AS MATERIALIZED (
        SELECT asked.id, asked.account, asked.fence, asked.comment_id, moment.now, local.today, CASE
            WHEN message.state NOT IN ('due', 'unknown') OR message.due_at > moment.now
                THEN 'not_due'
            WHEN lease.released OR lease.node IS DISTINCT FROM :node OR lease.fence <> asked.fence
                THEN 'lease_lost'
            WHEN message.expires_at <= moment.now
                THEN 'too_old'
            WHEN speaker.state <> ALL(CAST(:speaking AS text[]))
                THEN 'account_parked'
            WHEN speaker.disclosed_at IS NULL
                 OR moment.now >= speaker.disclosed_at + CAST(:disclosure_lasts AS interval)
                 OR speaker.disclosed_fence IS DISTINCT FROM asked.fence
                THEN 'not_disclosed'
            WHEN permit.scope <> 'comments' OR permit.starts_at > moment.now
                THEN 'no_grant'
            WHEN permit.revoked_at IS NOT NULL
                THEN 'grant_revoked'
            WHEN permit.expires_at <= moment.now
                THEN 'grant_expired'
            WHEN message.peer_id IS DISTINCT FROM permit.linked_group_id
                 OR place.linked_group_id IS DISTINCT FROM permit.linked_group_id
                THEN 'group_changed'
            WHEN asked.slot > permit.comments_per_post
                THEN 'slot_not_granted'
            WHEN permit.suspended_at IS NOT NULL
                THEN 'grant_suspended'
            WHEN moment.now >= permit.verified_at + CAST(:verification_lasts AS interval)
                THEN 'grant_unverified'
            WHEN NOT place.is_active
                THEN 'channel_paused'
            WHEN campaign.state <> 'running'
                THEN 'campaign_stopped'
            WHEN NOT schedule.is_active
                THEN 'schedule_off'
            WHEN EXISTS (
                SELECT FROM holds h
                WHERE h.account_id = asked.account AND h.not_before > moment.now
                  AND (h.peer_id IS NULL OR h.peer_id = message.peer_id)
                  AND (h.method IS NULL OR h.method = :method))
                THEN 'held'
            WHEN CASE WHEN schedule.start_time < schedule.end_time
                THEN local.clock < schedule.start_time OR local.clock >= schedule.end_time
                ELSE local.clock < schedule.start_time AND local.clock >= schedule.end_time END
                THEN 'outside_window'
            WHEN schedule.comments_per_day <= (
                SELECT count(*) FROM comments c
                WHERE c.schedule_id = asked.schedule_id AND c.counted_on = local.today
                  AND c.status <> 'failed' AND c.id <> asked.comment_id)
                THEN 'daily_limit'
            ELSE 'welcome' END AS verdict
        FROM asked
        JOIN speaker ON speaker.id = asked.account
        JOIN lease ON lease.account_id = asked.account
        JOIN place ON place.id = asked.channel_id
        JOIN campaign ON campaign.id = asked.campaign_id
        JOIN schedule ON schedule.id = asked.schedule_id
        JOIN permit ON permit.id = asked.grant_id
        JOIN message ON message.id = asked.id
        CROSS JOIN moment
        CROSS JOIN LATERAL (
            SELECT to_char(moment.now AT TIME ZONE campaign.time_zone, 'HH24:MI') AS clock,
                   CAST(moment.now AT TIME ZONE campaign.time_zone AS date) AS today) AS local
    ), claimed AS (
        UPDATE outbox o
        SET state = 'sending', attempts = o.attempts + 1, claimed_by = :node,
            claimed_fence = judged.fence, claimed_at = judged.now,
            first_attempt_at = coalesce(o.first_attempt_at, judged.now)
        FROM judged WHERE o.id = judged.id AND judged.verdict = 'welcome'
        RETURNING o.id, o.peer_kind, o.peer_id, o.peer_access_hash, o.reply_to, o.text, o.random_id
    ), counted AS (
        UPDATE comments c SET counted_on = judged.today
        FROM judged WHERE c.id = judged.comment_id AND judged.verdict = 'welcome'
    )
    SELECT judged.id, judged.verdict, claimed.peer_kind, claimed.peer_id,
           claimed.peer_access_hash, claimed.reply_to, claimed.text, claimed.random_id
    FROM judged LEFT JOIN claimed ON claimed.id = judged.id
    """


def asking(waiting: str) -> TextClause:
    """Write the statement with what a row's lock is worth."""
    return text(STATEMENT.format(waiting=waiting))


CLAIM_IF_WELCOME = asking("")
CLAIM_ALL_IF_WELCOME = asking("SKIP LOCKED")
