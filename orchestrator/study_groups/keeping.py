"""Looking after study groups: the notice stays as it must be, or nobody speaks."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from orchestrator.commands import (
    Command,
    CommandResult,
    LookAtGroup,
    MembersRead,
    ReadMembers,
    ReadNotice,
    WriteNotice,
)
from orchestrator.errors import NotAllowed
from orchestrator.ids import StudyGroupId
from orchestrator.jobs import KeepStudyGroup
from orchestrator.lanes.door import AccountDoor
from orchestrator.ports.study_groups import GroupState, StudyGroup
from orchestrator.ports.telegram import GroupSeen, NoticeSeen
from orchestrator.stage import Stage
from orchestrator.study_groups.notice import word_notice
from personas.dice import roll

log = logging.getLogger(__name__)

EVERY: Final = timedelta(minutes=5)
"""How often a group is looked at where nothing tells of a change."""


@dataclass(frozen=True, slots=True)
class GroupKeeper:
    """Keeps notices, through the lane of each group's creator."""

    stage: Stage
    door: AccountDoor
    opens: bool = False
    """Whether an account that nobody holds may be opened here: people's doors may."""

    async def keep(self, group: StudyGroupId) -> StudyGroup:
        """Look at a group, and write, change or pin its notice where that is needed.

        Our own writing and pinning is told of as anybody's is, so that a second look may have to
        confirm the first. Raises NotAllowed, and nobody speaks there, as long as that cannot be.
        """
        seen = await self.look_once(group)
        return seen if seen.doubt is None else await self.look_once(group)

    async def look_once(self, group: StudyGroupId) -> StudyGroup:
        """Do so once; the group stays in doubt when something happened to its notice meanwhile."""
        known = await self.stage.stores.study_groups.group(group)
        if known.state is not GroupState.ACTIVE:
            return known
        try:
            await self.look(known)
            await self.keep_notice(known)
        except NotAllowed as refused:
            await self.stage.stores.study_groups.doubt(group, str(refused))
            raise
        return await self.stage.stores.study_groups.group(group)

    async def look(self, group: StudyGroup) -> None:
        """Make sure that the group is still private and our own, and note who is there."""
        seen = await self.ask(group, LookAtGroup(group.peer))
        if isinstance(seen, GroupSeen) and not seen.created_by_us:
            raise NotAllowed("the account that created the group is not its creator any more")
        if isinstance(seen, GroupSeen) and not seen.private:
            raise NotAllowed("the group is not private any more: it has a name or a channel")
        present = await self.ask(group, ReadMembers(group.peer))
        if isinstance(present, MembersRead):
            await self.stage.stores.study_groups.note_members(group.id, present.members)

    async def keep_notice(self, group: StudyGroup) -> None:
        """Have the notice there, pinned, and worded as it must be now."""
        text = word_notice(group)
        seen = await self.read(group)
        gone = group.notice is not None and seen is not None and seen.message is None
        random_id = group.notice_random_id
        if gone or random_id == 0:
            random_id = another(group)
            await self.stage.stores.study_groups.word_notice(group.id, text, random_id)
        elif group.notice_text != text:
            await self.stage.stores.study_groups.word_notice(group.id, text, None)
        if seen is None or seen.message is None or not seen.pinned or seen.text != text:
            message = None if gone else group.notice
            seen = await self.write(group, WriteNotice(group.peer, message, text, random_id))
        if seen.message is None or not seen.pinned or seen.text != text:
            raise NotAllowed("Telegram did not keep the notice: it is written again soon")
        now = self.stage.clock.now()
        await self.stage.stores.study_groups.note_notice(group, text, seen.message, now)

    async def read(self, group: StudyGroup) -> NoticeSeen | None:
        """Read the notice, if there ever was one."""
        if group.notice is None:
            return None
        seen = await self.ask(group, ReadNotice(group.peer, group.notice))
        return seen if isinstance(seen, NoticeSeen) else None

    async def write(self, group: StudyGroup, command: WriteNotice) -> NoticeSeen:
        """Write or mend the notice."""
        log.info("the notice of study group %s is written", group.id)
        seen = await self.ask(group, command)
        if not isinstance(seen, NoticeSeen):
            raise NotAllowed("the notice could not be written")
        return seen

    async def ask(self, group: StudyGroup, command: Command) -> CommandResult:
        """Have the group's creator do something."""
        if self.opens:
            return await self.door.ask(group.creator, command)
        return await self.door.ask_holder(group.creator, command)

    async def queue_due(self) -> None:
        """Have somebody look at each group that nobody looked at of late, or that is in doubt."""
        before = self.stage.clock.now() - EVERY
        for group in await self.stage.stores.study_groups.groups_to_check(before):
            await self.stage.stores.jobs.queue_job(KeepStudyGroup(group))


def another(group: StudyGroup) -> int:
    """Return the random id of the group's next notice; a repeated try finds the same one."""
    return (roll(group.id, f"notice:{group.notice_random_id}") >> 1) or 1
