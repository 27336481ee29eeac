"""Bytes that people upload, in parts, and download again."""

import io
import struct
from collections import defaultdict
from dataclasses import dataclass
from itertools import count

import imagesize  # type: ignore[import-untyped]  # it ships no types

from simulator.world.media import Document, DocumentKind, Picture
from simulator.world.peers import UserId
from simulator.world.refusals import Refusal

FIRST_FILE = 5_000_000_001
LARGEST_PART = 512 * 1024
MOST_PARTS = 4_000


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What was uploaded, and what it says it is."""

    id: int
    data: bytes
    mime: str
    name: str = ""


class Files:
    """Whole files and their media by id, and the parts of those that are still on their way."""

    def __init__(self) -> None:
        self.by_id: dict[int, StoredFile] = {}
        self.parts: defaultdict[tuple[UserId, int], dict[int, bytes]] = defaultdict(dict)
        self.media: dict[int, Picture | Document] = {}
        self.numbers = count(FIRST_FILE)

    def number(self) -> int:
        """Hand out a number for something new."""
        return next(self.numbers)

    def save_part(self, owner: UserId, upload: int, part: int, data: bytes) -> None:
        """Keep one part of an upload, in place of an earlier one of that number."""
        if not 0 <= part < MOST_PARTS:
            raise Refusal("FILE_PART_INVALID")
        if not data:
            raise Refusal("FILE_PART_EMPTY")
        if len(data) > LARGEST_PART:
            raise Refusal("FILE_PART_TOO_BIG")
        self.parts[owner, upload][part] = data

    def assemble(self, owner: UserId, upload: int, parts: int) -> bytes:
        """Put an upload's parts together and forget them."""
        kept = self.parts.get((owner, upload))
        if not kept or parts != len(kept):
            raise Refusal("FILE_PARTS_INVALID")
        missing = next((part for part in range(parts) if part not in kept), None)
        if missing is not None:
            raise Refusal(f"FILE_PART_{missing}_MISSING")
        del self.parts[owner, upload]
        return b"".join(kept[part] for part in range(parts))

    def keep(self, data: bytes, mime: str, name: str = "") -> StoredFile:
        """Keep a whole file under a new id."""
        if not data:
            raise Refusal("FILE_PARTS_INVALID")
        stored = StoredFile(self.number(), data, mime, name)
        self.by_id[stored.id] = stored
        return stored

    def get(self, number: int) -> StoredFile:
        """Find a file; raises `Refusal` for an unknown id."""
        stored = self.by_id.get(number)
        if stored is None:
            raise Refusal("LOCATION_INVALID")
        return stored

    def add_picture(self, data: bytes) -> Picture:
        """Keep a photo; raises `Refusal` for what is no picture."""
        width, height = measure(data)
        stored = self.keep(data, "image/jpeg")
        picture = Picture(stored.id, width, height, len(data))
        self.media[stored.id] = picture
        return picture

    def add_document(
        self,
        data: bytes,
        name: str = "",
        mime: str = "application/octet-stream",
        kind: DocumentKind = DocumentKind.DOCUMENT,
    ) -> Document:
        """Keep a file of any kind."""
        stored = self.keep(data, mime, name)
        document = Document(stored.id, kind, mime, name, len(data))
        self.media[stored.id] = document
        return document


def measure(data: bytes) -> tuple[int, int]:
    """Tell a picture's width and height from its head."""
    try:
        width, height = imagesize.get(io.BytesIO(data))
    except (ValueError, struct.error) as error:
        raise Refusal("IMAGE_PROCESS_FAILED") from error
    if width <= 0 or height <= 0:
        raise Refusal("IMAGE_PROCESS_FAILED")
    return width, height
