"""Trains a selector in a process of its own: `python -m llm.training` reads an order on stdin.

The process is the last that the machine serves, and works on one thread. Whoever ordered it may be
gone when it is done: the selector is then on the shelf for the next one. Vectors of phrases are
kept beside it, so that of a changed script only the new phrases are encoded.
"""

import fcntl
import json
import os
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from orchestrator.errors import NotAllowed
from personas.language import Language

if TYPE_CHECKING:
    from llm.meaning import Vectors
    from llm.script_selector import Lessons, TalkLesson
    from llm.selector import Senses

NICENESS: Final = 10
WITHOUT_ENCODER: Final = 3
"""How the process ends where the encoder's weights are not installed."""
REMEMBERED: Final = 100_000
"""Phrases whose vectors stay on disk."""
VECTORS: Final = "vectors.sqlite"
ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "LD_LIBRARY_PATH", "TMPDIR")
"""What of the environment the process needs; the rest holds secrets."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be learnt, and where it is put."""

    models: Path
    shelf: Path
    name: str
    lessons: "dict[Language, TalkLesson]"
    by_meaning: bool
    by_words: str
    """The name of the selector that knows it by words alone, if there is one."""


def written(order: Order) -> bytes:
    """Write an order for the process."""
    return json.dumps(asdict(order), default=str).encode()


def environment() -> dict[str, str]:
    """Return what the process is given of this one's environment."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | ONE_THREAD


def carry_out(order: Order) -> None:
    """Train and keep one selector, unless another process did so meanwhile."""
    from llm.script_selector import ScriptSelector  # noqa: PLC0415  (after the threads are set)
    from llm.shelf import Shelf  # noqa: PLC0415

    shelf = Shelf(order.shelf)
    order.shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (order.shelf / f"{order.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shelf.has(order.name):
            senses = RememberedSenses(order.models) if order.by_meaning else None
            known = shelf.load(order.by_words, None) if order.by_words else None
            shelf.save(ScriptSelector(order.lessons, senses, known, order.name))
    Path(lock.name).unlink(missing_ok=True)


class RememberedSenses:
    """The encoder, asked only for phrases that nobody ever asked for."""

    def __init__(self, models: Path) -> None:
        """Open the encoder and what it said before; raises NotAllowed without its weights."""
        from llm.meaning import NAME, Meanings  # noqa: PLC0415  (loads the encoder's library)

        self.encoder: Senses = Meanings(models)
        self.name = NAME
        self.file = models / VECTORS

    def vectors(self, texts: Sequence[str]) -> "Vectors":
        """Return one row for each text."""
        import numpy as np  # noqa: PLC0415  (after the threads are set)

        keys = {text: sha256(f"{self.name}\n{text}".encode()).digest() for text in texts}
        with closing(sqlite3.connect(self.file, timeout=60)) as base:
            base.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, row BLOB)")
            known = dict(base.execute("SELECT key, row FROM vectors").fetchall())
            fresh = [text for text, key in keys.items() if key not in known]
            if fresh:
                rows = self.encoder.vectors(fresh)
                new = {keys[text]: row.tobytes() for text, row in zip(fresh, rows, strict=True)}
                self.keep(base, new)
                known |= new
        return np.stack([np.frombuffer(known[keys[text]], np.float32) for text in texts])

    @staticmethod
    def keep(base: sqlite3.Connection, new: dict[bytes, bytes]) -> None:
        """Store vectors; the oldest ones make room."""
        with base:
            base.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", new.items())
            base.execute(
                "DELETE FROM vectors WHERE rowid <= (SELECT max(rowid) FROM vectors) - ?",
                (REMEMBERED,),
            )


def main() -> int:
    """Read the order and carry it out."""
    os.nice(NICENESS)
    order = read_order(sys.stdin.buffer.read())
    try:
        carry_out(order)
    except NotAllowed as missing:
        sys.stderr.write(f"{missing}\n")
        return WITHOUT_ENCODER
    return 0


def read_order(content: bytes) -> Order:
    """Read what `written` wrote."""
    from llm.script_selector import TalkLesson  # noqa: PLC0415

    told = json.loads(content)
    lessons: Lessons = TypeAdapter(dict[Language, TalkLesson]).validate_python(told["lessons"])
    return Order(
        models=Path(told["models"]),
        shelf=Path(told["shelf"]),
        name=str(told["name"]),
        lessons=dict(lessons),
        by_meaning=bool(told["by_meaning"]),
        by_words=str(told["by_words"]),
    )


if __name__ == "__main__":
    sys.exit(main())
