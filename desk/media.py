"""Files that clients and operators send, kept beside what is known of them where that is wanted.

Files lie wherever fsspec reaches: a folder, or `s3://bucket/path` with its driver installed
(`pip install s3fs`; AWS_ENDPOINT_URL names a server that is not Amazon's). They
are fetched and written off the loop, some time after their message: nobody waits for them.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath

import fsspec
from aiogram import Router
from aiohttp import ClientError

from desk.calls import CallFailed, Fate, call
from desk.house import House, Wing
from orchestrator.ports.desk import Parcel
from support.talk import Attachment

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=3)
AT_ONCE = 20
PATIENCE = 120.0
LONGEST_SUFFIX = 10
NOT_TO_BE_HAD = ""
"""What stands as the path of a file that Telegram does not give to bots: it is over 20 MB."""


def make_wing(house: House) -> Wing:
    """Make the wing that keeps files; without a place for them it does nothing."""
    root = house.settings.media_root
    chores = {} if root is None else {"files": (EVERY, Keeper(house, root).keep_some)}
    return Wing(Router(name="media"), chores=chores)


@dataclass(frozen=True, slots=True)
class Keeper:
    """Fetches files and keeps them under a root."""

    house: House
    root: str

    async def keep_some(self) -> Sequence[Parcel]:
        """Keep what is not kept yet, oldest first, and remove what is over; says nothing."""
        await self.keep_new()
        await self.remove_gone()
        return ()

    async def keep_new(self) -> None:
        """Keep what is not kept yet."""
        for attachment in await self.house.desk.talk.attachments_without_file(AT_ONCE):
            try:
                await self.keep(attachment)
            except (CallFailed, ClientError, TimeoutError, OSError) as failed:
                log.warning("a file is kept later: %s", failed)
                break

    async def remove_gone(self) -> None:
        """Remove files whose tickets were swept."""
        for path in await self.house.desk.talk.gone_files(AT_ONCE):
            try:
                await asyncio.to_thread(remove, path)
            except OSError as failed:
                log.warning("a file is removed later: %s", failed)
                return
            await self.house.desk.talk.forget_files([path])

    async def keep(self, attachment: Attachment) -> None:
        """Keep one file, and remember where."""
        if attachment.id is None:
            return
        try:
            found = await call(self.house.bot, "getFile", {"file_id": attachment.file_id})
        except CallFailed as failed:
            if failed.fate is not Fate.REFUSED:
                raise
            log.warning("a file cannot be had: %s", failed)
            await self.house.desk.talk.store_file(attachment.id, NOT_TO_BE_HAD)
            return
        path = str(found.get("file_path", "")) if isinstance(found, dict) else ""
        data = await self.fetch(path)
        place = place_of(self.root, attachment, path)
        await asyncio.to_thread(write, place, data)
        await self.house.desk.talk.store_file(attachment.id, place)

    async def fetch(self, path: str) -> bytes:
        """Fetch a file's bytes: 20 MB at most (https://core.telegram.org/bots/api#getfile)."""
        bot = self.house.bot
        url = bot.session.api.file_url(bot.token, path)
        stream = bot.session.stream_content(url, timeout=int(PATIENCE))
        return b"".join([chunk async for chunk in stream])


def place_of(root: str, attachment: Attachment, path: str) -> str:
    """Name the place of a file by what Telegram knows it by; a person's name is no path of ours."""
    suffix = PurePosixPath(path).suffix
    clean = suffix if suffix[1:].isalnum() and len(suffix) <= LONGEST_SUFFIX else ""
    number = "".join(one for one in attachment.file_unique_id if one.isalnum() or one in "-_")
    return f"{root.rstrip('/')}/{number[:2]}/{number}{clean}"


def write(place: str, data: bytes) -> None:
    """Write a file where fsspec finds the place; folders are made."""
    with fsspec.open(place, "wb", auto_mkdir=True) as file:
        file.write(data)


def remove(place: str) -> None:
    """Remove a file where fsspec finds the place; one that is gone already is no fault."""
    system, path = fsspec.core.url_to_fs(place)
    if system.exists(path):
        system.rm_file(path)
