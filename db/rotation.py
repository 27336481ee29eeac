"""Writing every stored secret anew under the newest key."""

from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.schema import Column, Table

from db.encryption import HEADER_BYTES, Cipher, place
from db.engine import transaction
from db.tables.accounts import account_entities, account_sessions, accounts
from db.tables.conversations import conversation_turns, conversations
from db.tables.desk import clients
from db.tables.desk_door import bots
from db.tables.study_groups import journey_progress

BATCH = 500


@dataclass(frozen=True, slots=True)
class Secret:
    """A column of ciphertexts, and the columns that name its row in the associated data."""

    table: Table
    column: str
    row: tuple[str, ...]

    @property
    def stored(self) -> Column[bytes]:
        """Return the column itself."""
        return self.table.c[self.column]

    def where(self, values: tuple[object, ...]) -> bytes:
        """Name the place of one row's secret."""
        return place(self.table.name, self.column, *values)


SECRETS = (
    Secret(accounts, "phone_encrypted", ("id",)),
    Secret(account_sessions, "auth_key_encrypted", ("account_id",)),
    Secret(account_entities, "phone_encrypted", ("account_id", "kind", "telegram_id")),
    Secret(clients, "phone_encrypted", ("id",)),
    Secret(bots, "token_encrypted", ("id",)),
    Secret(conversations, "slots_encrypted", ("id",)),
    Secret(conversation_turns, "found_encrypted", ("conversation_id", "number")),
    Secret(journey_progress, "slots_encrypted", ("id",)),
)


async def reencrypt_all(engine: AsyncEngine, cipher: Cipher) -> int:
    """Rewrite every secret that another key encrypted; returns how many.

    Works in batches, each its own transaction, so that it may be stopped and begun again.
    """
    done = 0
    for secret in SECRETS:
        while True:
            async with transaction(engine) as connection:
                rewritten = await reencrypt_batch(connection, cipher, secret)
            done += rewritten
            if rewritten < BATCH:
                break
    return done


async def reencrypt_batch(connection: AsyncConnection, cipher: Cipher, secret: Secret) -> int:
    """Rewrite some secrets of one column."""
    keys = [secret.table.c[name] for name in secret.row]
    outdated = (
        select(secret.stored, *keys)
        .where(func.substring(secret.stored, 1, HEADER_BYTES) != cipher.header)
        .order_by(*keys)
        .limit(BATCH)
        .with_for_update()
    )
    found = (await connection.execute(outdated)).all()
    if found:
        rewrite = (
            update(secret.table)
            .where(*(key == bindparam(f"key_{key.name}") for key in keys))
            .values({secret.column: bindparam("sealed")})
        )
        await connection.execute(
            rewrite, [rewritten(cipher, secret, row[0], tuple(row[1:])) for row in found]
        )
    return len(found)


def rewritten(
    cipher: Cipher, secret: Secret, sealed: bytes, row: tuple[object, ...]
) -> dict[str, object]:
    """Decrypt one secret and encrypt it again for the same place."""
    where = secret.where(row)
    keys = {f"key_{name}": value for name, value in zip(secret.row, row, strict=True)}
    return {**keys, "sealed": cipher.encrypt(cipher.decrypt(sealed, where), where)}
