"""Where the desk works: what the environment says, and what was set up in the database."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from desk.house import DeskSettings, House
from orchestrator.errors import ServersUnavailable
from support.groups import GroupUse
from support.ids import ChatId
from support.ports.groups import GroupStore
from support.tickets import Mode

log = logging.getLogger(__name__)

ACCOUNTS = -4_000_000_000_000_000
"""Chats from here downwards are accounts' conversations, in records of what was shown where.

Far below whatever the Bot API numbers (https://core.telegram.org/api/bots/ids).
"""


async def with_stored_groups(settings: DeskSettings, store: GroupStore) -> DeskSettings:
    """Add the groups that were set up; where only one mode has a group, tickets are of that one."""
    stored = await store.groups()
    settings = renumbered(settings, await store.moved_groups())
    operators = settings.operators_chat or first(
        [one.chat for one in stored if one.use is GroupUse.OPERATORS]
    )
    named = [] if settings.main_group is None else [settings.main_group]
    mains = list(
        dict.fromkeys(
            [
                *named,
                *settings.more_groups,
                *(one.chat for one in stored if one.use is GroupUse.MAIN),
            ]
        )
    )
    mode = Mode.TOPICS if mains else Mode.TAKE
    if operators is not None and mains and settings.mode is not None:
        mode = settings.mode
    return replace(
        settings,
        operators_chat=operators,
        main_group=first(mains),
        more_groups=mains[1:],
        mode=mode,
    )


EVERY = 5.0
"""Seconds between two looks at the stored groups."""


async def until_others_are_needed(house: House) -> None:
    """Take groups into use that are added or removed meanwhile; returns when that is not enough.

    A first group of a mode, or the last one gone, asks for other parts of the desk.
    """
    parts = parts_of(house.settings)
    while parts_of(house.settings) == parts:
        await house.clock.sleep(EVERY)
        try:
            house.settings = await with_stored_groups(house.environment, house.desk.groups)
        except ServersUnavailable as away:
            log.warning("the desk's groups are looked at later: %s", away)


def parts_of(settings: DeskSettings) -> tuple[bool, bool]:
    """Tell which modes have a group."""
    return settings.operators_chat is not None, settings.main_group is not None


def renumbered(settings: DeskSettings, moved: Mapping[ChatId, ChatId]) -> DeskSettings:
    """Name groups that became supergroups by the numbers that they have now."""
    operators, main = settings.operators_chat, settings.main_group
    return replace(
        settings,
        operators_chat=operators and moved.get(operators, operators),
        main_group=main and moved.get(main, main),
        more_groups=[moved.get(one, one) for one in settings.more_groups],
        tech_groups={name: moved.get(one, one) for name, one in settings.tech_groups.items()},
    )


def first(chats: list[ChatId]) -> ChatId | None:
    """Return the first, if there is one."""
    return chats[0] if chats else None


def chat_of(conversation: int) -> ChatId:
    """Name a conversation as the chat that its messages come from."""
    return ChatId(ACCOUNTS - conversation)


def is_account(chat: int) -> bool:
    """Tell whether a chat is an account's conversation, which the bot cannot reach."""
    return chat <= ACCOUNTS
