"""Message ids and sequence numbers: how ours are made, what is asked of the client's.

Source: https://core.telegram.org/mtproto/description#message-identifier-msg-id
"""

import time
from collections.abc import Callable
from enum import IntEnum

TOO_OLD, TOO_NEW = 300, 30
REPLY, UNASKED = 1, 3


class BadMessage(IntEnum):
    """Why a message was not taken; the values are the protocol's."""

    ID_TOO_LOW = 16
    ID_TOO_HIGH = 17
    ID_NOT_CLIENTS = 18
    CONTAINER_ID_REPEATED = 19
    TOO_OLD_TO_TELL = 20
    SEQNO_TOO_LOW = 32
    SEQNO_TOO_HIGH = 33
    SEQNO_MUST_BE_EVEN = 34
    SEQNO_MUST_BE_ODD = 35
    SALT_WRONG = 48
    CONTAINER_INVALID = 64


class Numbering:
    """Numbers what one session is sent: ids rise strictly, seqnos count what is content."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock, self.last_id, self.content_sent = clock, 0, 0

    def next_id(self, *, reply: bool) -> int:
        """Return an id above all earlier ones; its last bits tell answers from the rest."""
        now = int(self.clock() * (1 << 32)) >> 2 << 2
        self.last_id = max(now, (self.last_id >> 2 << 2) + 4) | (REPLY if reply else UNASKED)
        return self.last_id

    def next_seqno(self, *, content: bool) -> int:
        """Return twice the number of content messages before this one, plus one for content."""
        seqno = 2 * self.content_sent + content
        self.content_sent += content
        return seqno


def judge_id(msg_id: int, now: float) -> BadMessage | None:
    """Return what is wrong with a client's message id at the server's time `now`."""
    sent_at = msg_id / (1 << 32)
    if msg_id % 4:
        return BadMessage.ID_NOT_CLIENTS
    if sent_at < now - TOO_OLD:
        return BadMessage.ID_TOO_LOW
    if sent_at > now + TOO_NEW:
        return BadMessage.ID_TOO_HIGH
    return None


class SeqnoCheck:
    """Holds a client's sequence numbers against the order of its message ids."""

    def __init__(self) -> None:
        self.newest_id = self.newest_seqno = 0

    def judge(self, msg_id: int, seqno: int) -> BadMessage | None:
        """Compare with the newest message that was taken, and take this one if it fits."""
        if not self.newest_id:
            self.newest_id, self.newest_seqno = msg_id, seqno
            return None
        equal_and_odd = seqno == self.newest_seqno and seqno % 2 == 1
        if msg_id > self.newest_id:
            if seqno < self.newest_seqno or equal_and_odd:
                return BadMessage.SEQNO_TOO_LOW
            self.newest_id, self.newest_seqno = msg_id, seqno
        elif msg_id < self.newest_id and (seqno > self.newest_seqno or equal_and_odd):
            return BadMessage.SEQNO_TOO_HIGH
        return None
