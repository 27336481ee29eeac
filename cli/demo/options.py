"""What a person may ask of the demo."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """How the demo is to run."""

    once: bool = False
    """Publish as fast as Telegram takes it, instead of at a pace that people can follow."""
    json: bool = False
    """Print one JSON object on stdout and nothing else there."""
    replay: Path | None = None
    """A Telegram Desktop export whose posts are published instead of the demo's own."""
    scripts: Path | None = None
    """A file or folder of comment scripts instead of the demo's own."""
    picture: Path | None = None
    """Where to save the last frame as an SVG picture."""
    speed: float = 1.0
    """How fast posts appear without `once`: 2 is twice as fast."""
    inject: tuple[str, ...] = ()
    """The faults that the local Telegram is to make, by their names in `cli.demo.injection`."""
