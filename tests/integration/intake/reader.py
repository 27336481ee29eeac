"""A process that receives for one account until it is killed.

Reads what it needs as a pickle from its standard input; says on the other one when it is open.
"""

import asyncio
import pickle
import sys

from accounts.telegram import TelethonTelegram
from db.encryption import Cipher
from db.engine import create_engine
from db.keys import Keyring, read_keys
from db.notify import Notices
from db.stores import postgres_stores
from orchestrator.ids import AccountId
from orchestrator.intake.reception import Reception
from tests.integration.accounts.cast import QUICK


async def main() -> None:
    endpoint, database_url, key, account = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - from the test
    engine = create_engine(database_url, pool_size=3, overflow=3)
    cipher = Cipher(Keyring(read_keys(key, "a test"), "a test"))
    stores = postgres_stores(engine, cipher, Notices(database_url))
    reception = Reception(stores.intake, stores.channels, stores.security)
    telegram = TelethonTelegram(endpoint, stores.sessions, QUICK)
    async with telegram.open(AccountId(account), reception.take) as client:
        sys.stdout.write("open\n")
        sys.stdout.flush()
        await client.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
