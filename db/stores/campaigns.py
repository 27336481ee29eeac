"""Campaigns and schedules."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.audit import write_audit
from db.stores.cancelling import WAITING_FOR_CAMPAIGN, Reason, cancel_all_of
from db.stores.library import listed
from db.tables.accounts import accounts
from db.tables.campaigns import campaigns, schedules
from db.tables.channels import channels
from db.tables.speech import comments
from orchestrator.actor import Actor
from orchestrator.campaigns.window import Window, clock_text
from orchestrator.errors import AlreadyExists, NotAllowed, NotFound
from orchestrator.ids import CampaignId, ScheduleId
from orchestrator.ports.campaigns import (
    Campaign,
    CampaignState,
    NewCampaign,
    NewSchedule,
    Schedule,
)
from personas.silence import SilenceReason


class PostgresCampaigns:
    """Campaigns in PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def add_campaign(self, actor: Actor, campaign: NewCampaign) -> Campaign:
        """Record a campaign with its schedules, all or nothing."""
        try:
            async with transaction(self.engine) as connection:
                campaign_id = await self.insert_campaign(connection, actor, campaign)
                for schedule in campaign.schedules:
                    await connection.execute(
                        insert(schedules).values(schedule_values(campaign_id, schedule))
                    )
                subject = f"campaign {campaign.name}"
                after = {"schedules": len(campaign.schedules), "time_zone": campaign.time_zone}
                await write_audit(connection, actor, "add_campaign", subject, after=after)
        except IntegrityError as error:
            raise await self.already_exists(campaign, str(error.orig)) from None
        return await self.campaign_named(campaign.name)

    async def insert_campaign(
        self, connection: AsyncConnection, actor: Actor, campaign: NewCampaign
    ) -> int:
        """Insert the campaign's own row."""
        result = await connection.execute(
            insert(campaigns)
            .values(
                name=campaign.name,
                time_zone=campaign.time_zone,
                goal=campaign.goal,
                script_keys=list(campaign.script_keys),
                created_by=actor.name,
            )
            .returning(campaigns.c.id)
        )
        return int(result.scalar_one())

    async def already_exists(self, campaign: NewCampaign, problem: str) -> AlreadyExists:
        """Say which rule of uniqueness stands in the way, and what of ours."""
        if "uq_schedules" not in problem:
            return AlreadyExists(
                f'there is a campaign "{campaign.name}" already: choose another name'
            )
        wanted = [(one.account, one.channel) for one in campaign.schedules]
        statement = select_schedules().where(
            schedules.c.is_active,
            tuple_(schedules.c.account_id, schedules.c.channel_id).in_(wanted),
        )
        async with transaction(self.engine) as connection:
            row = (await connection.execute(statement)).first()
        if row is None:  # it was stopped in this moment, or the plan names a pair twice
            return AlreadyExists("an account can have one schedule in a channel: try again")
        return AlreadyExists(
            f'{row.account} speaks in {row.channel} for the campaign "{row.campaign}" already: '
            "stop that one first, or choose another account"
        )

    async def campaigns(self) -> Sequence[Campaign]:
        """Return all campaigns by name."""
        async with transaction(self.engine) as connection:
            rows = (await connection.execute(select(campaigns).order_by("name"))).all()
            parts = (await connection.execute(select_schedules())).all()
        return [campaign_of(row, parts) for row in rows]

    async def campaign_named(self, name: str) -> Campaign:
        """Return the campaign; raises NotFound with the names there are."""
        found = await self.campaigns()
        for campaign in found:
            if campaign.name == name:
                return campaign
        raise NotFound(f'there is no campaign "{name}"; {listed([c.name for c in found])}')

    async def set_campaign_state(
        self, actor: Actor, campaign: CampaignId, state: CampaignState
    ) -> None:
        """Start, pause or stop it; stopping fails what waits for it and ends its schedules."""
        async with transaction(self.engine) as connection:
            row = (
                await connection.execute(
                    select(campaigns)
                    .where(campaigns.c.id == campaign)
                    .with_for_update(key_share=True)
                )
            ).one()
            if row.state == CampaignState.STOPPED:
                raise NotAllowed(f"{row.name} was stopped for good: add a new campaign")
            await connection.execute(
                update(campaigns).where(campaigns.c.id == campaign).values(state=state)
            )
            if state is CampaignState.STOPPED:
                detail = f"the campaign was stopped by {actor.name}"
                why = Reason(SilenceReason.CANCELLED, detail)
                await connection.execute(
                    update(schedules)
                    .where(schedules.c.campaign_id == campaign)
                    .values(is_active=False)
                )
                await cancel_all_of(connection, WAITING_FOR_CAMPAIGN, campaign, why)
            await write_audit(
                connection,
                actor,
                "set_campaign_state",
                f"campaign {row.name}",
                before={"state": row.state},
                after={"state": state},
            )


def schedule_values(campaign: int, schedule: NewSchedule) -> dict[str, object]:
    """Lay a schedule out as its row."""
    return {
        "campaign_id": campaign,
        "account_id": schedule.account,
        "channel_id": schedule.channel,
        "comments_per_day": schedule.comments_per_day,
        "start_time": clock_text(schedule.window.start),
        "end_time": clock_text(schedule.window.end),
    }


def select_schedules() -> Select[Any]:
    """Select schedules with names, and with what was sent today in the campaign's time zone."""
    today = func.date(func.timezone(campaigns.c.time_zone, func.now()))
    sent_today = (
        select(func.count())
        .where(comments.c.schedule_id == schedules.c.id, comments.c.counted_on == today)
        .scalar_subquery()
    )
    return (
        select(
            schedules,
            accounts.c.name.label("account"),
            channels.c.title.label("channel"),
            campaigns.c.name.label("campaign"),
            sent_today.label("sent_today"),
        )
        .join(accounts, accounts.c.id == schedules.c.account_id)
        .join(channels, channels.c.id == schedules.c.channel_id)
        .join(campaigns, campaigns.c.id == schedules.c.campaign_id)
        .order_by(accounts.c.name, channels.c.title)
    )


def campaign_of(row: Row[Any], parts: Sequence[Row[Any]]) -> Campaign:
    """Read a campaign with those of the schedules that are its own."""
    return Campaign(
        id=CampaignId(row.id),
        name=row.name,
        time_zone=row.time_zone,
        goal=row.goal,
        state=CampaignState(row.state),
        script_keys=tuple(row.script_keys),
        schedules=tuple(schedule_of(part) for part in parts if part.campaign_id == row.id),
    )


def schedule_of(row: Row[Any]) -> Schedule:
    """Read a schedule."""
    return Schedule(
        id=ScheduleId(row.id),
        account=row.account,
        channel=row.channel,
        comments_per_day=row.comments_per_day,
        window=Window.between(row.start_time, row.end_time),
        is_active=row.is_active,
        sent_today=row.sent_today,
    )
