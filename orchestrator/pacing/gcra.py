"""The generic cell rate algorithm (ITU-T I.371): one number of state for each limit."""

from dataclasses import dataclass

from orchestrator.tuning import Pace


@dataclass(frozen=True, slots=True)
class Turn:
    """When a cell may pass, and the state to keep if it is taken; seconds on one clock."""

    at: float
    arrival: float


def next_turn(pace: Pace, arrival: float, now: float) -> Turn:
    """Reserve the next turn after the theoretical `arrival` time that was kept."""
    apart = pace.apart.total_seconds()
    arrival = max(arrival, now)
    at = max(now, arrival - apart * (pace.burst - 1))
    return Turn(at=at, arrival=arrival + apart)
