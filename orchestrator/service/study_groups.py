"""What doors may ask about study groups (charter rule 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.actor import Actor
from orchestrator.commands import EnterGroup, FoundGroup, InviteMade, MakeInvite, WriteBio
from orchestrator.errors import BadInput, NotAllowed, NotFound
from orchestrator.ids import LessonId, StudyGroupId
from orchestrator.lanes.door import AccountDoor
from orchestrator.ports.accounts import Account
from orchestrator.ports.answers import GroupRole
from orchestrator.ports.study_groups import (
    GroupState,
    HeldRole,
    LessonRow,
    LessonState,
    SaidInGroup,
    StudyGroup,
)
from orchestrator.ports.telegram import GroupSeen, Profile
from orchestrator.stage import Stage
from orchestrator.study_groups.bios import bio_for, roles_named
from orchestrator.study_groups.keeping import GroupKeeper
from personas.language import Language

LONGEST_TITLE = 128


@dataclass(frozen=True, slots=True)
class StudyGroups:
    """Founds groups, says who is who there, holds lessons, and ends them."""

    stage: Stage
    door: AccountDoor

    async def create(
        self, actor: Actor, title: str, account: str, language: Language
    ) -> StudyGroup:
        """Have an account found a private group of which it is the host.

        The account says so in its bio first, and the notice is pinned before this returns. A group
        that an earlier try founded, but did not come to store, is taken up when this is repeated.
        """
        title = title.strip()
        if not 1 <= len(title) <= LONGEST_TITLE:
            raise BadInput(f"a group's title has between 1 and {LONGEST_TITLE} characters")
        host = await self.stage.stores.accounts.account_named(account)
        await self.tell_of(host, HeldRole(GroupRole.HOST, language))
        known = tuple(one.peer.telegram_id for one in await self.list())
        seen = await self.door.ask(host.id, FoundGroup(title, "", known))
        if not isinstance(seen, GroupSeen) or not seen.created_by_us:
            raise NotAllowed(f"Telegram did not let {account} create a group")
        group = await self.stage.stores.study_groups.add_group(actor, host.id, seen, language)
        await self.read_bio(host, await self.tell_of(host))
        return await self.keep(group.id)

    async def add(
        self, actor: Actor, group: StudyGroupId, account: str, role: GroupRole
    ) -> StudyGroup:
        """Let another account of ours enter by an invite for it alone, and give it a role."""
        known = await self.active(group)
        added = await self.stage.stores.accounts.account_named(account)
        await self.tell_of(added, HeldRole(role, known.language))
        made = await self.door.ask(known.creator, MakeInvite(known.peer, once=True))
        if not isinstance(made, InviteMade):
            raise NotAllowed("Telegram made no invite link for the group")
        seen = await self.door.ask(added.id, EnterGroup(made.link))
        if not isinstance(seen, GroupSeen) or seen.peer.telegram_id != known.peer.telegram_id:
            raise NotAllowed(f"{account} did not get into “{known.title}”")
        await self.stage.stores.study_groups.seat(actor, group, added.id, role, seen.peer)
        await self.read_bio(added, await self.tell_of(added))
        return await self.keep(group)

    async def change_role(
        self, actor: Actor, group: StudyGroupId, account: str, role: GroupRole
    ) -> StudyGroup:
        """Give an account that is in the group another role."""
        known = await self.active(group)
        seat = next((one for one in known.seats() if one.name == account), None)
        if seat is None:
            raise NotFound(f"{account} has no role in “{known.title}”: add it first")
        if seat.account == known.creator and role is not GroupRole.HOST:
            raise NotAllowed("whoever created the group stays its host: it keeps the notice")
        changed = await self.stage.stores.accounts.account_named(account)
        await self.stage.stores.study_groups.change_role(actor, group, seat.account, role)
        await self.read_bio(changed, await self.tell_of(changed))
        return await self.keep(group)

    async def remove(self, actor: Actor, group: StudyGroupId, account: str) -> int:
        """Take an account's role away; returns how many of its lines were cancelled."""
        known = await self.active(group)
        removed = await self.stage.stores.accounts.account_named(account)
        if removed.id == known.creator:
            raise NotAllowed("whoever created the group stays its host: close the group instead")
        cancelled = await self.stage.stores.study_groups.unseat(actor, group, removed.id)
        await self.read_bio(removed, await self.tell_of(removed))
        await self.keep(group)
        return cancelled

    async def invite(self, group: StudyGroupId) -> str:
        """Return the link by which people enter, each of their own will."""
        known = await self.active(group)
        made = await self.door.ask(known.creator, MakeInvite(known.peer, once=False))
        if not isinstance(made, InviteMade):
            raise NotAllowed("Telegram made no invite link for the group")
        return made.link

    async def keep(self, group: StudyGroupId) -> StudyGroup:
        """Look at the group now, and see to its notice."""
        return await GroupKeeper(self.stage, self.door, opens=True).keep(group)

    async def list(self, state: GroupState | None = None) -> Sequence[StudyGroup]:
        """Return groups, newest first."""
        return await self.stage.stores.study_groups.groups(state)

    async def show(self, group: StudyGroupId) -> StudyGroup:
        """Return one group; raises NotFound."""
        return await self.stage.stores.study_groups.group(group)

    async def log(self, group: StudyGroupId, limit: int) -> Sequence[SaidInGroup]:
        """Return what was said, newest first; raises NotFound."""
        await self.show(group)
        return await self.stage.stores.group_talk.log(group, limit)

    async def start_lesson(
        self, actor: Actor, group: StudyGroupId, script: str, at: datetime | None
    ) -> LessonId:
        """Hold a lesson, now or later."""
        starts_at = at or self.stage.clock.now()
        return await self.stage.stores.lessons.start_lesson(actor, group, script, starts_at)

    async def stop_lesson(self, actor: Actor, group: StudyGroupId) -> None:
        """End the lesson that runs in a group; raises NotFound when none does."""
        for lesson in await self.stage.stores.lessons.lessons(group, 1):
            if lesson.state is LessonState.RUNNING:
                now, why = self.stage.clock.now(), f"stopped by {actor.name}"
                end = self.stage.stores.lessons.end_lesson
                await end(lesson.id, LessonState.STOPPED, why, now)
                return
        raise NotFound(f"no lesson runs in group {group}")

    async def lessons(self, group: StudyGroupId | None, limit: int) -> Sequence[LessonRow]:
        """Return lessons, newest first."""
        return await self.stage.stores.lessons.lessons(group, limit)

    async def close(self, actor: Actor, group: StudyGroupId) -> int:
        """End the group's talk for good; returns how many waiting lines were cancelled.

        The group itself stays on Telegram; our accounts' bios name their roles no more.
        """
        known = await self.active(group)
        cancelled = await self.stage.stores.study_groups.close_group(actor, group)
        for seat in known.seats():
            account = await self.stage.stores.accounts.account(seat.account)
            await self.read_bio(account, await self.tell_of(account))
        return cancelled

    async def active(self, group: StudyGroupId) -> StudyGroup:
        """Return a group that lives; raises NotFound or NotAllowed."""
        known = await self.show(group)
        if known.state is not GroupState.ACTIVE:
            raise NotAllowed(f"“{known.title}” is closed: nothing is said there any more")
        return known

    async def tell_of(self, account: Account, *more: HeldRole) -> Profile:
        """Have an account's bio name whom it speaks for and every role that it has."""
        if account.disclosure is None:
            raise NotAllowed(f"{account.name} has no persona whose disclosure could be written")
        held = [*await self.stage.stores.study_groups.roles_of(account.id), *more]
        bio = bio_for(account.disclosure, held)
        profile = await self.door.ask(account.id, WriteBio(bio))
        if not isinstance(profile, Profile):
            raise NotAllowed(f"Telegram did not keep the bio of {account.name}: try again")
        return profile

    async def read_bio(self, account: Account, profile: Profile) -> None:
        """Store what the bio says of roles."""
        await self.stage.stores.accounts.record_profile(account.id, profile)
        await self.stage.stores.study_groups.note_bio(account.id, roles_named(profile.bio))
