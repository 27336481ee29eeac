"""Faults that a demo survives before its watchers' eyes."""

from orchestrator.errors import BadInput
from simulator.mtproto.faults import Fault, FaultKind

SEND = "messages.SendMessage"
SEED = 7

KNOWN: dict[str, Fault] = {
    "flood": Fault(SEND, FaultKind.ERROR, "FLOOD_WAIT_2", times=2, chance=0.5, seed=SEED),
    "drop": Fault("*", FaultKind.DROP_UPDATES, times=3, chance=0.5, seed=SEED),
    "lost-answer": Fault(SEND, FaultKind.LOST_ANSWER, times=1, skip=1, seed=SEED),
    "delay": Fault(SEND, FaultKind.DELAY, times=3, seconds=1.0, chance=0.5, seed=SEED),
}


def read_faults(words: str) -> tuple[str, ...]:
    """Read words divided by commas; raises BadInput for one that is not known."""
    chosen = tuple(dict.fromkeys(each.strip() for each in words.split(",") if each.strip()))
    for each in chosen:
        if each not in KNOWN:
            raise BadInput(f"--inject knows {', '.join(KNOWN)}; not {each!r}")
    return chosen
