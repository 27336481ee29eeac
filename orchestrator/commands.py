"""What doors ask of the process that holds an account, as values."""

from dataclasses import dataclass

from orchestrator.facts import Engagement
from orchestrator.ids import MessageId, TelegramId
from orchestrator.ports.telegram import (
    ChannelSeen,
    GroupMember,
    GroupSeen,
    NoticeSeen,
    Peer,
    Profile,
)


@dataclass(frozen=True, slots=True)
class ReadProfile:
    """Read how the account shows itself."""


@dataclass(frozen=True, slots=True)
class WriteBio:
    """Write the public bio."""

    bio: str


@dataclass(frozen=True, slots=True)
class FindChannel:
    """Find a channel by @username or link."""

    name: str


@dataclass(frozen=True, slots=True)
class LookAtChannel:
    """Look at a channel again, with the account's role in it."""

    channel: TelegramId


@dataclass(frozen=True, slots=True)
class DeleteMessages:
    """Delete messages of the account's own."""

    peer: Peer
    messages: tuple[MessageId, ...]


@dataclass(frozen=True, slots=True)
class ReadEngagement:
    """Read how a message was received."""

    peer: Peer
    messages: tuple[MessageId, ...]


@dataclass(frozen=True, slots=True)
class AttendTo:
    """Mark what a person wrote as read, and show them that an answer is being typed."""

    person: TelegramId
    upto: MessageId
    typing: bool


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """Found a private group, or take up an empty one of that title that was founded in vain."""

    title: str
    about: str
    known: tuple[TelegramId, ...] = ()
    """Groups that are on record, and so not meant."""


@dataclass(frozen=True, slots=True)
class LookAtGroup:
    """Look at a group again."""

    group: Peer


@dataclass(frozen=True, slots=True)
class MakeInvite:
    """Tell a group's invite link, or make one that lets in a single account."""

    group: Peer
    once: bool


@dataclass(frozen=True, slots=True)
class EnterGroup:
    """Accept an invite to a private group."""

    link: str


@dataclass(frozen=True, slots=True)
class ReadMembers:
    """List who is in a group."""

    group: Peer


@dataclass(frozen=True, slots=True)
class ReadNotice:
    """Read how a message in a group stands."""

    group: Peer
    message: MessageId


@dataclass(frozen=True, slots=True)
class WriteNotice:
    """Write, change and pin a notice, whatever of that is left to do."""

    group: Peer
    message: MessageId | None
    text: str
    random_id: int


@dataclass(frozen=True, slots=True)
class EndSession:
    """Log out on Telegram's side."""


GroupCommand = (
    FoundGroup | LookAtGroup | MakeInvite | EnterGroup | ReadMembers | ReadNotice | WriteNotice
)
Command = (
    ReadProfile
    | WriteBio
    | FindChannel
    | LookAtChannel
    | DeleteMessages
    | ReadEngagement
    | AttendTo
    | GroupCommand
    | EndSession
)


@dataclass(frozen=True, slots=True)
class Done:
    """Carried out, with nothing to report."""


@dataclass(frozen=True, slots=True)
class EngagementRead:
    """How messages were received; one that is missing was deleted."""

    messages: tuple[tuple[MessageId, Engagement], ...]


@dataclass(frozen=True, slots=True)
class InviteMade:
    """A link by which people enter a group."""

    link: str


@dataclass(frozen=True, slots=True)
class MembersRead:
    """Who is in a group."""

    members: tuple[GroupMember, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """Not carried out; `sentence` says why and what to do."""

    sentence: str


CommandResult = (
    Done
    | Profile
    | ChannelSeen
    | EngagementRead
    | GroupSeen
    | NoticeSeen
    | InviteMade
    | MembersRead
    | Failed
)
