"""Data folders for the trials, of which nothing stays."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from db.embedded import erase, stop


@pytest.fixture(scope="session")
def used_folder(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder that all trials share: making one takes most of a second."""
    place = tmp_path_factory.mktemp("used") / "data"
    yield place
    portal.call(erase, place)


@pytest.fixture
async def folder(used_folder: Path) -> AsyncIterator[Path]:
    """A data folder whose servers have run before and do not run now."""
    yield used_folder
    await stop(used_folder)


@pytest.fixture
async def fresh_folder(tmp_path: Path) -> AsyncIterator[Path]:
    """A data folder that does not exist yet."""
    place = tmp_path / "data"
    yield place
    for volatile in (False, True):
        await erase(place, volatile=volatile)
