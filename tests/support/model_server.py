"""A server that speaks the OpenAI protocol on loopback and misbehaves when it is told to.

It is written on bare sockets, so that it can also do what no HTTP library would.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Deed = Callable[["ModelServer", dict[str, Any], asyncio.StreamWriter], Any]


@dataclass(slots=True)
class ModelServer:
    """Does one deed for each request: those in `script` first, then `otherwise`."""

    otherwise: Deed
    script: deque[Deed] = field(default_factory=deque)
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    open_now: int = 0
    open_most: int = 0
    formats: tuple[str, ...] = ("json_schema", "json_object", "none")
    """Which `response_format` it knows; another one is answered with status 400."""
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    """What a slow answer waits for."""
    crowded: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as soon as two requests are open at a time."""
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ModelServer"]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self.hold.set()
            server.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = json.loads(await reader.readexactly(int(headers.get("content-length", "0"))))
        self.requests.append(body)
        self.headers.append(headers)
        self.open_now += 1
        self.open_most = max(self.open_most, self.open_now)
        if self.open_now > 1:
            self.crowded.set()
        try:
            wanted = body.get("response_format", {}).get("type", "none")
            if wanted not in self.formats:
                await status(400, {"error": {"message": f"unknown response_format {wanted}"}})(
                    self, body, writer
                )
                return
            deed = self.script.popleft() if self.script else self.otherwise
            await deed(self, body, writer)
        finally:
            self.open_now -= 1


def says(text: str | Callable[[dict[str, Any]], str], **more: Any) -> Deed:
    """Answer with those words."""

    async def deed(_: ModelServer, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        content = text if isinstance(text, str) else text(body)
        await send(writer, 200, completion(content, **more))

    return deed


def says_json(value: Any, **more: Any) -> Deed:
    """Answer with that value as JSON."""
    return says(json.dumps(value, ensure_ascii=False), **more)


def completion(
    content: str | None,
    *,
    finish: str = "stop",
    refusal: str | None = None,
    usage: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "test",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": content, "refusal": refusal},
            }
        ],
        "usage": usage
        or {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "total_tokens": 120,
            "prompt_tokens_details": {"cached_tokens": 80},
        },
    }


def refuses() -> Deed:
    """Decline as models with a `refusal` field do."""

    async def deed(_: ModelServer, __: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        await send(writer, 200, completion(None, refusal="I cannot help with that."))

    return deed


def status(code: int, value: Any = None, **headers: str) -> Deed:
    """Answer with a status and headers (`retry_after` becomes Retry-After)."""

    async def deed(_: ModelServer, __: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        await send(writer, code, value or {"error": {"message": "no"}}, headers)

    return deed


def raw(body: bytes) -> Deed:
    """Answer 200 with those bytes, called JSON."""

    async def deed(_: ModelServer, __: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        await send_bytes(writer, 200, body)

    return deed


def cut() -> Deed:
    """Promise an answer and hang up in the middle of it."""

    async def deed(_: ModelServer, __: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        whole = json.dumps(completion("{}")).encode()
        writer.write(head(200, len(whole), {}) + whole[: len(whole) // 2])
        await writer.drain()

    return deed


def slow() -> Deed:
    """Send nothing until the test is over."""

    async def deed(server: ModelServer, _: dict[str, Any], __: asyncio.StreamWriter) -> None:
        await server.hold.wait()

    return deed


def held(text: str) -> Deed:
    """Answer once the test lets everybody go."""

    async def deed(server: ModelServer, _: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        await server.hold.wait()
        await send(writer, 200, completion(text))

    return deed


async def send(
    writer: asyncio.StreamWriter, code: int, value: Any, headers: dict[str, str] | None = None
) -> None:
    await send_bytes(writer, code, json.dumps(value).encode(), headers)


async def send_bytes(
    writer: asyncio.StreamWriter, code: int, body: bytes, headers: dict[str, str] | None = None
) -> None:
    writer.write(head(code, len(body), headers or {}) + body)
    await writer.drain()


def head(code: int, length: int, headers: dict[str, str]) -> bytes:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        f"HTTP/1.1 {code} Answer\r\ncontent-type: application/json\r\n"
        f"content-length: {length}\r\nconnection: close\r\n{more}\r\n"
    ).encode()
