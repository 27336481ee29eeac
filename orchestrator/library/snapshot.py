"""What a node speaks from: an immutable picture of all labels, replaced as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.ids import ScriptVersionId
from orchestrator.ports.labels import PRODUCTION, Label, VersionInUse
from orchestrator.ports.writing import PublishedScript
from personas.scripts.canonical import read_canonical
from personas.scripts.model import ScriptKind

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Refused:
    """A version that cannot be used, and why."""

    version_id: ScriptVersionId
    why: str


Read = PublishedScript | Refused
Versions = Mapping[ScriptVersionId, Read]


@dataclass(frozen=True, slots=True)
class Edition:
    """What stands under one label: a script to use, unless there is none that ever was good."""

    label: Label
    published: PublishedScript | None
    refused: Refused | None = None

    @property
    def place(self) -> tuple[int, str]:
        """Which label of which script it is."""
        return self.label.script, self.label.label

    @property
    def use(self) -> VersionInUse:
        """Say it as nodes acknowledge it."""
        return VersionInUse(
            script=self.label.script,
            key=self.label.key,
            label=self.label.label,
            version_id=None if self.published is None else self.published.version_id,
            refused=None if self.refused is None else self.refused.version_id,
            why=None if self.refused is None else self.refused.why,
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One edition for each label of each script, by key."""

    editions: tuple[Edition, ...] = ()

    def published(self, kind: ScriptKind) -> tuple[PublishedScript, ...]:
        """Return the active scripts of a kind that are in production."""
        return tuple(
            edition.published
            for edition in self.editions
            if edition.published is not None
            and edition.label.is_active
            and edition.label.label == PRODUCTION
            and edition.published.script.kind is kind
        )

    def is_proved(self) -> bool:
        """Tell whether the database knows that what is in use is good."""
        return all(
            edition.refused is not None or edition.label.good == edition.label.version_id
            for edition in self.editions
        )

    def under(self, label: Label) -> PublishedScript | None:
        """Return what is in use under a label, wherever it points by now."""
        for edition in self.editions:
            if edition.place == (label.script, label.label):
                return edition.published
        return None

    def uses(self) -> tuple[VersionInUse, ...]:
        """Say of every label what is used."""
        return tuple(edition.use for edition in self.editions)


def read_version(version: ScriptVersionId, key: str | None, content: str) -> Read:
    """Read what a version says; what came in by plain SQL is checked as a file would be."""
    try:
        script = read_canonical(content)
    except (ValueError, RecursionError) as wrong:
        return Refused(version, "; ".join(str(wrong).splitlines())[:LONGEST_REASON])
    if key is not None and script.key != key:
        return Refused(version, f"key: it says {script.key} inside, and is stored for {key}")
    return PublishedScript(version, script)


def arrange(labels: tuple[Label, ...], versions: Versions, before: Snapshot) -> Snapshot:
    """Choose for each label the version it points at, or else the one that was good last."""
    return Snapshot(tuple(choose_edition(label, versions, before) for label in labels))


def choose_edition(label: Label, versions: Versions, before: Snapshot) -> Edition:
    """Use what the label points at, unless it is refused."""
    wanted = versions[label.version_id]
    if isinstance(wanted, PublishedScript):
        return Edition(label, wanted)
    kept = None if label.good is None else versions.get(label.good)
    if not isinstance(kept, PublishedScript):
        kept = before.under(label)
    return Edition(label, kept, wanted)
