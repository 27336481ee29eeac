"""Writing every stored secret anew under the newest key (`troupe keys rotate`)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Table, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.encryption import Cipher, place
from db.engine import transaction
from db.tables.accounts import account_entities, account_sessions, accounts

BATCH = 500


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of secrets, and the columns that name its rows and the place they are bound to."""

    table: Table
    column: Column[Any]
    row: tuple[Column[Any], ...]

    def stale(self, cipher: Cipher) -> Any:  # noqa: ANN401 - a SQL condition
        """Select what is not under the newest key."""
        header = func.substring(self.column, 1, len(cipher.header))
        return and_(self.column.is_not(None), header != cipher.header)

    def renewed(self, cipher: Cipher, names: Sequence[object], secret: bytes) -> bytes:
        """Encrypt the secret of the row of those names under the newest key."""
        where = place(self.table.name, self.column.name, *names)
        return cipher.encrypt(cipher.decrypt(secret, where), where)


SEALED = (
    Sealed(accounts, accounts.c.phone_encrypted, (accounts.c.id,)),
    Sealed(
        account_sessions, account_sessions.c.auth_key_encrypted, (account_sessions.c.account_id,)
    ),
    Sealed(
        account_entities,
        account_entities.c.phone_encrypted,
        (account_entities.c.account_id, account_entities.c.kind, account_entities.c.telegram_id),
    ),
)


async def count_stale(engine: AsyncEngine, cipher: Cipher) -> int:
    """Return how many secrets are not under the newest key."""
    async with transaction(engine) as connection:
        counts = [
            await connection.scalar(
                select(func.count()).select_from(sealed.table).where(sealed.stale(cipher))
            )
            for sealed in SEALED
        ]
    return sum(count or 0 for count in counts)


async def rewrite_secrets(engine: AsyncEngine, cipher: Cipher) -> AsyncIterator[int]:
    """Rewrite what is not under the newest key, a transaction at a time; yields how many each did.

    Safe beside running nodes and after a crash: each secret is readable before and afterwards.
    """
    for sealed in SEALED:
        done = BATCH
        while done == BATCH:
            async with transaction(engine) as connection:
                done = await rewrite_batch(connection, cipher, sealed)
            yield done


async def rewrite_batch(connection: AsyncConnection, cipher: Cipher, sealed: Sealed) -> int:
    """Rewrite some rows of one column, locked meanwhile; returns how many."""
    stale = (
        select(*sealed.row, sealed.column)
        .where(sealed.stale(cipher))
        .limit(BATCH)
        .with_for_update()
    )
    found = (await connection.execute(stale)).all()
    for row in map(tuple, found):
        names, secret = row[:-1], row[-1]
        this = and_(*(column == name for column, name in zip(sealed.row, names, strict=True)))
        renewed = {sealed.column: sealed.renewed(cipher, names, secret)}
        await connection.execute(update(sealed.table).where(this).values(renewed))
    return len(found)
