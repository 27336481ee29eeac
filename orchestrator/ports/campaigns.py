"""Campaigns and their schedules."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from orchestrator.actor import Actor
from orchestrator.campaigns.window import Window
from orchestrator.ids import AccountId, CampaignId, ChannelId, ScheduleId


class CampaignState(StrEnum):
    """Only a running campaign speaks."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class NewSchedule:
    """How much one account may say in one channel."""

    account: AccountId
    channel: ChannelId
    comments_per_day: int
    window: Window


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """A campaign as a person describes it."""

    name: str
    time_zone: str
    goal: str
    script_keys: tuple[str, ...]
    """Empty: every active comment script may be used."""
    schedules: tuple[NewSchedule, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """One account in one channel, as stored."""

    id: ScheduleId
    account: str
    channel: str
    comments_per_day: int
    window: Window
    is_active: bool
    sent_today: int


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign on record."""

    id: CampaignId
    name: str
    time_zone: str
    goal: str
    state: CampaignState
    script_keys: tuple[str, ...]
    schedules: tuple[Schedule, ...]


class CampaignStore(Protocol):
    """Campaigns."""

    async def add_campaign(self, actor: Actor, campaign: NewCampaign) -> Campaign:
        """Record a campaign (state `draft`).

        Raises AlreadyExists for its name, or when an account has a schedule in that channel
        already.
        """

    async def campaigns(self) -> Sequence[Campaign]:
        """Return all campaigns by name."""

    async def campaign_named(self, name: str) -> Campaign:
        """Return the campaign; raises NotFound with the names there are."""

    async def set_campaign_state(
        self, actor: Actor, campaign: CampaignId, state: CampaignState
    ) -> None:
        """Start, pause or stop it; stopping fails what waits in the outbox for it.

        Raises NotAllowed for one that was stopped: it stays so, whoever starts it at that moment.
        """
