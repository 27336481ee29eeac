"""Faults that a demo survives before its watchers' eyes.

Each comes by count, not by chance: whoever asks for one is to see it.
"""

from collections.abc import Sequence

from orchestrator.errors import BadInput
from simulator.mtproto.faults import Fault, FaultKind

SEND = "messages.SendMessage"
NEW_POST = "UpdateNewChannelMessage"

KNOWN: dict[str, tuple[Fault, ...]] = {
    "flood": (Fault(SEND, FaultKind.ERROR, "FLOOD_WAIT_2", times=2),),
    "slow-mode": (Fault(SEND, FaultKind.ERROR, "SLOWMODE_WAIT_2", skip=1),),
    "error": (Fault(SEND, FaultKind.ERROR, "RPC_CALL_FAIL", skip=2),),
    "cut": (Fault(SEND, FaultKind.CUT_BEFORE, skip=3), Fault(SEND, FaultKind.CUT_AFTER, skip=4)),
    "lost-answer": (Fault(SEND, FaultKind.LOST_ANSWER, skip=1),),
    "delay": (Fault(SEND, FaultKind.DELAY, times=3, seconds=1.0),),
    "drop": (Fault(NEW_POST, FaultKind.DROP_UPDATES, times=3),),
    "doubled": (Fault(NEW_POST, FaultKind.DOUBLE_UPDATES, times=3, skip=3),),
    "delayed": (Fault(NEW_POST, FaultKind.DELAY_UPDATES, times=3, seconds=0.5, skip=6),),
}
"""What each word makes happen: on sending, to its answer, or to posts on their way to us."""


def read_faults(words: str) -> tuple[str, ...]:
    """Read words divided by commas; raises BadInput for one that is not known."""
    chosen = tuple(dict.fromkeys(each.strip() for each in words.split(",") if each.strip()))
    for each in chosen:
        if each not in KNOWN:
            raise BadInput(f"{each!r} is not one of {', '.join(KNOWN)}")
    return chosen


def count_met(met: Sequence[Fault], words: tuple[str, ...]) -> dict[str, int]:
    """Count how often what each word stands for has happened."""
    return {word: sum(map(met.count, KNOWN[word])) for word in words}
