"""Looks at how comments were received, which were three jobs for each, become a moment on each."""

from db.migrate import upgrade
from tests.migration.test_upgrade import migrate_to, run_sql

COMMENTS = """
    INSERT INTO comments (channel_id, message_id, slot, account_id, draft_id, grant_id, campaign_id,
                          schedule_id, text, planned_on)
    SELECT 1, n, 1, 1, 1, 1, 1, 1, 'words', current_date FROM generate_series(1, 2) AS n
"""
JOBS = """
    INSERT INTO jobs (kind, payload, unique_key, state, due_at, claimed_by, claimed_at)
    VALUES ('RefreshEngagement', '{"comment": 1}', 'a', 'waiting', '2030-01-02', NULL, NULL),
           ('RefreshEngagement', '{"comment": 1}', 'b', 'waiting', '2030-01-08', NULL, NULL),
           ('RefreshEngagement', '{"comment": 2}', 'c', 'taken', '2030-01-01', 'north#1', now()),
           ('VerifyGrant', '{"grant": 1}', 'd', 'waiting', '2030-01-01', NULL, NULL)
"""


async def test_the_next_look_is_carried_over_and_what_is_under_way_goes_on(
    empty_database: str,
) -> None:
    await migrate_to(empty_database, "0031")
    await run_sql(
        empty_database, "SET session_replication_role = replica", COMMENTS, JOBS, "SELECT 1"
    )
    await upgrade(empty_database)
    looks = await run_sql(
        empty_database, "SELECT engagement_due_at::date::text AS at FROM comments ORDER BY id"
    )
    assert [row["at"] for row in looks] == ["2030-01-02", None]
    left = await run_sql(empty_database, "SELECT unique_key FROM jobs ORDER BY 1")
    assert [row["unique_key"] for row in left] == ["c", "d"]
