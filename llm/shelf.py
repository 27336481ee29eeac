"""Selectors that were trained, kept on disk under the name of what they learnt and how.

Names are content hashes: the same phrases, taught by the same program, have the same name on every
node, and a restart finds what was trained before it.
"""

import hashlib
import io
import json
import logging
import os
import pickle
import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Final

from llm.script_selector import Lessons, ScriptSelector
from llm.selector import Senses

log = logging.getLogger(__name__)

KEPT: Final = 24
"""Selectors on the shelf; those that were asked for least lately make room."""
SUFFIX: Final = ".selector"
ROOMS: Final = ("llm", "personas")
"""Where the program that teaches is: where it changes, the same phrases are learnt otherwise."""
LIBRARIES: Final = ("numpy", "scipy", "scikit-learn", "ctranslate2", "tokenizers")
DIGEST: Final = 32
SENSES: Final = "senses"


def name_of(lessons: Lessons, *, by_meaning: bool) -> str:
    """Return the content hash of what such lessons come to."""
    told = {
        "lessons": {language: asdict(lesson) for language, lesson in lessons.items()},
        "by_meaning": by_meaning,
        **release(),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def release() -> dict[str, object]:
    """Say which program and which libraries teach, and can read what they taught."""
    return {"libraries": [version(library) for library in LIBRARIES], "program": program()}


def seal(content: bytes) -> bytes:
    """Return what stands before a selector on the shelf: another release writes another one.

    A conversation may name a selector that was taught before an update, whose parts are not those
    that this program knows.
    """
    return hashlib.sha256(json.dumps(release(), sort_keys=True).encode() + content).digest()


@cache
def program() -> str:
    """Return the hash of the program that teaches; another release teaches anew."""
    sources = (
        path.read_bytes()
        for room in ROOMS
        for path in sorted(files(room).iterdir(), key=lambda path: path.name)
        if path.name.endswith(".py")
    )
    return hashlib.sha256(b"".join(sources)).hexdigest()


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of trained selectors, which is the operator's own like the rest of Troupe's home."""

    folder: Path

    def has(self, name: str) -> bool:
        """Whether a selector of that name is there."""
        return self.path(name).exists()

    def path(self, name: str) -> Path:
        """Return where a selector is."""
        return self.folder / f"{name}{SUFFIX}"

    def load(self, name: str, senses: Senses | None) -> ScriptSelector | None:
        """Return the selector, whose encoder is the one given; None where there is none whole."""
        path = self.path(name)
        try:
            content = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        if seal(content[DIGEST:]) != content[:DIGEST]:
            log.warning("%s is not whole, or of another release: it is learnt again", path)
            return None
        try:
            found = Unpacker(io.BytesIO(content[DIGEST:]), senses).load()
        except (pickle.UnpicklingError, AttributeError, ImportError, EOFError) as unreadable:
            log.warning("%s is of another release: %s", path, unreadable)
            return None
        return found if isinstance(found, ScriptSelector) else None

    def save(self, selector: ScriptSelector) -> None:
        """Keep a selector under its name, whole or not at all."""
        packed = io.BytesIO()
        Packer(packed, selector.senses).dump(selector)
        content = packed.getvalue()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
            file.write(seal(content) + content)
        Path(file.name).replace(self.path(selector.name))
        self.make_room()

    def make_room(self) -> None:
        """Remove those that nobody asked for lately."""
        by_age = sorted(self.folder.glob(f"*{SUFFIX}"), key=lambda path: -path.stat().st_mtime)
        for path in by_age[KEPT:]:
            path.unlink(missing_ok=True)


class Packer(pickle.Pickler):
    """Writes a selector without its encoder, which is on disk already."""

    def __init__(self, file: io.BytesIO, senses: Senses | None) -> None:
        super().__init__(file, protocol=5)
        self.senses = senses

    def persistent_id(self, obj: object) -> str | None:
        """Leave the encoder out."""
        return SENSES if self.senses is not None and obj is self.senses else None


class Unpacker(pickle.Unpickler):
    """Reads a selector, and puts this process's encoder in."""

    def __init__(self, file: io.BytesIO, senses: Senses | None) -> None:
        super().__init__(file)
        self.senses = senses

    def persistent_load(self, pid: str) -> Senses | None:
        """Put the encoder in."""
        if self.senses is None:
            raise pickle.UnpicklingError(f"the selector needs {pid}")
        return self.senses
