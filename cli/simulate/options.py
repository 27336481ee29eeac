"""What a person may ask of a simulated Telegram."""

from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import BadInput

ALL = "all"


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """How the simulated Telegram is to run; `speed` None publishes a replay at once.

    `port` is MTProto's; the Bot API and the control API take the next two, unless it is 0.
    """

    host: str = "127.0.0.1"
    port: int = 0
    json: bool = False
    login_code: str | None = None
    replay: Path | None = None
    speed: float | None = 1.0
    settings: Path | None = None
    """Where the settings go that point Troupe here."""


def read_speed(words: str) -> float | None:
    """Read a factor, or `all`, which is None; raises BadInput for anything else."""
    if words == ALL:
        return None
    try:
        speed = float(words)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1_000_000:
        raise BadInput(f"--speed is a number above 0, such as 60, or {ALL}; not {words!r}")
    return speed
