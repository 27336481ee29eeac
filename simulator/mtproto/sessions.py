"""All sessions and open connections, and the way from an auth key to them."""

from collections import OrderedDict, defaultdict

from telethon.tl import TLObject
from telethon.tl.functions import InitConnectionRequest

from simulator.mtproto.crypto import AuthKey
from simulator.mtproto.salts import Salts
from simulator.mtproto.session import Line, Session, pack_body

MAX_SESSIONS = 32


class SessionBook:
    """The switchboard: finds sessions, pushes to them, cuts their connections."""

    def __init__(self, salts: Salts) -> None:
        self.salts = salts
        self.sessions: defaultdict[int, OrderedDict[int, Session]] = defaultdict(OrderedDict)
        self.lines: defaultdict[int, set[Line]] = defaultdict(set)
        self.reached: defaultdict[Line, set[Session]] = defaultdict(set)
        self.clients: dict[int, InitConnectionRequest] = {}

    def open(self, key: AuthKey, session_id: int, line: Line) -> Session:
        """Return the session, new or old, as reached over `line` from now on."""
        known = self.sessions[key.id]
        session = known.get(session_id)
        if session is None:
            session = known[session_id] = Session(key, session_id, self.salts)
            self.forget_oldest(known)
        if session.line is not line:
            self.connect(session, line)
        return session

    def connect(self, session: Session, line: Line) -> None:
        """Let a session be reached over `line`; an older connection loses it."""
        if session.line is not None:
            self.reached[session.line].discard(session)
        session.line = line
        self.reached[line].add(session)
        self.lines[session.key.id].add(line)

    def forget_oldest(self, known: OrderedDict[int, Session]) -> None:
        """Keep a key's sessions bounded; those that are not connected go first."""
        while len(known) > MAX_SESSIONS:
            resting = (each.id for each in known.values() if each.line is None)
            self.drop(known.pop(next(resting, next(iter(known)))))

    def drop(self, session: Session) -> None:
        """Let no connection lead to a session that is forgotten."""
        if session.line is not None:
            self.reached[session.line].discard(session)
            session.line = None

    def destroy(self, key_id: int, session_id: int) -> bool:
        """Forget a session; tell whether it was there."""
        session = self.sessions[key_id].pop(session_id, None)
        if session is None:
            return False
        self.drop(session)
        return True

    def hang_up(self, line: Line) -> None:
        """Note that a connection has ended."""
        for session in self.reached.pop(line, ()):
            session.line = None
            self.lines[session.key.id].discard(line)
            if not self.lines[session.key.id]:
                del self.lines[session.key.id]

    def addresses(self, key_id: int) -> set[str]:
        """Return the client addresses from which a key is in use now."""
        return {line.address for line in self.lines.get(key_id, ())}

    def push(self, key_id: int, updates: TLObject, *, but_session: int | None = None) -> None:
        """Send `updates` to every connected session of that auth key that takes updates."""
        listening = [
            session
            for session in self.sessions.get(key_id, {}).values()
            if session.takes_updates and session.line and session.id != but_session
        ]
        if listening:
            packed = pack_body(bytes(updates))
            for session in listening:
                session.push(packed)

    def close(self, key_id: int) -> None:
        """Close every connection that uses that auth key; the answer to who asked goes first."""
        for line in tuple(self.lines.get(key_id, ())):
            line.close()
