"""An update that is handled anew finds a dialogue as it was before."""

from dataclasses import dataclass, field
from datetime import timedelta

from aiogram.fsm.storage.base import StorageKey

from desk.dialogue import DialogueStorage, trying
from orchestrator.clock import SystemClock

ANNA = StorageKey(1, 2, 2)


@dataclass
class Memory:
    """Remembers as Redis does."""

    kept: dict[str, str] = field(default_factory=dict)

    async def read(self, key: str) -> str | None:
        return self.kept.get(key)

    async def keep(self, key: str, value: str | None, lasts: timedelta) -> None:
        _ = lasts
        self.kept.pop(key, None)
        if value is not None:
            self.kept[key] = value

    async def lock(self, key: str, owner: str, lasts: timedelta) -> bool:
        raise NotImplementedError

    async def unlock(self, key: str) -> None:
        raise NotImplementedError


async def test_an_update_that_is_handled_again_finds_the_dialogue_as_it_was_before() -> None:
    memory, clock = Memory(), SystemClock()
    storage = DialogueStorage(memory, clock)
    with trying("first"):
        await storage.set_state(ANNA, "phone")
        await storage.set_data(ANNA, {"topic": "other"})
    for process in (storage, DialogueStorage(memory, clock)):
        with trying("second"):
            assert await process.get_state(ANNA) == "phone"
            assert await process.get_data(ANNA) == {"topic": "other"}
            await process.set_state(ANNA, None)
            await process.set_data(ANNA, {})
            assert await process.get_state(ANNA) is None, "its own words it reads"
    with trying("third"):
        assert await storage.get_state(ANNA) is None
        assert await storage.get_data(ANNA) == {}


async def test_what_an_older_version_wrote_is_read() -> None:
    memory = Memory({"fsm:1:2:2": '["phone", {"topic": "other"}]'})
    storage = DialogueStorage(memory, SystemClock())
    with trying("first"):
        assert await storage.get_state(ANNA) == "phone"
        await storage.set_state(ANNA, None)
    assert await storage.get_data(ANNA) == {"topic": "other"}
