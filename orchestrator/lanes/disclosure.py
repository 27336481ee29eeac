"""Named, not masked (charter rule 2).

An account whose bio does not say whom it speaks for is silent.
"""

import logging
import unicodedata

from orchestrator.ids import AccountId
from orchestrator.ports.leases import Fence
from orchestrator.ports.stores import Stores
from orchestrator.ports.telegram import AccountClient
from orchestrator.study_groups.bios import roles_named

log = logging.getLogger(__name__)


def carries(bio: str, disclosure: str | None) -> bool:
    """Tell whether a bio says what the persona's disclosure says, whatever the case and spacing."""
    return bool(disclosure and plain(disclosure) and plain(disclosure) in plain(bio))


def plain(text: str) -> str:
    """Fold what people do not see as a difference."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


async def read_disclosure(
    client: AccountClient, stores: Stores, account: AccountId, fence: Fence
) -> bool:
    """Read the account's bio from Telegram and store whether, and as what, it may speak."""
    profile = await client.profile()
    await stores.accounts.record_profile(account, profile)
    stored = await stores.accounts.account(account)
    disclosed = carries(profile.bio, stored.disclosure)
    await stores.accounts.record_disclosure(account, fence, disclosed=disclosed)
    await stores.study_groups.note_bio(account, roles_named(profile.bio))
    if not disclosed:
        log.warning(
            "%s is silent until its bio names whom it speaks for: troupe accounts disclose %s",
            stored.name,
            stored.name,
        )
    return disclosed
