"""The parameters of a call, wherever in the request they stood."""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser

from simulator.bot_api.errors import bad_request

LARGEST_FILE = 50 * 1024 * 1024
TRUE_WORDS = frozenset({"true", "1", "yes", "y", "t"})


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Params:
    """Named values as text, objects among them as JSON, and the files beside them.

    `read` gathers the names that were asked for, so that what nobody heeds can be told.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)
    read: set[str] = field(default_factory=set, compare=False)

    def has(self, name: str) -> bool:
        """Tell whether anything was said under a name."""
        self.read.add(name)
        return name in self.fields

    def unread(self) -> list[str]:
        """List the names that nobody has asked for."""
        return sorted(self.fields.keys() - self.read)

    def text(self, name: str, default: str = "") -> str:
        """Give a text, or what stands for none."""
        return self.fields[name] if self.has(name) else default

    def required(self, name: str) -> str:
        """Give a text that must be there."""
        if not self.has(name):
            raise bad_request(f'parameter "{name}" is required')
        return self.fields[name]

    def number(self, name: str) -> int | None:
        """Give a whole number, None for none."""
        words = self.text(name)
        if not words:
            return None
        try:
            return int(words)
        except ValueError:
            raise bad_request(f'parameter "{name}" must be an integer') from None

    def required_number(self, name: str) -> int:
        """Give a whole number that must be there."""
        self.required(name)
        return self.number(name) or 0

    def real(self, name: str) -> float:
        """Give a number that must be there."""
        try:
            return float(self.required(name))
        except ValueError:
            raise bad_request(f'parameter "{name}" must be a number') from None

    def flag(self, name: str) -> bool:
        """Tell whether something is wished."""
        return self.text(name).lower() in TRUE_WORDS

    def json(self, name: str) -> object:
        """Give what JSON holds, None for none."""
        words = self.text(name)
        if not words:
            return None
        try:
            return json.loads(words)
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None

    def mapping(self, name: str) -> dict[str, Any] | None:
        """Give a JSON object, None for none."""
        found = self.json(name)
        if found is not None and not isinstance(found, dict):
            raise bad_request(f"object expected as {name}")
        return found

    def items(self, name: str) -> list[Any] | None:
        """Give a JSON array, None for none."""
        found = self.json(name)
        if found is not None and not isinstance(found, list):
            raise bad_request(f"array expected as {name}")
        return found

    def numbers(self, name: str) -> list[int]:
        """Give a JSON array of whole numbers that must be there."""
        found = self.items(name)
        if not found or not all(isinstance(each, int) for each in found):
            raise bad_request(f'parameter "{name}" must be an array of integers')
        return found


class InMemoryParser(MultiPartParser):
    """Keeps files in memory, so that no thread is needed to write them to a disk."""

    spool_max_size = LARGEST_FILE


async def read_params(request: Request) -> Params:
    """Collect what a request says in its address and in its body, whatever the body's form."""
    body = await read_body(request.headers, request.stream())
    return Params(dict(request.query_params) | dict(body.fields), body.files)


async def read_body(headers: Headers, stream: AsyncGenerator[bytes, None]) -> Params:
    """Read JSON or a form; a body of another kind says nothing."""
    match headers.get("content-type", "").partition(";")[0].strip():
        case "application/json":
            return Params(flatten(b"".join([part async for part in stream])))
        case "multipart/form-data":
            parser = InMemoryParser(headers, stream, max_part_size=LARGEST_FILE)
            return await sort_out(await parse(parser))
        case "application/x-www-form-urlencoded":
            return await sort_out(await parse(FormParser(headers, stream)))
    return Params()


async def parse(parser: MultiPartParser | FormParser) -> FormData:
    """Read a form, or refuse it."""
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise bad_request(f"can't parse the form: {error.message}") from None


async def sort_out(form: FormData) -> Params:
    """Tell the files of a form from its fields."""
    fields: dict[str, str] = {}
    files: dict[str, Upload] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            mime = value.content_type or "application/octet-stream"
            files[name] = Upload(value.filename or "file", mime, await value.read())
        else:
            fields[name] = value
    await form.close()
    return Params(fields, files)


def flatten(body: bytes) -> dict[str, str]:
    """Read a JSON body; what is not text in it stays JSON."""
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        raise bad_request("can't parse the body as JSON") from None
    if not isinstance(found, dict):
        raise bad_request("the body must be a JSON object")
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in found.items()
        if value is not None
    }
