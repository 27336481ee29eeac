"""Topics, invite links and arrivals, as the control API's JSON."""

from pydantic import BaseModel

from simulator.control.models import Asked, UserNumber


class JoinAsked(Asked):
    """The invite link that somebody follows."""

    link: str


class TopicAsked(Asked):
    """A topic to be opened in a forum; without `by` its creator does that."""

    title: str
    by: UserNumber | None = None


class TopicChangeAsked(Asked):
    """What shall be different about a topic; null leaves it as it is."""

    title: str | None = None
    closed: bool | None = None
    hidden: bool | None = None
    by: UserNumber | None = None


class TopicShown(BaseModel):
    """A topic of a forum."""

    id: int
    title: str
    creator: UserNumber
    closed: bool
    hidden: bool
    messages: int


class ForumAsked(Asked):
    """Whether a group is a forum."""

    enabled: bool


class InviteAsked(Asked):
    """A link by which people come in; with `asks` an administrator lets them in."""

    by: UserNumber | None = None
    asks: bool = False
    title: str = ""
    limit: int = 0


class InviteShown(BaseModel):
    """An invite link."""

    link: str
