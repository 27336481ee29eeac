"""Requests that read well and make no sense are refused; no handler stumbles over them."""

import pytest
from telethon.tl import TLRequest
from telethon.tl.functions.messages import (
    GetMessagesRequest,
    GetPeerDialogsRequest,
    UploadMediaRequest,
)
from telethon.tl.functions.updates import GetDifferenceRequest
from telethon.tl.types import (
    InputDialogPeerFolder,
    InputDocumentEmpty,
    InputFileStoryDocument,
    InputMediaUploadedDocument,
    InputMessageID,
    InputPeerSelf,
    MessageEmpty,
)
from telethon.tl.types.updates import DifferenceTooLong

from simulator.world.people import Person
from tests.integration.simulator.conftest import Street
from tests.integration.simulator.wire import WireClient

STORY = InputMediaUploadedDocument(InputFileStoryDocument(InputDocumentEmpty()), "", [])


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (GetPeerDialogsRequest([InputDialogPeerFolder(1)]), "PEER_ID_INVALID"),
        (UploadMediaRequest(InputPeerSelf(), STORY), "MEDIA_INVALID"),
    ],
)
async def test_what_is_of_the_wrong_kind_is_refused(
    street: Street, anna: Person, request_: TLRequest, error: str
) -> None:
    key = street.server.keys.issue()
    street.world.logins.admit(key.id, anna)
    client = await WireClient.open(street.server, key=key)
    client.salt = street.server.listener.salts.current(key.id)
    assert (await client.ask(request_)).error_message == error
    await client.hang_up()


async def test_a_private_message_that_is_not_there_comes_back_empty(
    street: Street, anna: Person
) -> None:
    client = await street.enter(anna)
    (missing,) = (await client(GetMessagesRequest([InputMessageID(99)]))).messages
    assert isinstance(missing, MessageEmpty)
    assert missing.id == 99
    assert await client.get_messages(None, ids=99) is None


async def test_a_limit_below_zero_is_none(street: Street, anna: Person) -> None:
    client = await street.enter(anna)
    for number in range(3):
        await client.send_message("me", f"Message {number}")
    missed = await client(GetDifferenceRequest(pts=1, date=None, qts=0, pts_limit=-1))
    assert not isinstance(missed, DifferenceTooLong)
    assert missed.new_messages
