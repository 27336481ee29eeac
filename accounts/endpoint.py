"""Where Telegram is and how patient we are with it."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True, slots=True)
class Server:
    """A Telegram other than the public one: a test server, or the simulator."""

    host: str
    port: int
    dc_id: int = 2
    public_key: str | None = None
    """Its RSA key in PEM (PKCS #1), if Telethon does not come with it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Which Telegram to connect to, and as which registered application (my.telegram.org)."""

    api_id: int
    api_hash: str = field(repr=False)
    server: Server | None = None
    local_address: str | None = None
    """The address to connect from; for tests, which play several machines on one."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each step may take."""

    connect: timedelta = timedelta(seconds=20)
    """For opening an account, from the first packet to the proof that it is signed in."""
    answer: timedelta = timedelta(seconds=15)
    """For any request that has no deadline of its own."""
    close: timedelta = timedelta(seconds=3)
    """For each step of closing."""
    saving: timedelta = timedelta(seconds=1)
    """Between two writes of the update state."""


@cache
def own_version() -> str:
    """Return Troupe's version, as Telegram shows it among the account's devices."""
    try:
        return version("troupe")
    except PackageNotFoundError:
        return "0"
