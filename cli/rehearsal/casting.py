"""What is taken along from the house: personas, scripts, schedules, terms; nothing is changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cli.compose import Company, company
from cli.hindrances import live_grant
from cli.rehearsal.options import RehearsalOptions
from cli.settings import Settings
from orchestrator.errors import BadInput, NotFound
from orchestrator.ports.accounts import Account, AccountState
from orchestrator.ports.campaigns import Campaign, Schedule
from orchestrator.ports.grants import Grant, Review
from orchestrator.tuning import Tuning
from personas.persona import Persona
from personas.scripts.model import Script, ScriptKind


@dataclass(frozen=True, slots=True)
class Part:
    """One account with its persona and its schedule."""

    account: str
    persona: Persona
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Casting:
    """A campaign with everything that it speaks from."""

    campaign: Campaign
    channel: str
    parts: tuple[Part, ...]
    scripts: tuple[Script, ...]
    versions: Mapping[str, int]
    """The version of each script in production, by its key."""
    comments_per_post: int
    tuning: Tuning
    remarks: tuple[str, ...]
    """What would be otherwise in life, one sentence each."""


async def read_casting(settings: Settings, options: RehearsalOptions) -> Casting:
    """Read the campaign from the house; raises NotFound or BadInput with the remedy."""
    async with company(settings) as house:
        campaign = await campaign_named(house, options.campaign)
        schedules = schedules_of(campaign, await title_of(house, options.channel))
        published = await house.stage.library.published(ScriptKind.COMMENT)
        wanted = campaign.script_keys
        scripts = [one.script for one in published if not wanted or one.script.key in wanted]
        if not scripts:
            raise BadInput(
                f"{campaign.name} has no comment script in production: import one with "
                "`troupe scripts import FILE`, or publish it with `troupe scripts publish KEY`"
            )
        channel = schedules[0].channel
        grant = live_grant(await house.service.grants.list(channel))
        records = await house.service.library.scripts()
        return Casting(
            campaign=campaign,
            channel=channel,
            parts=await parts_of(house, schedules),
            scripts=tuple(scripts),
            versions={one.key: one.version for one in records},
            comments_per_post=1 if grant is None else grant.comments_per_post,
            tuning=house.stage.tuning,
            remarks=(
                *remarks_on(campaign, channel, grant),
                *remarks_on_accounts(await house.service.accounts.list(), schedules),
            ),
        )


async def campaign_named(house: Company, name: str) -> Campaign:
    """Return the campaign; raises NotFound with the names there are, or how to add the first."""
    known = [one.name for one in await house.service.campaigns.list()]
    if not known:
        raise NotFound(
            "there is no campaign yet: add one with "
            f"`troupe campaigns add {name} --channel @CHANNEL --account NAME`, then rehearse it"
        )
    return await house.service.campaigns.show(name)


async def title_of(house: Company, channel: str | None) -> str | None:
    """Return the title of a channel that may be named otherwise; raises NotFound."""
    if channel is None:
        return None
    return (await house.stage.stores.channels.channel_named(channel)).title


def schedules_of(campaign: Campaign, channel: str | None) -> list[Schedule]:
    """Return the schedules of one channel; raises BadInput where it is not clear which."""
    channels = list(dict.fromkeys(one.channel for one in campaign.schedules if one.is_active))
    if channel is None and len(channels) == 1:
        channel = channels[0]
    if channel not in channels:
        named = ", ".join(channels) or "no channel"
        raise BadInput(f"{campaign.name} speaks in {named}: name one with --channel")
    return [one for one in campaign.schedules if one.channel == channel and one.is_active]


async def parts_of(house: Company, schedules: Sequence[Schedule]) -> tuple[Part, ...]:
    """Find who speaks as whom; raises BadInput for an account without a persona."""
    accounts = {one.name: one for one in await house.service.accounts.list()}
    personas = {one.persona.key: one.persona for one in await house.service.library.personas()}
    parts: list[Part] = []
    for schedule in schedules:
        persona = personas.get(accounts[schedule.account].persona or "")
        if persona is None:
            raise BadInput(
                f"{schedule.account} has no persona to speak as: give it one with "
                f"`troupe accounts add {schedule.account} --persona KEY`"
            )
        parts.append(Part(schedule.account, persona, schedule))
    return tuple(parts)


def remarks_on(campaign: Campaign, channel: str, grant: Grant | None) -> list[str]:
    """Say what would keep these words from being said in life, or hold them up."""
    remarks = []
    if grant is None:
        remarks.append(f"No live grant lets us comment in {channel}: in life nothing is said.")
    elif grant.review is Review.REQUIRED:
        remarks.append("The grant asks for review: in life each comment waits for a person.")
    if campaign.state != "running":
        remarks.append(f"The campaign is {campaign.state}: in life it says nothing before a start.")
    return remarks


def remarks_on_accounts(accounts: Sequence[Account], schedules: Sequence[Schedule]) -> list[str]:
    """Say which of the campaign's accounts would be silent in life."""
    planned = {schedule.account for schedule in schedules}
    return [
        f"{one.name} is {one.state.replace('_', ' ')}: in life it says nothing."
        for one in accounts
        if one.name in planned and one.state is not AccountState.ACTIVE
    ]
