"""A data folder for each trial, of which nothing stays."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.embedded import erase


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Path]:
    """A data folder that does not exist yet."""
    place = tmp_path / "data"
    yield place
    for volatile in (False, True):
        await erase(place, volatile=volatile)
