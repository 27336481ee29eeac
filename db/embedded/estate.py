"""Every place on this machine where servers of ours have kept data, and what became of its folder.

An ordinary user's servers live inside their data folder and go with it. Root's live elsewhere
(see `db.embedded.folder`), so that they stay when the folder itself is deleted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from db.embedded.folder import locate, runs_as_root
from db.embedded.locks import try_lock
from db.embedded.system_user import SYSTEM_FOLDER

DURABLE = SYSTEM_FOLDER / "servers"


@dataclass(frozen=True, slots=True)
class Plot:
    """The servers' data of one data folder."""

    folder: Path
    """The data folder that it belongs to."""
    exists: bool
    """Whether that folder is still there."""
    runs: bool
    size: int
    """Bytes."""
    used_at: datetime


def survey(folder: Path, root_of_all: Path = DURABLE) -> list[Plot]:
    """Return what is kept for this data folder, and as root for every other one; oldest first."""
    places = sorted(root_of_all.glob("*/")) if runs_as_root() else [locate(folder).path]
    found = [look_at(place, folder) for place in places if place.is_dir()]
    return sorted(found, key=lambda plot: plot.used_at)


def look_at(place: Path, folder: Path) -> Plot:
    """Look at one place; whether its servers run, the lock of their supervisor tells."""
    told = place / "folder.txt"
    owner = Path(told.read_text(encoding="utf-8").strip()) if told.is_file() else folder
    with try_lock(place / "supervisor.lock") as is_free:
        runs = not is_free
    used = (place / "state.json" if (place / "state.json").exists() else place).stat().st_mtime
    size = sum(sizes(place))
    return Plot(owner, owner.is_dir(), runs, size, datetime.fromtimestamp(used, UTC))


def sizes(place: Path) -> Iterator[int]:
    """Yield the size of each file; running servers delete some meanwhile."""
    for path in place.rglob("*"):
        try:
            yield path.lstat().st_size
        except FileNotFoundError:
            continue
