"""Where the desk works, and who is invited."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from support.actor import Actor
from support.groups import DeskGroup, DeskPulse, GroupUse, Invited, NewInvite
from support.ids import ChatId, TgUserId
from support.topics.budget import GroupLoad


class GroupStore(Protocol):
    """The desk's groups; every change is audited."""

    async def put_group(self, actor: Actor, group: DeskGroup) -> bool:
        """Use a group, or give it another title; False: nothing changed.

        There is one operators' group: another one takes its place.
        """

    async def remove_group(self, actor: Actor, chat: ChatId, use: GroupUse) -> bool:
        """Use a group no more; the topics that are there go on. False: it was not used so."""

    async def groups(self, use: GroupUse | None = None) -> Sequence[DeskGroup]:
        """Return the groups, in the order in which they were added."""

    async def move_group(self, old: ChatId, new: ChatId) -> bool:
        """Follow a group that became a supergroup: wherever the one is named, the other is now.

        Cards in the old group are forgotten, for its messages have other numbers now. False: it
        was followed before.
        """

    async def moved_groups(self) -> Mapping[ChatId, ChatId]:
        """Return what groups became, for settings that name them as they were."""

    async def loads(self, chats: Sequence[ChatId]) -> Sequence[GroupLoad]:
        """Return how busy each of these groups is, in the order asked."""


class InviteStore(Protocol):
    """Invitations: each lets one person in, once."""

    async def invite(self, actor: Actor, invite: NewInvite) -> None:
        """Record an invitation; audited without its code."""

    async def accept(self, code: str, person: TgUserId) -> Invited | None:
        """Use an invitation; None: there is none, it has ended, or somebody else used it.

        The same person who follows it again is told the same.
        """


class PulseStore(Protocol):
    """How the desk's door stands."""

    async def pulse(self) -> DeskPulse:
        """Count what waits and what went wrong."""
