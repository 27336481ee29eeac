"""Posts to replay, read from a Telegram Desktop export (`result.json`)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NaiveDatetime, ValidationError

from orchestrator.errors import BadInput
from personas.problems import problems_of

LONGEST_POST = 4096
"""Telegram's limit for a text; what an export holds beyond it could not have been posted."""
LAST_SECOND = 32_503_680_000
"""The year 3000; a date beyond it is a mistake."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A channel's title and its posts' texts, oldest first."""

    title: str
    posts: tuple[str, ...]


class Piece(BaseModel):
    """A part of a text that carries a format: a link, a bold word."""

    model_config = ConfigDict(extra="ignore")
    text: str


class ServiceEntry(BaseModel):
    """Somebody joined, a photo of the channel changed: no post."""

    model_config = ConfigDict(extra="ignore")
    type: Literal["service"]


class MessageEntry(BaseModel):
    """A post as the export writes it."""

    model_config = ConfigDict(extra="ignore")
    type: Literal["message"]
    text: str | list[str | Piece] = ""
    date_unixtime: Annotated[int, Field(ge=0, le=LAST_SECOND)] | None = None
    date: NaiveDatetime | None = None

    @property
    def moment(self) -> datetime | None:
        """When it was posted; older exports tell it without a zone, which is taken as UTC."""
        if self.date_unixtime is not None:
            return datetime.fromtimestamp(self.date_unixtime, UTC)
        return None if self.date is None else self.date.replace(tzinfo=UTC)

    def plain(self) -> str:
        """Return the words without their formats."""
        if isinstance(self.text, str):
            return self.text[:LONGEST_POST]
        pieces = (piece if isinstance(piece, str) else piece.text for piece in self.text)
        return "".join(pieces)[:LONGEST_POST]


Entry = Annotated[ServiceEntry | MessageEntry, Field(discriminator="type")]


class Export(BaseModel):
    """What Telegram Desktop writes for one chat."""

    model_config = ConfigDict(extra="ignore")
    name: str | None = None
    messages: list[Entry]


def read_replay(file: Path) -> Replay:
    """Read an export's posts; raises BadInput with what is wrong with the file."""
    export = read_export(file)
    posts = tuple(words_of(export.messages))
    if not posts:
        raise BadInput(f"{file} holds no posts: export the channel's messages as JSON")
    return Replay(title=export.name or "A channel", posts=posts)


def read_dates(file: Path) -> tuple[datetime | None, ...]:
    """Read when each of an export's posts was posted; raises as `read_replay` does."""
    entries = read_export(file).messages
    return tuple(entry.moment for entry in entries if isinstance(entry, MessageEntry))


def read_export(file: Path) -> Export:
    """Read an export as a whole; raises BadInput with what is wrong with the file."""
    try:
        return Export.model_validate_json(file.read_bytes())
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise BadInput(f"{file} is no Telegram Desktop export: {first_problem(error)}") from None


def words_of(entries: Sequence[ServiceEntry | MessageEntry]) -> Iterator[str]:
    """Yield each post's text; a post of a photo alone has none, and counts as a post."""
    for entry in entries:
        if isinstance(entry, MessageEntry):
            yield entry.plain()


def first_problem(error: ValidationError) -> str:
    """Say where the file is wrong, and how."""
    problem = problems_of(error)[0]
    return f"{'it' if problem.path == 'document' else problem.path} {problem.sentence}"
