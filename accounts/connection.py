"""One account's connection, from the first packet until nothing of it is left."""

import asyncio
import logging
import platform
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from telethon import TelegramClient, errors, events
from telethon.tl.functions.updates import GetStateRequest

from accounts.calls import Caller, Pace, at_once
from accounts.endpoint import Endpoint, Patience, own_version
from accounts.errors import translate
from accounts.internals import (
    ask_before_each_packet,
    cut,
    ended_by,
    spare_traces,
    update_state,
    watch_idle,
)
from accounts.session import CollectingSession
from accounts.translate import private_sender
from accounts.updates import ReceivingClient, UpdateFlow
from orchestrator.facts import Sink
from orchestrator.ids import AccountId
from orchestrator.ports.sessions import SessionStore, UpdateState
from orchestrator.refusals import OutcomeUnknown

log = logging.getLogger(__name__)

KNOWN_DIALOGS = 500
"""How many chats are looked at for their addresses when an account has seen none yet."""


def make_client(
    endpoint: Endpoint,
    patience: Patience,
    session: CollectingSession,
    *,
    receive: bool,
    unattended: bool = True,
    allowed: Callable[[], bool] = lambda: True,
) -> TelegramClient:
    """Make a client that does nothing by itself: no reconnecting, no sleeping, no asking again.

    With a person in front of it, who signs in, it may move to the number's data centre and connect
    again while a code is being typed. No packet leaves while it is not `allowed`.
    """
    kind = ReceivingClient if receive else TelegramClient
    version = own_version()
    client = kind(
        session,
        endpoint.api_id,
        endpoint.api_hash,
        local_addr=endpoint.local_address,
        timeout=patience.answer.total_seconds(),
        request_retries=0 if unattended else 1,
        connection_retries=0 if unattended else 2,
        retry_delay=0 if unattended else 1,
        auto_reconnect=not unattended,
        flood_sleep_threshold=0,
        raise_last_call_error=True,
        sequential_updates=True,
        catch_up=receive,
        receive_updates=receive,
        device_model=f"Troupe {version}",
        system_version=platform.system() or "unknown",
        app_version=version,
    )
    ask_before_each_packet(client, allowed)
    return client


class Connection:
    """Owns a client with its update flow and its one task, and stores what they learn."""

    def __init__(
        self,
        account: AccountId,
        endpoint: Endpoint,
        patience: Patience,
        *,
        session: CollectingSession,
        sessions: SessionStore,
        sink: Sink | None,
        allowed: Callable[[], bool] = lambda: True,
        pace: Pace = at_once,
    ) -> None:
        self.account, self.patience = account, patience
        self.session, self.sessions = session, sessions
        self.client = make_client(
            endpoint, patience, session, receive=sink is not None, allowed=allowed
        )
        self.call = Caller(self.client, patience.answer, pace)
        self.forgotten = False
        self.flow = None if sink is None else self.receive(sink)

    def receive(self, sink: Sink) -> UpdateFlow:
        """Lead the client's updates to the sink."""
        flow = UpdateFlow(
            self.account,
            sink,
            self.save_state,
            self.patience.saving,
            look=lambda: update_state(self.client),
            saved=self.session.update_state,
        )
        self.client.flow, self.client.answer = flow, self.patience.answer
        self.client.add_event_handler(self.take_update, events.Raw)
        self.client.queue = watch_idle(self.client, flow.note_idle)
        spare_traces(self.client)
        return flow

    def look_at_updates(self) -> None:
        """Read how far updates have come, if all that was told so far was dispatched."""
        if self.flow is not None and self.client.queue.is_awaited:
            self.flow.note_reached()

    async def take_update(self, update: Any) -> None:  # noqa: ANN401 - Telethon's updates
        """Remember how to answer whoever writes in private, then commit what the update tells."""
        sender = private_sender(update)
        if sender is not None:
            self.session.remember_person(sender)
        if self.flow is not None:
            await self.flow.handle(update)

    async def connect(self) -> None:
        """Connect and prove that the session is signed in.

        Raises TelegramRefused or OutcomeUnknown.
        """
        limit = self.patience.connect
        try:
            async with asyncio.timeout(limit.total_seconds()):
                await self.call.bounded(self.client.connect(), limit)
                await self.call(GetStateRequest())
                await self.begin_receiving()
        except TimeoutError as error:
            seconds = limit.total_seconds()
            raise OutcomeUnknown(
                f"Telegram could not be reached within {seconds:g} s; is this machine's network up?"
            ) from error
        except OutcomeUnknown as unknown:
            raise self.reason() or unknown from unknown

    async def begin_receiving(self) -> None:
        """Let an account that knows no channel yet look at its chats, to know where they stand."""
        kinds = {entity.kind for entity in self.session.known.values()}
        if self.flow is not None and "channel" not in kinds:
            await look_at_dialogs(self.call, self.patience)
            self.look_at_updates()

    async def wait_closed(self) -> None:
        """Return when the connection has ended; raises Telegram's reason, or what a fact met.

        The latter is the sink's own exception.
        """
        ended = asyncio.ensure_future(self.client.disconnected)
        waiting: set[asyncio.Future[Any]] = {ended}
        if self.flow is not None:
            waiting.add(self.flow.failed)
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            await asyncio.gather(ended, return_exceptions=True)
        if self.flow is not None and self.flow.failure is not None:
            raise self.flow.failure
        reason = self.reason()
        if reason is not None:
            raise reason

    def reason(self) -> Exception | None:
        """Return the answer with which Telegram ended the connection, if it gave one."""
        ended = self.client.disconnected
        broken = ended.exception() if ended.done() and not ended.cancelled() else None
        for error in (ended_by(self.client), broken):
            if isinstance(error, errors.RPCError | errors.AuthKeyNotFound):
                return translate(error)
        return None

    async def forget(self) -> None:
        """Forget the session, whose key is dead; nothing of it is stored any more."""
        self.forgotten = True
        await self.sessions.forget_session(self.account)

    async def close(self) -> None:
        """End everything within a bounded time, then store what was learned; never raises."""
        await leave(self.client, self.patience.close)
        if self.flow is not None:
            await self.flow.stop()
            await self.attempt("update state", self.flow.save_handled())
        await self.attempt("access hashes", self.save_entities())

    async def save_state(self, state: UpdateState) -> None:
        """Store how far updates are committed, and before that how their channels are addressed."""
        await self.save_entities()
        if not self.forgotten:
            await self.sessions.save_update_state(self.account, state)

    async def save_entities(self) -> None:
        """Store the access hashes that are new."""
        fresh = self.session.fresh_entities()
        if fresh and not self.forgotten:
            await self.sessions.save_entities(self.account, fresh)
            self.session.note_stored(fresh)

    async def attempt(self, what: str, write: Awaitable[None]) -> None:
        """Write while closing: what fails now is learned or told again another time."""
        try:
            async with asyncio.timeout(self.patience.close.total_seconds()):
                await write
        except Exception:
            log.warning("could not store the %s of account %s", what, self.account, exc_info=True)


async def look_at_dialogs(call: Caller, patience: Patience) -> None:
    """Look at the account's chats, to learn their access hashes and where their updates stand."""
    await call.bounded(call.client.get_dialogs(limit=KNOWN_DIALOGS), patience.connect)


async def leave(client: TelegramClient, patience: timedelta) -> None:
    """Disconnect politely, or break the connection when that takes too long."""
    leaving = asyncio.ensure_future(client.disconnect())
    _, late = await asyncio.wait({leaving}, timeout=patience.total_seconds())
    if late:
        cut(client)
        await asyncio.wait({leaving}, timeout=patience.total_seconds())
    await asyncio.gather(client.disconnected, return_exceptions=True)
