"""Which version each label of each script points at, what nodes make of it, and what they say."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from orchestrator.ids import NodeName, ScriptId, ScriptVersionId

PRODUCTION = "production"
"""The label under which scripts are spoken."""


@dataclass(frozen=True, slots=True)
class Label:
    """One row of the label map."""

    script: ScriptId
    key: str
    label: str
    is_active: bool
    version_id: ScriptVersionId
    version: int
    good: ScriptVersionId | None = field(compare=False)
    """The version that was last in use under this label, if any ever was."""


@dataclass(frozen=True, slots=True)
class LabelMap:
    """Every label, and the contents (JSON text) of versions that the asker did not know."""

    labels: tuple[Label, ...]
    contents: Mapping[ScriptVersionId, str]


@dataclass(frozen=True, slots=True)
class VersionInUse:
    """What a node does about one label: the version it uses, and why it refused another."""

    script: ScriptId
    key: str
    label: str
    version_id: ScriptVersionId | None
    """None where no version that was ever good is left to use."""
    refused: ScriptVersionId | None = None
    why: str | None = None
    """A sentence, where the version that the label points at was refused."""


@dataclass(frozen=True, slots=True)
class NodeUse:
    """What one living node said of one label."""

    node: NodeName
    version: int | None
    """None where it uses no version, or did not say anything yet."""
    current: bool
    """Whether that is the version that the label points at."""
    refused: str | None
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class LabelStanding:
    """Where a label points, and what each living node uses under it."""

    key: str
    label: str
    is_active: bool
    version: int
    moved_by: str
    moved_at: datetime
    nodes: tuple[NodeUse, ...]

    @property
    def behind(self) -> tuple[NodeUse, ...]:
        """The nodes that use another version, or none."""
        return tuple(use for use in self.nodes if not use.current)


class LabelStore(Protocol):
    """Labels as nodes read them."""

    async def label_map(self, known: Collection[ScriptVersionId]) -> LabelMap:
        """Return the whole map, so that a late commit is never missed."""

    async def contents(
        self, versions: Collection[ScriptVersionId]
    ) -> Mapping[ScriptVersionId, str]:
        """Return what these versions say, as JSON text; those that do not exist are left out."""

    async def acknowledge(self, node: NodeName, uses: Sequence[VersionInUse]) -> bool:
        """Store what a node uses now, what is good, and each refusal once for operators.

        Returns whether the node is known; what nobody knows is not stored.
        """

    async def standings(self) -> Sequence[LabelStanding]:
        """Return each label with what the living nodes use under it."""
