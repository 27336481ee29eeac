"""Files to be downloaded."""

from simulator.bot_api.call import Call, Methods
from simulator.bot_api.errors import bad_request
from simulator.bot_api.files import path_of
from simulator.bot_api.show_media import show_file
from simulator.bot_api.uploads import find_file

LARGEST_DOWNLOAD = 20 * 1024 * 1024
methods = Methods()


@methods.handles("getFile")
async def get_file(call: Call) -> object:
    """Tell where a file can be downloaded."""
    media = find_file(call, call.params.required("file_id"))
    if media.size > LARGEST_DOWNLOAD:
        raise bad_request("file is too big")
    return show_file(call.bot.id, media) | {"file_path": path_of(media)}
