"""What a person may ask of the demo."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """How the demo is to run."""

    once: bool = False
    """End when every post has its comment or its silence; else go on until interrupted."""
    json: bool = False
    """Print one JSON object on stdout and nothing else there."""
    replay: Path | None = None
    """A Telegram Desktop export whose posts are published instead of the demo's own."""
    scripts: Path | None = None
    """A file or folder of comment scripts instead of the demo's own."""
    speed: float = 1.0
    """How fast posts appear: 2 is twice as fast; with `once` they come as fast as they can."""
