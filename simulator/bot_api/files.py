"""Where files lie for bots."""

import re
from pathlib import PurePosixPath

from simulator.world.files import Files
from simulator.world.media import Document, Picture
from simulator.world.refusals import Refusal

PATH = re.compile(r"\w+/file_(\d+)(\.\w+)?")


def path_of(media: Picture | Document) -> str:
    """Tell the path of a file."""
    if isinstance(media, Picture):
        return f"photos/file_{media.id}.jpg"
    suffix = PurePosixPath(media.name).suffix
    ending = suffix if re.fullmatch(r"\.\w+", suffix) else ""
    return f"{media.kind}s/file_{media.id}{ending}"


def file_at(files: Files, path: str) -> bytes:
    """Give the content of the file at a path; raises `Refusal` when there is none."""
    found = PATH.fullmatch(path)
    if found is None:
        raise Refusal("LOCATION_INVALID")
    return files.get(int(found[1])).data
