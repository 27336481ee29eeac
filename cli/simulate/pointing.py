"""The settings that point Troupe at a simulated Telegram, as a file."""

import socket
import zlib
from pathlib import Path

from cli.settings import split_address
from orchestrator.errors import BadInput
from simulator.server import TelegramServer

HEADER = "# Written by `troupe simulate`: a Telegram on this machine, for as long as that runs."


def check_free(file: Path) -> None:
    """Refuse a file that somebody else wrote, or that still leads somewhere; raises BadInput."""
    if file.exists() and not file.read_text(encoding="utf-8", errors="replace").startswith(HEADER):
        raise BadInput(f"{file} is not of `troupe simulate`: name another file, or move it away")
    if not file.absolute().parent.is_dir():
        raise BadInput(f"{file} cannot be written: its folder does not exist")
    if file.exists() and leads_somewhere(file):
        raise BadInput(
            f"{file} is of a `troupe simulate` that still runs: end it, or name another file"
        )


def leads_somewhere(file: Path) -> bool:
    """Tell whether somebody answers where the settings of a file point."""
    found = dict(
        line.split("=", 1) for line in file.read_text(encoding="utf-8").splitlines() if "=" in line
    )
    try:
        host, port = split_address(found.get("TELEGRAM_SERVER", ""))
        with socket.create_connection((host, port), timeout=1):
            return True
    except (OSError, ValueError):
        return False


def write_settings(server: TelegramServer, file: Path, home: Path) -> None:
    """Write the settings, and the server's key into the data folder, one for each such file."""
    key = home / f"simulated-{zlib.crc32(bytes(file.absolute())):08x}.pem"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    key.write_text(server.public_key, encoding="ascii")
    values = {
        "TELEGRAM_SERVER": f"{server.host}:{server.port}",
        "TELEGRAM_DC_ID": server.dc_id,
        "TELEGRAM_PUBLIC_KEY_FILE": key,
        "TELEGRAM_API_ID": server.api_id,
        "TELEGRAM_API_HASH": server.api_hash,
        "BOT_API_URL": server.bot_api.url if server.bot_api else "",
    }
    lines = (f"{name}={value}" for name, value in values.items())
    file.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
