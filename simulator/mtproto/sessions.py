"""All sessions and open connections, and the way from an auth key to them."""

import asyncio
from collections import OrderedDict, defaultdict

from telethon.tl import TLObject
from telethon.tl.functions import InitConnectionRequest

from simulator.mtproto.crypto import AuthKey
from simulator.mtproto.interception import Passing, UpdateGate
from simulator.mtproto.keyring import KeyRing
from simulator.mtproto.layers import in_layer, is_earlier
from simulator.mtproto.salts import Salts
from simulator.mtproto.session import Line, Session, pack_body

MAX_SESSIONS = 8


class SessionBook:
    """The switchboard: finds sessions, pushes to them, cuts their connections."""

    def __init__(self, salts: Salts, keys: KeyRing) -> None:
        self.salts, self.auth_keys = salts, keys
        self.sessions: defaultdict[int, OrderedDict[int, Session]] = defaultdict(OrderedDict)
        self.lines: defaultdict[int, set[Line]] = defaultdict(set)
        self.keys: defaultdict[Line, set[int]] = defaultdict(set)
        self.clients: dict[int, InitConnectionRequest] = {}
        self.gate: UpdateGate | None = None
        self.late: set[asyncio.TimerHandle] = set()

    def open(self, key: AuthKey, session_id: int, line: Line) -> Session:
        """Return the session, new or old, as reached over `line` from now on."""
        known = self.sessions[key.id]
        session = known.get(session_id)
        if session is None:
            session = known[session_id] = Session(key, session_id, self.salts)
            self.forget_oldest(known)
        session.line = line
        self.keys[line].add(key.id)
        self.lines[key.id].add(line)
        return session

    def forget_oldest(self, known: OrderedDict[int, Session]) -> None:
        """Keep a key's sessions bounded; those that are not connected go first."""
        *earlier, _ = known.values()
        resting = [each for each in earlier if each.line is None] or earlier
        for session in resting[: max(0, len(known) - MAX_SESSIONS)]:
            known.pop(session.id).line = None

    def destroy(self, key_id: int, session_id: int) -> bool:
        """Forget a session; tell whether it was there."""
        session = self.sessions[key_id].pop(session_id, None)
        if session is None:
            return False
        session.line = None
        return True

    def hang_up(self, line: Line) -> None:
        """Note that a connection has ended."""
        for key_id in self.keys.pop(line, ()):
            self.lines[key_id].discard(line)
            if not self.lines[key_id]:
                del self.lines[key_id]
            for session in self.sessions[key_id].values():
                if session.line is line:
                    session.line = None

    def addresses(self, key_id: int) -> set[str]:
        """Return the client addresses from which a key is in use now."""
        return {line.address for line in self.lines.get(key_id, ())}

    def cut_elsewhere(self, key_id: int, address: str) -> None:
        """End the connections that use a key from any other address."""
        for line in tuple(self.lines.get(key_id, ())):
            if line.address != address:
                line.cut()

    def listens(self, key_id: int) -> bool:
        """Tell whether updates for that auth key reach somebody now."""
        return bool(self.listening(key_id))

    def listening(self, key_id: int) -> list[Session]:
        """List the connected sessions that take updates, of an auth key and what stands for it."""
        return [
            session
            for each in self.auth_keys.standing_for(key_id)
            for session in (self.sessions.get(each) or {}).values()
            if session.takes_updates and session.line
        ]

    def client_of(self, key_id: int) -> InitConnectionRequest | None:
        """Return how the client with that auth key introduced itself, None if it did not."""
        return self.clients.get(key_id)

    def push(self, key_id: int, updates: TLObject, *, but_session: int | None = None) -> None:
        """Send `updates` to every connected session of that auth key that takes updates."""
        listening = [each for each in self.listening(key_id) if each.id != but_session]
        packed: dict[bool, bytes] = {}
        for session in listening:
            earlier = is_earlier(session.layer)
            if earlier not in packed:
                packed[earlier] = pack_body(bytes(in_layer(updates, session.layer)))
            self.let_through(session, updates, packed[earlier])

    def let_through(self, session: Session, updates: TLObject, packed: bytes) -> None:
        """Send updates to one session, as often and as late as the gate says."""
        if self.gate is None or session.line is None:
            session.push(packed)
            return
        passing = Passing(self.auth_keys.lasting(session.key.id), session.line.name, updates)
        for seconds in self.gate.waits(passing):
            if seconds:
                self.push_later(seconds, session, packed)
            else:
                session.push(packed)

    def push_later(self, seconds: float, session: Session, packed: bytes) -> None:
        """Send updates once that time has passed, to whoever is there then."""

        def push() -> None:
            self.late.discard(timer)
            session.push(packed)

        timer = asyncio.get_running_loop().call_later(seconds, push)
        self.late.add(timer)

    def stop(self) -> None:
        """Let nothing happen any more that was put off."""
        for timer in self.late:
            timer.cancel()
        self.late.clear()

    def close(self, key_id: int) -> None:
        """Close every connection that uses that auth key; the answer to who asked goes first."""
        for each in self.auth_keys.standing_for(key_id):
            for line in tuple(self.lines.get(each, ())):
                line.close()
