"""The gate: the statements that let messages out (charter rules 1 to 5), one for each kind.

`judge`, `judge_answer` and `judge_line` in `orchestrator.outbox` say the same as pure rules;
property tests hold them together.

The rows it looks at are locked while it looks, always in this order, which every transaction keeps
that locks more than one of them: account, lease, contact, conversation, study group, its role,
channel, campaign, schedule, grant, draft, post, outbox, comment, silence. Each step begins with an
ARRAY of what the step before found, which is complete before the step takes its first lock, for
PostgreSQL promises no order among WITH queries. A revoke that comes meanwhile waits for the claim
to commit and then finds it among what is in flight; a claim that comes after it reads it.

So it is with a person who asks us to stop. What other rows say is read as it was when the statement
began, and only a locked row as it is when the lock is had: that is why the contact itself says that
its person opted out. The clock is PostgreSQL's own, read when all locks are held.

A lease is locked against whoever takes many, not against its own renewal, or each renewal would
stop every lane of its node: a claim that is committed just after its lease was taken is `sending`
under an old fence, sent by nobody whose time is over, and found by the account's next lane.

What is not locked is what only this account's one lane changes: its day's comments and its holds.

Each statement comes in two forms that differ in nothing else: one message waits for its locks; many
messages, each of another account, wait for none, so that a row that somebody holds for long stops
one lane and not a whole node. What was skipped for that has no verdict and is asked about alone.
"""

from sqlalchemy import TextClause, text

from orchestrator.ports.outbox import OutboxKind

SPEAKER = """\
    ), speaker AS MATERIALIZED (
        SELECT id, state, disclosed_at, disclosed_fence FROM accounts
        WHERE id = ANY(ARRAY(SELECT account FROM asked)) FOR SHARE {waiting}
    ), lease AS MATERIALIZED (
        SELECT account_id, node, fence, released FROM leases
        WHERE account_id = ANY(ARRAY(SELECT id FROM speaker)) FOR KEY SHARE {waiting}
"""
MOMENT = """\
    ), moment AS MATERIALIZED (
        SELECT clock_timestamp() AS now WHERE (SELECT count(*) FROM message) > 0
"""
ROW_RULES = """\
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
"""
HELD = """\
            WHEN EXISTS (
                SELECT FROM holds h
                WHERE h.account_id = asked.account AND h.not_before > moment.now
                  AND (h.peer_id IS NULL OR h.peer_id = message.peer_id)
                  AND (h.method IS NULL OR h.method = :method))
                THEN 'held'
"""
CLAIMED = """\
    ), claimed AS (
        UPDATE outbox o
        SET state = 'sending', attempts = o.attempts + 1, claimed_by = :node,
            claimed_fence = judged.fence, claimed_at = judged.now,
            first_attempt_at = coalesce(o.first_attempt_at, judged.now)
        FROM judged WHERE o.id = judged.id AND judged.verdict = 'welcome'
        RETURNING o.id, o.peer_kind, o.peer_id, o.peer_access_hash, o.reply_to, o.text, o.random_id
"""
TOLD = """\
    SELECT judged.id, judged.verdict, claimed.peer_kind, claimed.peer_id,
           claimed.peer_access_hash, claimed.reply_to, claimed.text, claimed.random_id
    FROM judged LEFT JOIN claimed ON claimed.id = judged.id
"""
COMMENTS = """
    WITH asked AS MATERIALIZED (
        -- What never changes, so it needs no lock.
        SELECT o.id, q.account, q.fence, o.grant_id, o.comment_id, c.channel_id, c.campaign_id,
               c.schedule_id, c.slot
        FROM unnest(CAST(:messages AS bigint[]), CAST(:accounts AS bigint[]),
                    CAST(:fences AS bigint[])) AS q (message, account, fence)
        JOIN outbox o ON o.id = q.message AND o.account_id = q.account
        JOIN comments c ON c.id = o.comment_id
{speaker}    ), place AS MATERIALIZED (
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
{moment}    ), judged AS MATERIALIZED (
        SELECT asked.id, asked.account, asked.fence, asked.comment_id, moment.now, local.today, CASE
{row_rules}            WHEN permit.scope <> 'comments' OR permit.starts_at > moment.now
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
{held}            WHEN CASE WHEN schedule.start_time < schedule.end_time
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
{claimed}    ), counted AS (
        UPDATE comments c SET counted_on = judged.today
        FROM judged WHERE c.id = judged.comment_id AND judged.verdict = 'welcome'
    )
{told}    """


ANSWERS = """
    WITH asked AS MATERIALIZED (
        -- What never changes, so it needs no lock.
        SELECT o.id, q.account, q.fence, a.conversation_id, v.contact_id, a.inbound_message_id,
               a.source = 'operator' AS by_operator, a.approved_by, a.parting, a.opens, a.closes,
               a.time_zone
        FROM unnest(CAST(:messages AS bigint[]), CAST(:accounts AS bigint[]),
                    CAST(:fences AS bigint[])) AS q (message, account, fence)
        JOIN outbox o ON o.id = q.message AND o.account_id = q.account
        JOIN answers a ON a.id = o.answer_id
        JOIN conversations v ON v.id = a.conversation_id
{speaker}    ), person AS MATERIALIZED (
        SELECT id, telegram_id, opted_out_at IS NOT NULL AS opted_out FROM contacts
        WHERE id = ANY(ARRAY(SELECT a.contact_id FROM asked a JOIN lease ON account_id = a.account))
        FOR SHARE {waiting}
    ), talk AS MATERIALIZED (
        SELECT id, state, held_by FROM conversations
        WHERE id = ANY(ARRAY(
            SELECT a.conversation_id FROM asked a JOIN person p ON p.id = a.contact_id))
        FOR SHARE {waiting}
    ), message AS MATERIALIZED (
        SELECT id, state, due_at, expires_at, peer_id FROM outbox
        WHERE id = ANY(ARRAY(SELECT a.id FROM asked a JOIN talk t ON t.id = a.conversation_id))
        FOR UPDATE {waiting}
{moment}    ), judged AS MATERIALIZED (
        SELECT asked.id, asked.account, asked.fence, moment.now, CASE
{row_rules}            WHEN person.opted_out
                THEN 'opted_out'
            WHEN message.peer_id IS DISTINCT FROM person.telegram_id
                THEN 'no_inbound'
            WHEN talk.state = 'closed' AND NOT asked.parting
                THEN 'conversation_closed'
            WHEN talk.state = 'paused' AND NOT asked.by_operator
                THEN 'conversation_paused'
            WHEN talk.state = 'handed_over' AND NOT asked.parting
                 AND NOT (asked.by_operator AND coalesce(talk.held_by = asked.approved_by, true))
                THEN 'handed_over'
            WHEN CAST(:answer_parts AS integer) <= (
                SELECT count(*) FROM outbox said
                WHERE said.inbound_message_id = asked.inbound_message_id AND said.id <> asked.id
                  AND (said.state IN ('sent', 'sending', 'unknown', 'unresolved')
                       OR said.unsettled))
                THEN 'too_many_parts'
{held}            WHEN asked.opens < asked.closes
                 AND (local.clock < asked.opens OR local.clock >= asked.closes)
                 OR asked.opens >= asked.closes
                 AND local.clock < asked.opens AND local.clock >= asked.closes
                THEN 'outside_window'
            ELSE 'welcome' END AS verdict
        FROM asked
        JOIN speaker ON speaker.id = asked.account
        JOIN lease ON lease.account_id = asked.account
        JOIN person ON person.id = asked.contact_id
        JOIN talk ON talk.id = asked.conversation_id
        JOIN message ON message.id = asked.id
        CROSS JOIN moment
        CROSS JOIN LATERAL (
            SELECT to_char(moment.now AT TIME ZONE asked.time_zone, 'HH24:MI') AS clock) AS local
{claimed}    )
{told}    """

LINES = """
    WITH asked AS MATERIALIZED (
        -- What never changes, so it needs no lock.
        SELECT o.id, q.account, q.fence, l.study_group_id, l.grant_id
        FROM unnest(CAST(:messages AS bigint[]), CAST(:accounts AS bigint[]),
                    CAST(:fences AS bigint[])) AS q (message, account, fence)
        JOIN outbox o ON o.id = q.message AND o.account_id = q.account
        JOIN group_lines l ON l.id = o.line_id
{speaker}    ), place AS MATERIALIZED (
        SELECT id, telegram_id, state, pinned_notice_id FROM study_groups
        WHERE id = ANY(ARRAY(
            SELECT a.study_group_id FROM asked a JOIN lease ON account_id = a.account))
        FOR SHARE {waiting}
    ), part AS MATERIALIZED (
        SELECT study_group_id, account_id, ended_at FROM study_group_roles
        WHERE (study_group_id, account_id) IN (
            SELECT a.study_group_id, a.account FROM asked a JOIN place p ON p.id = a.study_group_id)
        FOR SHARE {waiting}
    ), permit AS MATERIALIZED (
        SELECT id, scope, linked_group_id, starts_at, expires_at, verified_at, suspended_at,
               revoked_at
        FROM grants
        WHERE id = ANY(ARRAY(
            SELECT a.grant_id FROM asked a JOIN part USING (study_group_id)
            WHERE part.account_id = a.account))
        FOR SHARE {waiting}
    ), message AS MATERIALIZED (
        SELECT id, state, due_at, expires_at, peer_id FROM outbox
        WHERE id = ANY(ARRAY(SELECT a.id FROM asked a JOIN permit p ON p.id = a.grant_id))
        FOR UPDATE {waiting}
{moment}    ), judged AS MATERIALIZED (
        SELECT asked.id, asked.account, asked.fence, moment.now, CASE
{row_rules}            WHEN permit.scope <> 'study_group' OR permit.starts_at > moment.now
                THEN 'no_grant'
            WHEN permit.revoked_at IS NOT NULL
                THEN 'grant_revoked'
            WHEN permit.expires_at <= moment.now
                THEN 'grant_expired'
            WHEN message.peer_id IS DISTINCT FROM place.telegram_id
                 OR permit.linked_group_id <> place.telegram_id
                THEN 'group_changed'
            WHEN permit.suspended_at IS NOT NULL
                THEN 'grant_suspended'
            WHEN moment.now >= permit.verified_at + CAST(:verification_lasts AS interval)
                THEN 'grant_unverified'
            WHEN place.state <> 'active'
                THEN 'group_closed'
            WHEN part.ended_at IS NOT NULL
                THEN 'no_role'
            WHEN place.pinned_notice_id IS NULL
                THEN 'no_notice'
{held}            ELSE 'welcome' END AS verdict
        FROM asked
        JOIN speaker ON speaker.id = asked.account
        JOIN lease ON lease.account_id = asked.account
        JOIN place ON place.id = asked.study_group_id
        JOIN part ON part.study_group_id = asked.study_group_id AND part.account_id = asked.account
        JOIN permit ON permit.id = asked.grant_id
        JOIN message ON message.id = asked.id
        CROSS JOIN moment
{claimed}    )
{told}    """


def asking(statement: str, waiting: str) -> TextClause:
    """Write a statement with what a row's lock is worth."""
    fragments = {
        "speaker": SPEAKER.format(waiting=waiting),
        "moment": MOMENT,
        "row_rules": ROW_RULES,
        "held": HELD,
        "claimed": CLAIMED,
        "told": TOLD,
    }
    return text(statement.format(waiting=waiting, **fragments))


CLAIM_IF_WELCOME = {
    OutboxKind.COMMENT: asking(COMMENTS, ""),
    OutboxKind.DIRECT: asking(ANSWERS, ""),
    OutboxKind.STUDY_GROUP: asking(LINES, ""),
}
"""For one message, waiting for its locks."""

CLAIM_ALL_IF_WELCOME = {
    OutboxKind.COMMENT: asking(COMMENTS, "SKIP LOCKED"),
    OutboxKind.DIRECT: asking(ANSWERS, "SKIP LOCKED"),
    OutboxKind.STUDY_GROUP: asking(LINES, "SKIP LOCKED"),
}
"""For many, each of another account, leaving out what is locked just now."""
