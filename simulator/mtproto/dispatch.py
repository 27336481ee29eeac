"""Which handler answers which method, and how its result is written."""

import struct
from collections import Counter
from collections.abc import Callable

from telethon.extensions import BinaryReader
from telethon.tl import TLObject, TLRequest

from simulator.mtproto.call import Call, Handler, Result, RpcFault
from simulator.mtproto.layers import in_layer

VECTOR = 0x1CB5C415
BOOL_TRUE, BOOL_FALSE = 0x997275B5, 0xBC799737
NOT_FOUND = 404
VECTOR_HEAD_BYTES = 8


class Methods:
    """The methods that this Telegram knows."""

    def __init__(self) -> None:
        self.handlers: dict[int, Handler] = {}
        self.names: dict[int, str] = {}
        self.unknown: Counter[str] = Counter()

    def handles(self, request: type[TLRequest]) -> Callable[[Handler], Handler]:
        """Register the decorated coroutine function for a request class."""

        def register(handler: Handler) -> Handler:
            self.handlers[request.CONSTRUCTOR_ID] = handler
            self.names[request.CONSTRUCTOR_ID] = method_name(request)
            return handler

        return register

    def include(self, other: "Methods") -> None:
        """Take over the handlers of another registry; a method has one handler only."""
        twice = self.handlers.keys() & other.handlers.keys()
        if twice:
            names = ", ".join(sorted(self.names[each] for each in twice))
            raise ValueError(f"these methods have two handlers, keep one: {names}")
        self.handlers |= other.handlers
        self.names |= other.names

    def known(self) -> list[str]:
        """Return the names of all methods that have a handler."""
        return sorted(self.names.values())

    async def answer(self, call: Call, request: TLRequest) -> bytes:
        """Return the serialised result; raise `RpcFault` for a refusal or an unknown method.

        404 is what Telethon raises as NotFoundError, with the message, and does not retry.
        """
        handler = self.handlers.get(request.CONSTRUCTOR_ID)
        if handler is None:
            name = method_name(type(request))
            self.unknown[name] += 1
            raise RpcFault(NOT_FOUND, f"METHOD_NOT_KNOWN: {name}")
        return serialise(in_layer(await handler(call, request), call.layer), type(request))


def method_name(request: type[TLObject]) -> str:
    """Return a method's name as the schema has it, such as `messages.SendMessage`."""
    space = request.__module__.rpartition("telethon.tl.functions")[2].lstrip(".")
    bare = request.__name__.removesuffix("Request")
    return f"{space}.{bare}" if space else bare


def serialise(result: Result, request: type[TLRequest]) -> bytes:
    """Write a result as the request's `read_result` will read it."""
    if isinstance(result, bool):
        return struct.pack("<I", BOOL_TRUE if result else BOOL_FALSE)
    if isinstance(result, int):
        return struct.pack("<i", result)
    if isinstance(result, list):
        items = b"".join(serialise_item(item, request) for item in result)
        return struct.pack("<Ii", VECTOR, len(result)) + items
    return bytes(result)


def serialise_item(item: TLObject | int, request: type[TLRequest]) -> bytes:
    """Write one element of a vector: an object boxed, a number bare."""
    if isinstance(item, int):
        return item.to_bytes(number_width(request), "little", signed=True)
    return bytes(item)


def number_width(request: type[TLRequest]) -> int:
    """Return 4 or 8: the size of a number in the vector that this method answers.

    The schema's types are gone from the generated classes; what is left is how they read.
    """
    if request.read_result is TLRequest.read_result:
        raise TypeError(f"{method_name(request)} answers no vector of numbers")
    reader = BinaryReader(struct.pack("<Iiq", VECTOR, 1, 0))
    request.read_result(reader)
    width: int = reader.tell_position() - VECTOR_HEAD_BYTES
    return width
