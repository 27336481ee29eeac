"""Study groups (charter rule 4): private groups of ours, who is who there, and what is said.

A group is told of what goes on by its pinned notice, and each of our accounts by its own bio. As
long as either is not known to hold, the account is silent there: the gate asks for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from orchestrator.actor import Actor
from orchestrator.ids import (
    AccountId,
    ContactId,
    GroupMessageId,
    JourneyId,
    LessonId,
    MessageId,
    ScriptVersionId,
    StudyGroupId,
    TelegramId,
)
from orchestrator.jobs import Job
from orchestrator.ports.answers import GroupRole, LineRefused, NewGroupLine
from orchestrator.ports.journeys import Finding
from orchestrator.ports.telegram import GroupMember, GroupSeen, Peer
from personas.language import Language
from personas.persona import Persona
from personas.scripts.lessons import LessonProgress
from personas.scripts.model import Script
from personas.scripts.runner import Progress


class GroupState(StrEnum):
    """Whether anything is said in a group."""

    ACTIVE = "active"
    CLOSED = "closed"


class RoleEnd(StrEnum):
    """Why an account does not speak in its role."""

    REMOVED = "removed"
    UNNAMED = "unnamed"
    """Its bio does not name the role; it speaks again when it does."""


class LessonState(StrEnum):
    """What became of a lesson."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class Decision(StrEnum):
    """What came of a member's message."""

    ANSWERED = "answered"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Seat:
    """One of our accounts in a group."""

    account: AccountId
    name: str
    """What people call the account here."""
    telegram_id: TelegramId | None
    username: str | None
    shown: str
    """Its name on Telegram."""
    persona: Persona | None
    role: GroupRole
    ended: RoleEnd | None = None


@dataclass(frozen=True, slots=True)
class StudyGroup:
    """A group with its cast."""

    id: StudyGroupId
    title: str
    language: Language
    state: GroupState
    peer: Peer
    """As its creator addresses it."""
    creator: AccountId
    notice: MessageId | None
    notice_text: str
    notice_random_id: int
    notice_pinned: bool
    """Whether Telegram showed it pinned and unaltered, and nothing happened to it since."""
    doubt: str | None
    """Why nothing is said now."""
    doubts: int
    """Grows whenever something happened to the notice."""
    cast: tuple[Seat, ...]
    members: int
    """People, our own accounts left out."""
    created_at: datetime
    checked_at: datetime | None
    closed_at: datetime | None

    def seats(self) -> tuple[Seat, ...]:
        """Return the accounts that have a role, whether or not their bios name it now."""
        return tuple(seat for seat in self.cast if seat.ended is not RoleEnd.REMOVED)

    def speakers(self, role: GroupRole) -> tuple[Seat, ...]:
        """Return the accounts that may speak in a role now."""
        return tuple(seat for seat in self.cast if seat.ended is None and seat.role is role)


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role that an account has somewhere, and the language of that group."""

    role: GroupRole
    language: Language


@dataclass(frozen=True, slots=True)
class Heard:
    """A member's message with all that an answer to it depends on."""

    id: GroupMessageId
    group: StudyGroup
    message: MessageId
    text: str
    sent_at: datetime
    contact: ContactId
    opted_out: bool
    deleted: bool
    replied_to: AccountId | None
    """Whose message it answers, where that is one of ours."""
    lesson: LessonId | None
    """A lesson that is running."""
    script: Script | None
    """Of that lesson, or of the group's last one."""
    script_version: ScriptVersionId | None
    journey: JourneyId | None
    """A journey of this group that stands at a diagnostic."""
    position: int
    diagnostic: Script | None
    diagnostic_version: ScriptVersionId | None
    progress: Progress | None
    """How far this member is in it; None when they did not begin."""
    recent: tuple[str, ...] = ()
    """What our accounts said here last, newest first."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a member's message: the lines to say, none for a silence; and why."""

    reason: str
    lines: tuple[NewGroupLine, ...] = ()
    progress: Progress | None = None
    """Where the member's diagnostic stands now, if this was about one."""
    found: Finding | None = None


@dataclass(frozen=True, slots=True)
class LessonRun:
    """A lesson as it stands."""

    id: LessonId
    group: StudyGroup
    script: Script
    version: ScriptVersionId
    state: LessonState
    progress: LessonProgress
    waiting: bool
    """Whether the last line has not left yet."""
    failure: str | None
    """Why the last line was not sent and never will be."""


@dataclass(frozen=True, slots=True)
class LessonRow:
    """One line of `troupe groups lessons`."""

    id: LessonId
    group: StudyGroupId
    script: str
    state: LessonState
    said: int
    lines: int
    starts_at: datetime
    ended_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class SaidInGroup:
    """One message of a group's log."""

    id: GroupMessageId
    message: MessageId
    author: str
    ours: bool
    text: str
    first_text: str | None
    sent_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    decision: Decision | None
    reason: str | None


class StudyGroupStore(Protocol):
    """Groups, roles and notices; each method is one transaction."""

    async def add_group(
        self, actor: Actor, creator: AccountId, seen: GroupSeen, language: Language
    ) -> StudyGroup:
        """Record a group that the account just created, with the grant that this is.

        Its creator is the host, who does not speak before its bio says so.
        """

    async def groups(self, state: GroupState | None = None) -> Sequence[StudyGroup]:
        """Return groups, newest first."""

    async def group(self, group: StudyGroupId) -> StudyGroup:
        """Return the group; raises NotFound."""

    async def groups_to_check(self, before: datetime) -> Sequence[StudyGroupId]:
        """Return active groups that nobody looked at since then."""

    async def groups_of(self, creator: AccountId) -> Sequence[tuple[StudyGroupId, Peer, MessageId]]:
        """Return the active groups that an account created, and the last message known of each."""

    async def known_talk(self, group: StudyGroupId, above: MessageId) -> dict[MessageId, str]:
        """Return what each message above that number says that is not known to be deleted."""

    async def seat(
        self, actor: Actor, group: StudyGroupId, account: AccountId, role: GroupRole, peer: Peer
    ) -> None:
        """Give an account a role, or another one; it rests until the bio names it."""

    async def change_role(
        self, actor: Actor, group: StudyGroupId, account: AccountId, role: GroupRole
    ) -> None:
        """Give an account that is in the group another role; it rests until the bio names it."""

    async def unseat(self, actor: Actor, group: StudyGroupId, account: AccountId) -> int:
        """Take a role away, and cancel what waits to be said; returns how many lines."""

    async def roles_of(self, account: AccountId) -> Sequence[HeldRole]:
        """Return what an account is in active groups, whether or not its bio says so."""

    async def note_bio(self, account: AccountId, named: frozenset[GroupRole]) -> None:
        """Store which roles an account's bio names: these speak, the others rest."""

    async def word_notice(self, group: StudyGroupId, text: str, random_id: int | None) -> None:
        """Store how the notice must read; with a `random_id` it is written anew.

        Nothing is said in the group until it is known to be pinned so.
        """

    async def note_notice(
        self, looked: StudyGroup, text: str, notice: MessageId, at: datetime
    ) -> bool:
        """Store that this message was seen pinned with that text, and the grant as proved.

        False, and nothing is stored, when the notice must read otherwise by now, or when something
        happened to it since the group was read as it stood before the look.
        """

    async def doubt(self, group: StudyGroupId, why: str) -> None:
        """Let nobody speak in the group until its notice is known to be pinned again."""

    async def note_members(self, group: StudyGroupId, people: Sequence[GroupMember]) -> None:
        """Store who is in the group besides our accounts."""

    async def close_group(self, actor: Actor, group: StudyGroupId) -> int:
        """End the group's talk for good: its grant, its lessons, what waits.

        Returns how many lines were cancelled. Raises NotAllowed when it is closed already.
        """


class GroupTalkStore(Protocol):
    """What members say, and what is answered; each method is one transaction."""

    async def heard(self, message: GroupMessageId) -> Heard | None:
        """Return a member's message that nothing was decided about; None otherwise."""

    async def undecided_before(self, heard: Heard) -> Sequence[GroupMessageId]:
        """Return what the member wrote there before, and nothing was decided about; oldest first.

        What was written a day or a thousand messages before is not looked for.
        """

    async def reply(self, heard: Heard, reply: Reply, at: datetime) -> LineRefused | None:
        """Store the decision and queue its lines, once; a refusal is stored as a silence.

        Raises Overtaken where the member's diagnostic stands elsewhere by now.
        """

    async def log(self, group: StudyGroupId, limit: int) -> Sequence[SaidInGroup]:
        """Return what was said, newest first."""


class LessonStore(Protocol):
    """Lessons; each method is one transaction."""

    async def start_lesson(
        self, actor: Actor, group: StudyGroupId, script: str, starts_at: datetime
    ) -> LessonId:
        """Start the script's production version.

        Raises NotFound, or NotAllowed while another lesson runs there or the group is closed.
        """

    async def lesson(self, lesson: LessonId) -> LessonRun | None:
        """Return a lesson as it stands."""

    async def say_line(
        self,
        lesson: LessonRun,
        line: NewGroupLine,
        after: LessonProgress,
        next_at: datetime,
    ) -> LineRefused | None:
        """Queue the lesson's next line, unless somebody did, and the job of the one after."""

    async def wait_until(self, job: Job, lesson: LessonRun, moment: datetime) -> None:
        """Give a job back until then, or until now where somebody was answered meanwhile."""

    async def end_lesson(
        self, lesson: LessonId, state: LessonState, reason: str | None, at: datetime
    ) -> None:
        """End a running lesson, and cancel what waits when it was stopped; a journey goes on."""

    async def lessons(self, group: StudyGroupId | None, limit: int) -> Sequence[LessonRow]:
        """Return lessons, newest first."""
