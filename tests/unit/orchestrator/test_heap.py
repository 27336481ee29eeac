"""The collector of garbage passes by what stays, and still finds what does not."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from orchestrator.heap import NEW_OBJECTS, spare_what_stays


class Node:
    """Something that holds itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collector() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.mark.usefixtures("collector")
def test_what_stays_is_passed_by_and_what_comes_later_is_collected() -> None:
    spare_what_stays()
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] == NEW_OBJECTS
    later = weakref.ref(Node())
    gc.collect()
    assert later() is None
