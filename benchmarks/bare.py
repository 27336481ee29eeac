"""Bare Telethon, as its documentation uses it: the peer of the benchmarks of accounts."""

from telethon import TelegramClient
from telethon.crypto import AuthKey, rsa
from telethon.sessions import MemorySession

from accounts.endpoint import Endpoint
from orchestrator.ports.sessions import StoredSession


def trust(endpoint: Endpoint) -> None:
    """Make the simulator's RSA key known."""
    assert endpoint.server is not None
    assert endpoint.server.public_key is not None
    rsa.add_key(endpoint.server.public_key, old=False)


async def connect(endpoint: Endpoint, stored: StoredSession) -> TelegramClient:
    """Connect a client that receives updates, and prove that it is signed in."""
    session = MemorySession()
    session.set_dc(stored.dc_id, stored.address, stored.port)
    session.auth_key = AuthKey(stored.auth_key)
    client = TelegramClient(session, endpoint.api_id, endpoint.api_hash, catch_up=True)
    await client.connect()
    assert await client.is_user_authorized()
    return client
