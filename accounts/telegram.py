"""The door to Telegram: opens accounts from their stored sessions, and signs new ones in."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from functools import partial

from telethon.crypto import rsa
from telethon.tl.functions.updates import GetStateRequest

from accounts.calls import Caller, at_once
from accounts.client import TelethonAccount, read_profile
from accounts.connection import Connection, leave, look_at_dialogs, make_client
from accounts.endpoint import Endpoint, Patience
from accounts.internals import update_state
from accounts.session import CollectingSession
from accounts.signin import check_phone, sign_in
from orchestrator.errors import SignInRefused
from orchestrator.facts import Sink
from orchestrator.ids import AccountId
from orchestrator.leases.tenure import Tenure
from orchestrator.pacing.pacer import Asking
from orchestrator.ports.sessions import SessionStore, StoredSession, UpdateState
from orchestrator.ports.telegram import Profile, SignInAnswers
from orchestrator.refusals import Action, OutcomeUnknown, Refusal, Scope, TelegramRefused

NO_SESSION = Refusal(
    "NO_SESSION", Scope.ACCOUNT, Action.NEEDS_LOGIN, "the account was never signed in: log in first"
)


class TelethonTelegram:
    """Telegram over MTProto; implements `orchestrator.ports.telegram.Telegram`."""

    def __init__(
        self,
        endpoint: Endpoint,
        sessions: SessionStore,
        patience: Patience | None = None,
        tenure: Tenure | None = None,
        pace: Asking | None = None,
    ) -> None:
        self.endpoint, self.sessions = endpoint, sessions
        self.tenure, self.pace = tenure, pace
        self.patience = patience or Patience()
        if endpoint.server and endpoint.server.public_key:
            rsa.add_key(endpoint.server.public_key, old=False)

    @asynccontextmanager
    async def open(self, account: AccountId, sink: Sink | None) -> AsyncIterator[TelethonAccount]:
        """Connect the account's stored session for as long as the block runs.

        With a `sink`, updates become facts, also those missed since the stored state. Nothing is
        sent unless the account is held, by the tenure that this door was given. Raises
        TelegramRefused (NEEDS_LOGIN where there is no session) or OutcomeUnknown. Leaves nothing
        running, however the block ends.
        """
        stored = await self.sessions.load_session(account)
        if stored is None:
            raise TelegramRefused(NO_SESSION)
        entities = await self.sessions.load_entities(account)
        connection = Connection(
            account,
            self.endpoint,
            self.patience,
            session=CollectingSession(self.at_endpoint(stored), entities),
            sessions=self.sessions,
            sink=sink,
            allowed=self.permission(account),
            pace=at_once if self.pace is None else partial(self.pace, account),
        )
        try:
            with self.tenure_of(account, connection):
                await connection.connect()
                yield TelethonAccount(connection)
        finally:
            await connection.close()

    def permission(self, account: AccountId) -> Callable[[], bool]:
        """Return what tells, before each packet, whether the account is certainly ours."""
        tenure = self.tenure
        return (lambda: True) if tenure is None else (lambda: tenure.holds(account))

    def tenure_of(self, account: AccountId, connection: Connection) -> AbstractContextManager[None]:
        """Have the connection broken at once when the account stops being ours."""
        if self.tenure is None:
            return nullcontext()
        return self.tenure.connected(account, connection.call.give_up)

    async def sign_in(self, account: AccountId, phone: str, answers: SignInAnswers) -> Profile:
        """Sign the account in under a fresh key, store its session, and return its profile.

        Raises BadInput, SignInRefused, or OutcomeUnknown; then nothing is stored.
        """
        phone = check_phone(phone)
        session = CollectingSession()
        if self.endpoint.server:
            server = self.endpoint.server
            session.set_dc(server.dc_id, server.host, server.port)
        client = make_client(self.endpoint, self.patience, session, receive=False, unattended=False)
        call = Caller(client, self.patience.answer)
        try:
            await self.reach(call)
            await sign_in(call, phone, answers)
            profile = await read_profile(call)
            await self.store(account, session, profile, await state_now(call, self.patience))
        finally:
            await leave(client, self.patience.close)
        return profile

    async def reach(self, call: Caller) -> None:
        """Connect with a person waiting, who is told where nobody answers."""
        try:
            await call.bounded(call.client.connect(), self.patience.connect)
        except (TelegramRefused, OutcomeUnknown):
            server = self.endpoint.server
            place = f" at {server.host}:{server.port}" if server else ""
            raise SignInRefused(
                f"Telegram does not answer{place}: check the network, and TELEGRAM_SERVER if it is "
                "set (troupe doctor looks at both)"
            ) from None

    async def store(
        self,
        account: AccountId,
        session: CollectingSession,
        profile: Profile,
        state: UpdateState,
    ) -> None:
        """Store a session that was just signed in."""
        await self.sessions.save_session(account, session.stored(profile.telegram_id, state))
        await self.sessions.save_entities(account, session.fresh_entities())

    def at_endpoint(self, stored: StoredSession) -> StoredSession:
        """Look for a session's data centre where the endpoint says that it is now."""
        server = self.endpoint.server
        if server is None or server.dc_id != stored.dc_id:
            return stored
        return replace(stored, address=server.host, port=server.port)


async def state_now(call: Caller, patience: Patience) -> UpdateState:
    """Ask where updates stand, so that an account misses none from its sign-in on."""
    state = await call(GetStateRequest())
    await look_at_dialogs(call, patience)
    channels = update_state(call.client).channels
    return UpdateState(state.pts, state.qts, int(state.date.timestamp()), state.seq, channels)
