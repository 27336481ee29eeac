"""What stands in Telegram's place as long as no application is registered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orchestrator.errors import BadInput
from orchestrator.facts import Sink
from orchestrator.ids import AccountId
from orchestrator.ports.telegram import AccountClient, Profile, SignInAnswers

REMEDY = (
    "TELEGRAM_API_ID and TELEGRAM_API_HASH are not set: register an application at "
    "https://my.telegram.org and put both into .env"
)


class UnsetTelegram:
    """Implements `Telegram` by saying what is missing."""

    @asynccontextmanager
    async def open(self, account: AccountId, sink: Sink | None) -> AsyncIterator[AccountClient]:  # noqa: ARG002 - the port's shape
        """Raise BadInput."""
        raise BadInput(REMEDY)
        yield  # type: ignore[unreachable]  # an asynccontextmanager's function must be a generator

    async def sign_in(self, account: AccountId, phone: str, answers: SignInAnswers) -> Profile:  # noqa: ARG002 - the port's shape
        """Raise BadInput."""
        raise BadInput(REMEDY)
