"""What a person may ask of a rehearsal."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestrator.errors import BadInput


@dataclass(frozen=True, slots=True)
class RehearsalOptions:
    """What is rehearsed, over which posts, and where the report goes."""

    campaign: str
    replay: Path
    channel: str | None = None
    """Whose schedules are played, where the campaign has several channels."""
    since: date | None = None
    until: date | None = None
    """Both days are played; None: from the first post, to the last."""
    with_model: bool = False
    json: bool = False
    out: Path | None = None

    @property
    def folder(self) -> Path | None:
        """Where the report and its picture go; programs that read JSON need none."""
        if self.out is None and not self.json:
            named = re.sub(r"[^\w-]+", "-", self.campaign)
            return Path(f"rehearsal-{named}")
        return self.out


def check_folder(folder: Path | None) -> None:
    """Make the folder before anything is played; raises BadInput where that cannot be."""
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{folder} cannot be a folder for the report: {error.strerror}") from None
