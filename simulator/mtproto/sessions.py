"""All sessions and open connections, and the way from an auth key to them."""

from collections import OrderedDict, defaultdict
from typing import Protocol

from telethon.tl import TLObject

from simulator.mtproto.crypto import AuthKey
from simulator.mtproto.salts import Salts
from simulator.mtproto.session import Line, Session, pack_body

MAX_SESSIONS = 32


class Cuttable(Line, Protocol):
    """A connection that the server may end."""

    def cut(self) -> None:
        """End the connection at once; what it was about to send is lost."""


class SessionBook:
    """The switchboard: finds sessions, pushes to them, cuts their connections."""

    def __init__(self, salts: Salts) -> None:
        self.salts = salts
        self.sessions: defaultdict[int, OrderedDict[int, Session]] = defaultdict(OrderedDict)
        self.lines: defaultdict[int, set[Cuttable]] = defaultdict(set)

    def open(self, key: AuthKey, session_id: int, line: Cuttable) -> Session:
        """Return the session, new or old, as reached over `line` from now on."""
        known = self.sessions[key.id]
        session = known.get(session_id)
        if session is None:
            session = known[session_id] = Session(key, session_id, self.salts)
            self.forget_oldest(known)
        self.lines[key.id].add(line)
        session.line = line
        return session

    def forget_oldest(self, known: OrderedDict[int, Session]) -> None:
        """Keep a key's sessions bounded; those that are connected stay."""
        resting = [each.id for each in known.values() if each.line is None]
        for session_id in resting[: max(0, len(known) - MAX_SESSIONS)]:
            del known[session_id]

    def destroy(self, key_id: int, session_id: int) -> bool:
        """Forget a session; tell whether it was there."""
        return self.sessions[key_id].pop(session_id, None) is not None

    def hang_up(self, line: Cuttable) -> None:
        """Note that a connection has ended."""
        for key_id in [each for each, lines in self.lines.items() if line in lines]:
            self.lines[key_id].discard(line)
            if not self.lines[key_id]:
                del self.lines[key_id]
            for session in self.sessions[key_id].values():
                if session.line is line:
                    session.line = None

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
        """Cut every connection that uses that auth key."""
        for line in tuple(self.lines.get(key_id, ())):
            line.cut()
