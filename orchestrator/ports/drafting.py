"""What is known when somebody decides about a post, and where the decision goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from orchestrator.actor import Actor
from orchestrator.campaigns.window import Window
from orchestrator.ids import (
    AccountId,
    CampaignId,
    CommentId,
    DraftId,
    GrantId,
    PostRef,
    ScheduleId,
)
from orchestrator.ports.grants import Review
from orchestrator.ports.writing import Line
from personas.persona import Persona
from personas.silence import Silence
from personas.summary import PostSummary


@dataclass(frozen=True, slots=True)
class LiveGrant:
    """The grant under which a comment would be sent."""

    id: GrantId
    comments_per_post: int
    review: Review
    starts_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Turn:
    """One account that is scheduled for the channel in a running campaign."""

    schedule: ScheduleId
    campaign: CampaignId
    account: AccountId
    account_name: str
    speaks: bool
    """Whether the account's state lets it speak."""
    persona: Persona
    time_zone: str
    window: Window
    comments_per_day: int
    promised_today: int
    """Comments sent, waiting or in review today (campaign's time zone) in this channel."""
    last_spoke: datetime | None
    script_keys: tuple[str, ...]
    promised_tomorrow: int = 0
    """Those that wait for the next day, or are in review for it."""


@dataclass(frozen=True, slots=True)
class PostContext:
    """Everything that the decision about one post looks at."""

    post: PostRef
    text: str
    published_at: datetime
    is_gone: bool
    decided: bool
    """Whether a comment, a draft or a silence stands under the post already."""
    grant: LiveGrant | None
    turns: tuple[Turn, ...]
    """Of running campaigns with an active schedule only."""
    recent: tuple[str, ...]
    """What was said lately in that channel, newest first."""
    summary: PostSummary | None = None
    """What was made of the post before, if it was looked at already."""


@dataclass(frozen=True, slots=True)
class NewDraft:
    """A line that an account might say under a post."""

    post: PostRef
    turn: Turn
    grant: GrantId
    line: Line
    due_at: datetime
    expires_at: datetime
    summary: PostSummary | None = None
    """What the post is in a few words; kept with the first decision about it."""


class DraftState(StrEnum):
    """Where a draft is."""

    REVIEW = "review"
    QUEUED = "queued"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft on record."""

    id: DraftId
    state: DraftState
    post: PostRef
    post_text: str
    channel: str
    account: str
    persona: str
    text: str
    strategy: str
    reason: str
    fit: float
    trigger: str | None
    script: str | None
    """The script's key and version, like `space@3`."""
    created_at: datetime
    decided_by: str | None


class DraftingStore(Protocol):
    """Reads the context of a decision; each outcome is one transaction."""

    async def post_context(self, post: PostRef) -> PostContext | None:
        """Return what the decision looks at, or None for an unknown post."""

    async def record_silence(
        self, post: PostRef, silence: Silence, summary: PostSummary | None = None
    ) -> None:
        """Record that nobody speaks under the post, and why (once per post)."""

    async def queue_comment(self, draft: NewDraft) -> CommentId | None:
        """Record the draft as approved by its grant, the comment and its outbox row.

        The random_id is drawn here. None when every slot under the post is taken.
        """

    async def hold_for_review(self, draft: NewDraft) -> DraftId | None:
        """Record the draft for a person to look at. None when the post was decided already."""


class ReviewStore(Protocol):
    """The review queue."""

    async def drafts(self, state: DraftState | None = DraftState.REVIEW) -> Sequence[Draft]:
        """Return drafts, oldest first."""

    async def draft(self, draft: DraftId) -> Draft:
        """Return the draft; raises NotFound."""

    async def approve_and_queue(
        self, actor: Actor, draft: DraftId, due_at: datetime, expires_at: datetime
    ) -> CommentId:
        """Queue the draft's comment.

        Raises NotAllowed when it was decided, its slot or its grant is gone.
        """

    async def edit_draft(self, actor: Actor, draft: DraftId, text: str) -> None:
        """Change the words of a draft in review."""

    async def reject_draft(self, actor: Actor, draft: DraftId, reason: str) -> None:
        """Turn the draft into a silence."""
