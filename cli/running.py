"""From a command's few lines to the service and back."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from orchestrator.actor import Actor

if TYPE_CHECKING:
    from orchestrator.service.service import Service

T = TypeVar("T")


def run(action: "Callable[[Service], Awaitable[T]]") -> T:
    """Put everything together, do one thing with the service, and take it all down again."""
    from cli.compose import open_service  # noqa: PLC0415 - `--help` does without
    from cli.logging import configure_logging  # noqa: PLC0415 - `--help` does without
    from cli.settings import load_settings  # noqa: PLC0415 - `--help` does without

    settings = load_settings()
    configure_logging(settings, quiet=True)

    async def act() -> T:
        async with open_service(settings) as service:
            return await action(service)

    return asyncio.run(act())


def actor() -> Actor:
    """Return the person at this terminal, as the audit log names them."""
    try:
        return Actor(getpass.getuser())
    except (OSError, KeyError):
        return Actor("unknown")
