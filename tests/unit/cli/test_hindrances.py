"""What a person is told who starts a campaign that cannot speak yet."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cli.hindrances import late_channels, missing_grants, silent_accounts
from orchestrator.campaigns.window import Window
from orchestrator.ids import (
    AccountId,
    CampaignId,
    ChannelId,
    GrantId,
    MessageId,
    ScheduleId,
    TelegramId,
)
from orchestrator.ports.accounts import Account, AccountState
from orchestrator.ports.campaigns import Campaign, CampaignState, Schedule
from orchestrator.ports.channels import Channel
from orchestrator.ports.grants import Grant, GrantProof, GrantScope, Review
from orchestrator.ports.telegram import Role

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SCHEDULE = Schedule(
    id=ScheduleId(1),
    account="anna",
    channel="News",
    comments_per_day=5,
    window=Window.between("09:00", "23:00"),
    is_active=True,
    sent_today=0,
)
CAMPAIGN = Campaign(CampaignId(1), "spring", "UTC", "", CampaignState.RUNNING, (), (SCHEDULE,))
ANNA = Account(
    id=AccountId(1),
    name="anna",
    phone_hint="22",
    telegram_id=None,
    username=None,
    first_name=None,
    bio=None,
    persona="nina",
    disclosure="Speaks for us",
    state=AccountState.ACTIVE,
    state_reason=None,
    disclosed_at=NOON,
    last_used_at=None,
    created_at=NOON,
)
GRANT = Grant(
    id=GrantId(1),
    channel=ChannelId(1),
    channel_title="News",
    channel_telegram_id=TelegramId(7),
    account=ANNA.id,
    granted_by="olga",
    proof=GrantProof.CREATOR,
    scope=GrantScope.COMMENTS,
    comments_per_post=1,
    review=Review.REQUIRED,
    linked_group=TelegramId(8),
    starts_at=NOON,
    expires_at=None,
    verified_at=NOON,
    suspended_at=None,
    suspended_reason=None,
    revoked_at=None,
    revoked_by=None,
)

CHANNEL = Channel(
    id=ChannelId(1),
    telegram_id=TelegramId(7),
    title="News",
    username="news",
    description="",
    members_count=None,
    is_active=True,
    last_checked=None,
    monitoring_interval=timedelta(minutes=15),
    linked_group=TelegramId(8),
    last_message=MessageId(0),
    reader="anna",
    reader_role=Role.PUBLIC,
)


@pytest.mark.parametrize(
    ("grant", "missing"),
    [
        (GRANT, 0),
        (replace(GRANT, channel_title="Other"), 1),
        (replace(GRANT, revoked_at=NOON), 1),
        (replace(GRANT, suspended_at=NOON), 1),
        (replace(GRANT, expires_at=datetime.now(UTC) - timedelta(days=1)), 1),
    ],
)
def test_a_channel_without_a_live_grant_is_named(grant: Grant, missing: int) -> None:
    told = list(missing_grants(CAMPAIGN, [grant]))
    assert len(told) == missing
    assert all("News" in sentence for sentence in told)


@pytest.mark.parametrize(
    ("account", "told"),
    [
        (ANNA, None),
        (replace(ANNA, name="boris", state=AccountState.NEW), None),
        (replace(ANNA, state=AccountState.NEW), "troupe accounts login anna"),
        (replace(ANNA, disclosed_at=None), "troupe accounts disclose anna"),
        (replace(ANNA, state=AccountState.NEEDS_LOGIN), "needs login: troupe accounts show anna"),
    ],
)
def test_an_account_of_the_campaign_that_does_not_speak_is_named(
    account: Account, told: str | None
) -> None:
    said = list(silent_accounts(CAMPAIGN, [account]))
    assert bool(said) == (told is not None)
    assert all(str(told) in sentence for sentence in said)


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        (CHANNEL, "only when it is compared, every 15 minutes: anna is no member"),
        (replace(CHANNEL, title="Other"), None),
        (replace(CHANNEL, reader_role=Role.MEMBER), None),
        (replace(CHANNEL, reader=None, reader_role=None), None),
    ],
)
def test_a_channel_whose_reader_is_no_member_is_said_to_be_seen_late(
    channel: Channel, told: str | None
) -> None:
    said = list(late_channels(CAMPAIGN, [channel]))
    assert bool(said) == (told is not None)
    assert all(str(told) in sentence for sentence in said)
