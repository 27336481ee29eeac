"""Answers in private that wait in the outbox, to people who have written to every account."""

from collections.abc import Sequence

from sqlalchemy import text

from orchestrator.ids import AccountId
from tests.chaos.population import NUMBER, Books
from tests.chaos.telegram import Stranger

RING = text("SELECT pg_notify('troupe', 'outbox')")
MEET = text(
    """
    WITH person AS (
        INSERT INTO contacts (telegram_id, name) VALUES (:person, 'Stranger') RETURNING id
    ), known AS (
        INSERT INTO account_entities (account_id, kind, telegram_id, access_hash)
        SELECT account, 'user', :person, hash
        FROM unnest(CAST(:accounts AS bigint[]), CAST(:hashes AS bigint[])) AS k (account, hash)
    ), talks AS (
        INSERT INTO conversations (account_id, contact_id)
        SELECT account, person.id FROM person, unnest(CAST(:accounts AS bigint[])) AS account
        RETURNING id
    )
    INSERT INTO messages (conversation_id, direction, telegram_message_id, text, sent_at)
    SELECT id, 'incoming', 1, 'Tell me.', now() FROM talks
    """
)
# An operator's, for nothing else may be said once a conversation is with a person.
ANSWER = text(
    """
    WITH said AS (
        INSERT INTO answers (conversation_id, account_id, inbound_message_id, part, text, reason,
                             source, approved_by)
        SELECT v.id, v.account_id, m.id, 1, 'to be numbered', 'chaos', 'operator', 'chaos'
        FROM contacts c JOIN conversations v ON v.contact_id = c.id
        JOIN messages m ON m.conversation_id = v.id
        WHERE c.telegram_id = :person
        RETURNING id, account_id, inbound_message_id
    )
    INSERT INTO outbox (account_id, kind, inbound_message_id, answer_id, peer_kind, peer_id,
                        peer_access_hash, text, random_id, due_at, expires_at)
    SELECT said.account_id, 'direct', said.inbound_message_id, said.id, 'user', e.telegram_id,
           e.access_hash, 'to be numbered', CAST(random() * 9e18 AS bigint) + 1, now(),
           now() + interval '1 day'
    FROM said JOIN account_entities e
      ON e.account_id = said.account_id AND e.kind = 'user' AND e.telegram_id = :person
    """
)


async def line_up(books: Books, accounts: Sequence[AccountId], stranger: Stranger) -> None:
    """Let somebody have written to every account, and have an answer of each due at once.

    As with comments, each says its number in the outbox.
    """
    person = stranger.user
    await books.sql(MEET, person=person, accounts=list(accounts), hashes=list(stranger.hashes))
    async with books.company.engine.begin() as connection:
        await connection.execute(ANSWER, {"person": person})
        await connection.execute(NUMBER)
    await books.sql(RING)
