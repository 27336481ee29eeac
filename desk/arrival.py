"""How the bot's updates come to the desk, in words."""

from urllib.parse import urlsplit


def arrival(webhook_url: str | None) -> str:
    """Say how updates come; of an address, nothing that could be secret: no path, no password."""
    if webhook_url is None:
        return "fetched"
    address = urlsplit(webhook_url)
    return f"brought to {address.scheme}://{address.netloc.rpartition('@')[2]}"
