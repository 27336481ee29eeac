"""A simulated Telegram, and sessions both in memory and in PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from db.encryption import Cipher
from db.engine import create_engine
from db.keys import Keyring, new_key, read_keys
from db.notify import Notices
from db.stores import postgres_stores
from orchestrator.actor import SYSTEM
from orchestrator.ports.sessions import SessionStore
from personas.persona import Persona
from simulator.mtproto.server_key import ServerKey
from simulator.server import TelegramServer, serve
from tests.integration.accounts.cast import ANNA, BORIS, PHONES, Cast, Ear
from tests.integration.accounts.stores import MemorySessions


@pytest.fixture
async def server(server_key: ServerKey) -> AsyncIterator[TelegramServer]:
    async with serve(server_key=server_key) as running:
        yield running
        assert not running.crashed


@pytest.fixture
def memory_sessions() -> SessionStore:
    return MemorySessions()


@pytest.fixture
async def postgres_sessions(database_url: str) -> AsyncIterator[SessionStore]:
    """Sessions in a database that knows the accounts."""
    engine = create_engine(database_url, pool_size=2, overflow=2)
    cipher = Cipher(Keyring(read_keys(new_key(), "a test"), "a test"))
    stores = postgres_stores(engine, cipher, Notices(database_url))
    await stores.library.put_persona(SYSTEM, Persona(key="p", name="P", disclosure="a machine"))
    for account in (ANNA, BORIS):
        added = await stores.accounts.add_account(SYSTEM, f"a{account}", PHONES[account], "p")
        assert added.id == account
    yield stores.sessions
    await engine.dispose()


@pytest.fixture
def sessions(memory_sessions: SessionStore) -> SessionStore:
    """Where sessions rest; modules for which that matters run on both stores."""
    return memory_sessions


@pytest.fixture
def cast(server: TelegramServer, sessions: SessionStore) -> Cast:
    return Cast(server, sessions)


@pytest.fixture
def ear() -> Ear:
    return Ear()
