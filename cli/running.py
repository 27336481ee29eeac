"""From a command's few lines to the service and back."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from orchestrator.actor import Actor

if TYPE_CHECKING:
    from cli.compose import Company
    from cli.settings import Settings
    from orchestrator.service.service import Service

T = TypeVar("T")


def run(action: "Callable[[Service], Awaitable[T]]") -> T:
    """Put everything together, do one thing with the service, and take it all down again."""
    return run_in_company(lambda company: action(company.service))


def run_in_company(action: "Callable[[Company], Awaitable[T]]") -> T:
    """Do one thing with everything that was put together, where the service is not enough."""
    from cli.compose import company

    settings = settings_for_command()

    async def act() -> T:
        async with company(settings) as found:
            return await action(found)

    return asyncio.run(act())


def settings_for_command(*, quiet: bool = True) -> "Settings":
    """Read the settings and begin to log; a short command logs warnings and errors only."""
    from cli.logging import configure_logging
    from cli.settings import load_settings

    settings = load_settings()
    configure_logging(settings, quiet=quiet)
    return settings


def actor() -> Actor:
    """Return the person at this terminal, as the audit log names them."""
    try:
        return Actor(getpass.getuser())
    except (OSError, KeyError):
        return Actor("unknown")
