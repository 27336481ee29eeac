"""What the control API takes and gives, as JSON."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from simulator.world.channels import Right
from simulator.world.duplicates import Sameness

UserNumber = Annotated[int, Field(gt=0, description="A person's or bot's id")]
ChatNumber = Annotated[int, Field(description="The id of a channel or group, as -100…")]


class Asked(BaseModel):
    """Something a caller says; what is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class PersonAsked(Asked):
    """Somebody who is to have an account."""

    phone: str = ""
    name: str = "Someone"
    username: str = ""
    bio: str = ""
    password: str = ""
    language: str = ""


class BotAsked(Asked):
    """A bot that is to be; without a token it gets one. `reads_all` turns its privacy off."""

    name: str
    username: str
    token: str = ""
    reads_all: bool = False


class PersonShown(BaseModel):
    """A person or bot."""

    id: UserNumber
    name: str
    phone: str
    username: str
    bio: str
    bot: bool
    language: str
    blocked: list[int]


class BotShown(PersonShown):
    """A bot with its token."""

    token: str


class ChannelAsked(Asked):
    """A channel that is to be; `linked` gives it a discussion group."""

    title: str
    owner: UserNumber
    username: str = ""
    about: str = ""
    linked: bool = False
    guests: bool = True


class GroupAsked(Asked):
    """A supergroup that is to be, the discussion group of `channel` if that is named."""

    title: str
    owner: UserNumber
    username: str = ""
    about: str = ""
    guests: bool = True
    forum: bool = False
    basic: bool = False
    channel: ChatNumber | None = None


class LinkAsked(Asked):
    """Which group discusses a channel's posts; null for none."""

    group: ChatNumber | None


class MemberShown(BaseModel):
    """Somebody's place in a chat."""

    user: UserNumber
    creator: bool
    rights: list[Right]


class ChatShown(BaseModel):
    """A channel or group; `linked` is its other half."""

    id: ChatNumber
    kind: Literal["channel", "group"]
    title: str
    username: str
    about: str
    linked: ChatNumber | None
    members: list[MemberShown]
    messages: int
    forum: bool = False
    banned: list[int] = []
    requests: list[int] = []


class AdminAsked(Asked):
    """What an administrator may do; no rights named means all. `by` is who gives them."""

    rights: list[Right] = []
    by: UserNumber | None = None


class DuplicateShown(BaseModel):
    """Messages that should have been one."""

    sameness: Sameness
    author: UserNumber
    chat: int
    messages: list[int]


class CopiedKeyShown(BaseModel):
    """A key that was used from several addresses at once."""

    key_id: str
    user: int | None
    addresses: list[str]
    at: datetime


class CountsShown(BaseModel):
    """How much there is in the world."""

    people: int
    bots: int
    channels: int
    groups: int
    messages: int
    attempts: int
    repeated: int
    duplicates: int


class FaultAsked(Asked):
    """One fault, as `Fault` of the MTProto side describes it."""

    method: str = "*"
    kind: Literal[
        "error",
        "time_out",
        "lost_answer",
        "cut_before",
        "cut_after",
        "delay",
        "drop_updates",
        "double_updates",
        "delay_updates",
    ]
    error: str = ""
    code: int | None = None
    times: int | None = 1
    account: int | None = None
    seconds: float = 0.0
    chat: int | None = None
    connection: str | None = None
    chance: float = 1.0
    seed: int = 0
    skip: int = 0


class FaultShown(BaseModel):
    """A fault that waits, with how often it has yet to come (null: for ever)."""

    number: int
    fault: FaultAsked
    left: int | None


class ClockAsked(Asked):
    """By how many seconds to move the world's clock, or the moment that it is to show."""

    advance_seconds: float | None = None
    now: AwareDatetime | None = None


class ClockShown(BaseModel):
    """The world's time."""

    now: datetime


class Problem(BaseModel):
    """What went wrong: a word for programs, a sentence for people."""

    error: str
    message: str
