"""The scripts of a node: read once for each version, and as new as the label map."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrator.errors import NotFound, TroupeError
from orchestrator.ids import NodeName, ScriptVersionId
from orchestrator.library.reloader import LONGEST_LOAD, POLL, Reloader
from orchestrator.library.snapshot import (
    Edition,
    Read,
    Refused,
    Snapshot,
    arrange,
    read_version,
)
from orchestrator.ports.labels import LabelStore, VersionInUse
from orchestrator.ports.work import Topic
from orchestrator.ports.writing import PublishedScript
from personas.scripts.model import ScriptKind

log = logging.getLogger(__name__)

OLD_VERSIONS = 256
"""Versions without a label that are kept in memory, for conversations that began with them."""

READ_AT_ONCE = 32_000
"""Characters of JSON that are read on the loop, which takes two milliseconds or so."""

Reader = Callable[[Snapshot], None]


@dataclass(slots=True)
class NodeLibrary:
    """Holds a snapshot that is swapped in one step; who asks a running node waits for no load.

    Readers are told of each swap, and must not block: what they learn from it, they learn in tasks
    of their own.
    """

    store: LabelStore
    poll: float = POLL
    node: NodeName | None = None
    """Under which it acknowledges what it uses; a door does not acknowledge."""
    snapshot: Snapshot | None = None
    versions: dict[ScriptVersionId, Read] = field(default_factory=dict)
    old: OrderedDict[ScriptVersionId, PublishedScript] = field(default_factory=OrderedDict)
    readers: list[Reader] = field(default_factory=list)
    acknowledged: tuple[VersionInUse, ...] | None = None
    loading: asyncio.Lock = field(default_factory=asyncio.Lock)
    loaded: asyncio.Event = field(default_factory=asyncio.Event)
    """Set after each load of a node, until it saw to what has to be acknowledged."""
    reloader: Reloader = field(init=False)

    def __post_init__(self) -> None:
        """Prepare to hear; nothing is loaded before somebody asks or `run` begins."""
        self.reloader = Reloader(Topic.SCRIPTS, self.refresh, self.poll)

    def hear(self, topic: str) -> None:
        """Take a notice."""
        self.reloader.hear(topic)

    def add_reader(self, reader: Reader) -> None:
        """Call `reader` with every snapshot from now on."""
        self.readers.append(reader)

    async def run(self, node: NodeName) -> None:
        """Keep the snapshot new, and acknowledge under this name what is in use.

        Acknowledging is a task of its own: what changes meanwhile does not wait for it.
        """
        self.node, self.acknowledged = node, None
        async with asyncio.TaskGroup() as group:
            group.create_task(self.reloader.run(), name="library: loading")
            group.create_task(self.keep_acknowledging(node), name="library: acknowledging")

    async def published(self, kind: ScriptKind) -> tuple[PublishedScript, ...]:
        """Return the active scripts of a kind in production.

        Raises ServersUnavailable where nothing was loaded yet. Where `run` keeps nothing new, every
        call looks at the map.
        """
        if self.snapshot is None or self.node is None:
            await self.load()
        return (self.snapshot or Snapshot()).published(kind)

    async def version(self, version: ScriptVersionId) -> PublishedScript:
        """Return any version, also one without a label; raises NotFound."""
        known = self.versions.get(version) or self.old.get(version)
        if isinstance(known, PublishedScript):
            return known
        found = await self.store.contents([version])
        if version not in found:
            raise NotFound(f"There is no version {version} of any script")
        read = await asyncio.to_thread(read_version, version, None, found[version])
        if isinstance(read, Refused):
            raise NotFound(f"Version {version} of a script cannot be used: {read.why}")
        self.old[version] = read
        while len(self.old) > OLD_VERSIONS:
            self.old.popitem(last=False)
        return read

    async def refresh(self) -> None:
        """Load, and have it acknowledged."""
        await self.load()
        self.loaded.set()

    async def keep_acknowledging(self, node: NodeName) -> None:
        """Acknowledge after each load; what fails is tried again after the next one."""
        while True:
            await self.loaded.wait()
            self.loaded.clear()
            try:
                async with asyncio.timeout(LONGEST_LOAD):
                    await self.acknowledge(node)
            except (TroupeError, OSError, TimeoutError) as failed:
                log.info("what is in use could not be acknowledged: %s", failed or "no answer")
            except Exception:
                log.exception("what is in use could not be acknowledged")

    async def acknowledge(self, node: NodeName) -> None:
        """Store what this node uses, once it changed."""
        if self.snapshot is None:
            return
        uses = self.snapshot.uses()
        if uses == self.acknowledged and self.snapshot.is_proved():
            return
        if await self.store.acknowledge(node, uses):
            self.acknowledged = uses

    async def load(self) -> None:
        """Compare the whole map with what is in use, read what is new, and swap."""
        async with self.loading:
            found = await self.store.label_map(self.versions.keys())
            keys = {label.version_id: label.key for label in found.labels}
            versions = self.versions | await read_all(found.contents, keys)
            fallen_back = {
                label.good: label.key
                for label in found.labels
                if isinstance(versions[label.version_id], Refused)
                and label.good is not None
                and label.good not in versions
            }
            if fallen_back:
                good = await self.store.contents(fallen_back.keys())
                versions |= await read_all(good, fallen_back)
            wanted = keys.keys() | {label.good for label in found.labels}
            self.versions = {one: read for one, read in versions.items() if one in wanted}
            self.swap(arrange(found.labels, versions, self.snapshot or Snapshot()))

    def swap(self, snapshot: Snapshot) -> None:
        """Put another snapshot into use, and say what it changes."""
        before, self.snapshot = self.snapshot, snapshot
        if before == snapshot:
            return
        tell(before, snapshot)
        for reader in self.readers:
            reader(snapshot)


async def read_all(
    contents: Mapping[ScriptVersionId, str], keys: Mapping[ScriptVersionId, str]
) -> dict[ScriptVersionId, Read]:
    """Read versions: much of it off the loop, and little at once, for a thread is slow to begin."""

    def read() -> dict[ScriptVersionId, Read]:
        return {one: read_version(one, keys.get(one), text) for one, text in contents.items()}

    if sum(map(len, contents.values())) <= READ_AT_ONCE:
        return read()
    return await asyncio.to_thread(read)


def tell(before: Snapshot | None, now: Snapshot) -> None:
    """Log refusals, and after the first load also what changed."""
    known = {} if before is None else {one.place: one for one in before.editions}
    for edition in now.editions:
        if edition == known.get(edition.place):
            continue
        if edition.refused is not None:
            warn(edition, edition.refused)
        elif before is not None:
            log.info(
                "script %s: version %d is in use (%s)",
                edition.label.key,
                edition.label.version,
                edition.label.label,
            )


def warn(edition: Edition, refused: Refused) -> None:
    """Say that a version was refused, and what is used instead."""
    kept = "nothing is used" if edition.published is None else "the last good one stays in use"
    log.warning(
        "version %d of script %s cannot be used, %s: %s",
        edition.label.version,
        edition.label.key,
        kept,
        refused.why,
    )
