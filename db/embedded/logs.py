"""The servers' logs: their last words, and a bound on their size."""

from pathlib import Path

KEPT_BYTES = 5_000_000
TAIL_BYTES = 2_000


def last_line(log: Path) -> str:
    """Return the last line that says something, for an error that a person reads."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return "no log"
    return next((line.strip() for line in reversed(lines) if line.strip()), "no reason given")


def bound(log: Path) -> None:
    """Keep one older log beside a log that has grown large; call it before a start."""
    if log.exists() and log.stat().st_size > KEPT_BYTES:
        log.replace(log.with_suffix(".log.old"))
