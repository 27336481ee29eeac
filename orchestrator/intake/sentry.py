"""Who else is in the account: a session or a password that nobody here knows of is reported."""

import logging
from dataclasses import dataclass
from typing import Final

from orchestrator.clock import until_tick
from orchestrator.ports.outbox import Holder
from orchestrator.ports.telegram import AccountClient
from orchestrator.refusals import Scope, TelegramRefused
from orchestrator.stage import Stage

log = logging.getLogger(__name__)


EVERY: Final = 10.0
"""Seconds between two looks whether it is time."""


@dataclass(slots=True)
class Sentry:
    """Looks at one account's sessions and password from time to time."""

    stage: Stage
    holder: Holder
    client: AccountClient
    look_at: float = 0.0

    async def look_if_due(self) -> None:
        """Look when it is time, or when Telegram told that something happened."""
        now = self.stage.clock.monotonic()
        if now < self.look_at:
            return
        self.look_at = now + until_tick(self.stage.clock, EVERY)
        account, security = self.holder.account, self.stage.stores.security
        if not await security.look_is_due(account, self.stage.tuning.security_check):
            return
        try:
            view = await self.client.security()
        except TelegramRefused as refused:
            if refused.refusal.scope is Scope.ACCOUNT:
                raise
            log.info("account %s could not look who is in: %s", account, refused)
            return
        for sentence in await security.note_security(account, view):
            log.warning("account %s: %s; was that you?", account, sentence)
