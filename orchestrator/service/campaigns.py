"""What doors may ask about campaigns."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.actor import Actor
from orchestrator.campaigns.window import Window, zone_named
from orchestrator.errors import BadInput
from orchestrator.ports.campaigns import Campaign, CampaignState, NewCampaign, NewSchedule
from orchestrator.stage import Stage


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """A campaign in a person's words: names, hours, numbers."""

    name: str
    channels: tuple[str, ...]
    accounts: tuple[str, ...]
    comments_per_day: int
    start: str
    end: str
    time_zone: str
    goal: str = ""
    scripts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Campaigns:
    """So many comments a day, between these hours, in these channels."""

    stage: Stage

    async def add(self, actor: Actor, plan: CampaignPlan) -> Campaign:
        """Record a campaign that schedules each account in each channel; it waits for its start."""
        check_plan(plan)
        zone_named(plan.time_zone)
        campaign = NewCampaign(
            name=plan.name,
            time_zone=plan.time_zone,
            goal=plan.goal,
            script_keys=plan.scripts,
            schedules=await self.schedules(plan),
        )
        return await self.stage.stores.campaigns.add_campaign(actor, campaign)

    async def schedules(self, plan: CampaignPlan) -> tuple[NewSchedule, ...]:
        """Turn names into one schedule for each account and channel."""
        window = Window.between(plan.start, plan.end)
        channels = [await self.stage.stores.channels.channel_named(name) for name in plan.channels]
        accounts = [await self.stage.stores.accounts.account_named(name) for name in plan.accounts]
        for key in plan.scripts:
            await self.stage.stores.library.script_named(key)
        return tuple(
            NewSchedule(account.id, channel.id, plan.comments_per_day, window)
            for channel in channels
            for account in accounts
        )

    async def list(self) -> Sequence[Campaign]:
        """Return all campaigns by name."""
        return await self.stage.stores.campaigns.campaigns()

    async def show(self, name: str) -> Campaign:
        """Return one campaign; raises NotFound."""
        return await self.stage.stores.campaigns.campaign_named(name)

    async def start(self, actor: Actor, name: str) -> Campaign:
        """Let the campaign speak."""
        return await self.move(actor, name, CampaignState.RUNNING)

    async def pause(self, actor: Actor, name: str) -> Campaign:
        """Silence the campaign until it is started again; what waits goes on waiting."""
        return await self.move(actor, name, CampaignState.PAUSED)

    async def stop(self, actor: Actor, name: str) -> Campaign:
        """End the campaign for good; what waits is failed with that reason."""
        return await self.move(actor, name, CampaignState.STOPPED)

    async def move(self, actor: Actor, name: str, state: CampaignState) -> Campaign:
        """Bring the campaign into a state; a stopped one stays stopped."""
        campaign = await self.stage.stores.campaigns.campaign_named(name)
        await self.stage.stores.campaigns.set_campaign_state(actor, campaign.id, state)
        return await self.stage.stores.campaigns.campaign_named(name)


def check_plan(plan: CampaignPlan) -> None:
    """Refuse a plan that could never speak."""
    if not plan.name.strip():
        raise BadInput("a campaign needs a name")
    if not plan.channels or not plan.accounts:
        raise BadInput("a campaign needs at least one channel and one account")
    if not 1 <= plan.comments_per_day <= 1000:
        raise BadInput("comments per day lie between 1 and 1000")
