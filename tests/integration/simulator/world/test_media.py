import io
import os
import struct
import zlib
from typing import Any

import pytest
from telethon import errors, events
from telethon.tl import types
from telethon.tl.functions import messages, upload

from simulator.world.channels import Channel
from simulator.world.media import Document, DocumentKind, Picture
from simulator.world.people import Person
from tests.integration.simulator.world.conftest import Town, listen


def png(width: int = 40, height: int = 30, shade: int = 0) -> bytes:
    """Draw the smallest honest picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes([shade]) * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def named(data: bytes, name: str) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name
    return file


@pytest.fixture
def group(town: Town, boss: Person, anna: Person) -> Channel:
    group = town.world.add_group("Club", "town_club", owner=boss)
    town.world.join(group, anna)
    return group


@pytest.mark.usefixtures("group")
async def test_a_photo_is_sent_seen_and_downloaded(town: Town, boss: Person, anna: Person) -> None:
    client, other = await town.sign_in(boss), await town.sign_in(anna)
    heard = listen(other, events.NewMessage)
    sent = await client.send_file("town_club", named(png(), "a.png"), caption="**look**")
    came = (await heard.next()).message
    assert (came.id, came.raw_text) == (sent.id, "look")
    assert (came.photo.sizes[0].w, came.photo.sizes[0].h) == (40, 30)
    assert await other.download_media(came, bytes) == png()


async def test_five_megabytes_come_back_as_they_went(
    town: Town, group: Channel, boss: Person, anna: Person
) -> None:
    data = os.urandom(5 * 1024 * 1024 + 7)
    client, other = await town.sign_in(boss), await town.sign_in(anna)
    sent = await client.send_file("town_club", named(data, "big.bin"), force_document=True)
    (seen,) = [m async for m in other.iter_messages("town_club", limit=1)]
    assert (seen.file.name, seen.file.size) == ("big.bin", len(data))
    assert await other.download_media(seen, bytes) == data
    kept = town.world.channels.get(group.id).history.get(sent.id)
    assert kept is not None
    assert isinstance(kept.media, Document)


async def test_a_file_of_many_parts_goes_the_big_way(town: Town, boss: Person) -> None:
    data = os.urandom(11 * 1024 * 1024)
    client = await town.sign_in(boss)
    sent = await client.send_file("me", named(data, "huge.bin"))
    assert await client.download_media(sent, bytes) == data


@pytest.mark.usefixtures("group")
async def test_an_album_is_one_group_in_order(town: Town, boss: Person, anna: Person) -> None:
    client, other = await town.sign_in(boss), await town.sign_in(anna)
    heard = listen(other, events.Album)
    files = [named(png(shade=shade), f"{shade}.png") for shade in (1, 2, 3)]
    sent = await client.send_file("town_club", files, caption=["one", "two", "three"])
    album = await heard.next()
    assert len({m.grouped_id for m in sent}) == 1
    assert [m.id for m in album.messages] == [m.id for m in sent]
    assert [m.raw_text for m in album.messages] == ["one", "two", "three"]
    assert await other.download_media(album.messages[1], bytes) == png(shade=2)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"voice_note": True}, DocumentKind.VOICE),
        ({"video_note": True}, DocumentKind.VIDEO_NOTE),
        ({"attributes": [types.DocumentAttributeAudio(3)]}, DocumentKind.AUDIO),
        ({"attributes": [types.DocumentAttributeVideo(3, 4, 5)]}, DocumentKind.VIDEO),
        ({"attributes": [types.DocumentAttributeAnimated()]}, DocumentKind.ANIMATION),
        (
            {"attributes": [types.DocumentAttributeSticker("!", types.InputStickerSetEmpty())]},
            DocumentKind.STICKER,
        ),
    ],
)
async def test_a_document_is_what_its_sender_says(
    town: Town, boss: Person, anna: Person, options: dict[str, Any], kind: DocumentKind
) -> None:
    name = "x.mp4" if kind is DocumentKind.VIDEO_NOTE else "x.dat"
    client = await town.sign_in(boss)
    sent = await client.send_file("anna_p", named(b"stuff", name), **options)
    kept = town.world.people.get(anna.id).inbox.chats[boss.id].last
    assert kept is not None
    assert isinstance(kept.media, Document)
    assert kept.media.kind is kind
    assert sent.document.attributes


@pytest.mark.parametrize(
    ("media", "form"),
    [
        (types.InputMediaContact("79990001122", "Ivan", "", ""), types.MessageMediaContact),
        (types.InputMediaGeoPoint(types.InputGeoPoint(55.5, 37.5)), types.MessageMediaGeo),
        (
            types.InputMediaVenue(types.InputGeoPoint(55.5, 37.5), "Inn", "Street", "", "", ""),
            types.MessageMediaVenue,
        ),
        (types.InputMediaDice("🎲"), types.MessageMediaDice),
        (
            types.InputMediaPoll(
                types.Poll(
                    0,
                    types.TextWithEntities("Why?", []),
                    [
                        types.PollAnswer(types.TextWithEntities(word, []), word.encode())
                        for word in ("so", "because")
                    ],
                    hash=0,
                )
            ),
            types.MessageMediaPoll,
        ),
    ],
)
async def test_other_media_arrive_as_themselves(
    town: Town, boss: Person, anna: Person, media: Any, form: type
) -> None:
    client, other = await town.sign_in(boss), await town.sign_in(anna)
    heard = listen(other, events.NewMessage)
    await client.send_file("anna_p", media)
    assert isinstance((await heard.next()).message.media, form)


@pytest.mark.usefixtures("group")
async def test_a_photo_is_sent_again_without_its_bytes(town: Town, boss: Person) -> None:
    client = await town.sign_in(boss)
    first = await client.send_file("me", named(png(), "a.png"))
    again = await client.send_file("town_club", first.media)
    assert again.photo.id == first.photo.id


async def test_the_media_of_a_message_can_be_changed(
    town: Town, group: Channel, boss: Person
) -> None:
    client = await town.sign_in(boss)
    sent = await client.send_file("town_club", named(png(), "a.png"), caption="old")
    await sent.edit("new", file=named(png(shade=9), "b.png"))
    kept = group.history.get(sent.id)
    assert kept is not None
    assert isinstance(kept.media, Picture)
    assert (kept.text, town.world.files.get(kept.media.id).data) == ("new", png(shade=9))


async def test_an_answer_that_was_lost_is_given_again_without_a_second_upload(
    town: Town, boss: Person
) -> None:
    client = await town.sign_in(boss)
    file = await client.upload_file(named(png(), "a.png"))
    request = messages.SendMediaRequest(
        "me", types.InputMediaUploadedPhoto(file), "once", random_id=7
    )
    first, again = await client(request), await client(request)
    assert {u.id for r in (first, again) for u in r.updates if hasattr(u, "random_id")} == {1}
    assert len(town.world.messages_of((boss, boss))) == 1


async def test_what_cannot_be_read_is_refused_by_name(town: Town, boss: Person) -> None:
    client = await town.sign_in(boss)
    nowhere = types.InputPhotoFileLocation(1, 1, b"", "y")
    with pytest.raises(errors.LocationInvalidError):
        await client(upload.GetFileRequest(nowhere, 0, 1024))
    with pytest.raises(errors.FilePartsInvalidError):
        await client.send_file("me", types.InputFile(5, 3, "x", ""), force_document=True)
    with pytest.raises(errors.ImageProcessFailedError):
        await client.send_file("me", named(b"no picture", "a.png"))
    assert town.world.messages_of((boss, boss)) == []
