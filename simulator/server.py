"""The simulated Telegram as one server: wires in front, one world behind."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI

from simulator.archive import Archive
from simulator.bot_api.api import BotApi
from simulator.bot_api.office import Office
from simulator.bot_api.serving import listening
from simulator.bot_desk import OfficeFaults, OfficeWatch
from simulator.control.app import build_app
from simulator.control.ports import Levers, Limits
from simulator.control.waiting import Waits
from simulator.desk import MtprotoDesk, MtprotoWires
from simulator.mtproto.fault_book import FaultBook
from simulator.mtproto.keyring import KeyRing
from simulator.mtproto.limits import AccountLimits
from simulator.mtproto.listener import MtprotoListener
from simulator.mtproto.methods import all_methods
from simulator.mtproto.methods_help import Place, help_methods
from simulator.mtproto.push import Pusher
from simulator.mtproto.server_key import ServerKey
from simulator.mtproto.sightings import SeenTwice
from simulator.world.peers import UserId
from simulator.world.world import World

API_ID = 1
API_HASH = "0" * 32
DC_ID = 2
LOOPBACK = "127.0.0.1"


class TelegramServer:
    """A Telegram that listens on one address; `serve` starts and stops it."""

    api_id, api_hash, dc_id = API_ID, API_HASH, DC_ID

    def __init__(self, world: World, server_key: ServerKey, keys: KeyRing) -> None:
        self.world, self.server_key, self.keys = world, server_key, keys
        self.methods = all_methods()
        self.listener = MtprotoListener(world, self.methods, server_key, keys)
        self.pusher = Pusher(world, self.listener.book)
        self.faults = FaultBook(self.account_of)
        self.limits = AccountLimits(self.account_of, lambda: self.world.clock.now().timestamp())
        self.listener.runner.interceptors += [self.limits, self.faults]
        self.listener.book.gate = self.faults
        self.host, self.port = "", 0
        self.bot_api: BotApi | None = None
        self.control_url = ""

    @property
    def public_key(self) -> str:
        """The PEM of the RSA key that clients must know."""
        return self.server_key.public_pem

    @property
    def crashed(self) -> Counter[str]:
        """How often each method's handler failed, which is a fault of the simulator."""
        return self.listener.runner.crashed

    @property
    def seen_twice(self) -> tuple[SeenTwice, ...]:
        """The keys that were used from two addresses at once, in the order of their end."""
        return tuple(self.listener.sightings.seen_twice.values())

    def account_of(self, key_id: int) -> int | None:
        """Return the user who is signed in under an auth key."""
        return self.world.logins.user_of(key_id)

    def listens(self, user: UserId) -> bool:
        """Tell whether a person's updates reach a client of theirs now."""
        return any(map(self.listener.book.listens, self.world.logins.keys_of(user)))

    def control(self, office: Office, waits: Waits) -> FastAPI:
        """Make the application by which this server is directed."""
        levers = Levers(
            faults=MtprotoDesk(self.faults),
            wires=MtprotoWires(self.methods, self.listener.sightings),
            bot_faults=OfficeFaults(office.faults),
            bots=OfficeWatch(office),
            limits=Limits(bots=office.limits, accounts=self.limits),
            whole=self.archive(office),
        )
        return build_app(self.world, levers, waits)

    def archive(self, office: Office) -> Archive:
        """Make what saves and loads all that this server knows."""
        return Archive(self.world, self.listener, office)

    async def start(self, host: str, port: int) -> None:
        """Listen, and register the methods that speak of the address."""
        self.host, self.port = await self.listener.start(host, port)
        self.methods.include(help_methods(Place(self.dc_id, self.host, self.port)))

    async def stop(self) -> None:
        """End all connections and stop listening, in bounded time."""
        self.pusher.stop()
        await self.listener.stop()


def described_control() -> dict[str, Any]:
    """Describe the control API as OpenAPI does, without serving it."""
    server = TelegramServer(World(), ServerKey.generate(), KeyRing())
    description = server.control(Office(server.world), Waits(server.world)).openapi()
    server.pusher.stop()
    return description


@asynccontextmanager
async def serve(
    world: World | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    server_key: ServerKey | None = None,
    keys: KeyRing | None = None,
    bot_api: bool = False,
    control: bool = False,
    http_port: int = 0,
) -> AsyncIterator[TelegramServer]:
    """Serve a world for as long as the block runs; what is not given is made new.

    A server that is to stand in for an earlier one gets its world, port, RSA key and auth keys.
    With `bot_api` bots are served too, on a port of their own: `server.bot_api.url`.
    With `control` the control API is served on a port of its own, `server.control_url`, which is
    on loopback whatever `host` is: it obeys everybody. `http_port` is the Bot API's port, and the
    control API's is the next; 0 takes free ones.
    """
    server = TelegramServer(world or World(), server_key or ServerKey.generate(), keys or KeyRing())
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.stop)
        await server.start(host, port)
        if bot_api:
            server.bot_api = BotApi(server.world)
            await stack.enter_async_context(server.bot_api.serving(host, http_port))
        if control:
            office: Office = server.bot_api or Office(server.world)
            if office is not server.bot_api:
                stack.push_async_callback(office.close)
            waits = Waits(server.world)
            app = server.control(office, waits)
            served = listening(app, LOOPBACK, http_port and http_port + 1, waits.close)
            server.control_url = await stack.enter_async_context(served)
        yield server
