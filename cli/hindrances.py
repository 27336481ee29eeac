"""What would keep a running campaign silent or late: told when it is started, and what helps."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cli.output import counted
from orchestrator.ports.accounts import Account, AccountState
from orchestrator.ports.campaigns import Campaign
from orchestrator.ports.channels import Channel
from orchestrator.ports.grants import Grant
from orchestrator.ports.telegram import Role

if TYPE_CHECKING:
    from orchestrator.service.service import Service


async def hindrances(service: "Service", campaign: Campaign) -> list[str]:
    """Read what the campaign stands on, and say what is missing."""
    grants, accounts = await service.grants.list(None), await service.accounts.list()
    channels = await service.channels.list()
    return [
        *missing_grants(campaign, grants),
        *silent_accounts(campaign, accounts),
        *late_channels(campaign, channels),
    ]


def missing_grants(campaign: Campaign, grants: Sequence[Grant]) -> Iterator[str]:
    """Say where nothing may be said now."""
    for channel in dict.fromkeys(one.channel for one in campaign.schedules):
        there = [one for one in grants if one.channel_title == channel]
        if live_grant(there) is None:
            yield f"Nothing is said in {channel} without a live grant: troupe grants add --help"


def silent_accounts(campaign: Campaign, accounts: Sequence[Account]) -> Iterator[str]:
    """Say who does not speak now."""
    planned = {one.account for one in campaign.schedules}
    for account in accounts:
        if account.name not in planned:
            continue
        if account.state is AccountState.NEW:
            yield (
                f"{account.name} is silent before it is signed in: "
                f"troupe accounts login {account.name}"
            )
        elif account.state is not AccountState.ACTIVE:
            yield (
                f"{account.name} is silent while it is {account.state.replace('_', ' ')}: "
                f"troupe accounts show {account.name}"
            )
        elif account.disclosed_at is None:
            yield (
                f"{account.name} is silent before its bio says whom it speaks for: "
                f"troupe accounts disclose {account.name}"
            )


def late_channels(campaign: Campaign, channels: Sequence[Channel]) -> Iterator[str]:
    """Say where posts are seen late, for Telegram tells only members of them as they come."""
    planned = {one.channel for one in campaign.schedules}
    for channel in channels:
        if channel.title in planned and (late := seen_late(channel)):
            yield late


def seen_late(channel: Channel) -> str | None:
    """Say that a channel's reader is no member, and what that costs; None for one that is."""
    if channel.reader_role is not Role.PUBLIC:
        return None
    every = counted(channel.monitoring_interval // timedelta(minutes=1), "minute")
    return (
        f"Posts of {channel.title} are seen only when it is compared, every {every}: "
        f"{channel.reader} is no member there; have a person join it"
    )


def live_grant(grants: Sequence[Grant]) -> Grant | None:
    """Return the grant that lets comment now, if there is one."""
    now = datetime.now(UTC)
    return next(
        (
            one
            for one in grants
            if one.revoked_at is None
            and one.suspended_at is None
            and (one.expires_at is None or one.expires_at > now)
        ),
        None,
    )
