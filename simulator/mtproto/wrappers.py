"""The requests that stand around another request.

Source: https://core.telegram.org/api/invoking
"""

from dataclasses import dataclass, field

from telethon.tl import TLObject
from telethon.tl.functions import (
    InitConnectionRequest,
    InvokeAfterMsgRequest,
    InvokeAfterMsgsRequest,
    InvokeWithLayerRequest,
    InvokeWithoutUpdatesRequest,
    InvokeWithTakeoutRequest,
)


@dataclass(slots=True)
class Wrapped:
    """A bare query with what its wrappers said."""

    query: TLObject
    layer: int | None = None
    client: InitConnectionRequest | None = None
    without_updates: bool = False
    after: list[int] = field(default_factory=list)


def unwrap(request: TLObject) -> Wrapped:
    """Take off every wrapper; how deep they may nest is bounded where they are read."""
    found = Wrapped(request)
    while True:
        match found.query:
            case InvokeWithLayerRequest(layer=layer):
                found.layer = layer
            case InitConnectionRequest():
                found.client = found.query
            case InvokeWithoutUpdatesRequest():
                found.without_updates = True
            case InvokeAfterMsgRequest(msg_id=msg_id):
                found.after.append(msg_id)
            case InvokeAfterMsgsRequest(msg_ids=msg_ids):
                found.after.extend(msg_ids)
            case InvokeWithTakeoutRequest():
                pass
            case _:
                return found
        found.query = found.query.query
