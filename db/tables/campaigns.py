"""Campaigns and the hours in which their accounts speak."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    SmallInteger,
    Table,
    Text,
    text,
    true,
)

from db.tables.base import identity, metadata, moment_now, one_of, reference, several, words
from orchestrator.ports.campaigns import CampaignState

START_OF_DAY = "'^([01][0-9]|2[0-3]):[0-5][0-9]$'"
END_OF_DAY = "'^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$'"

campaigns = Table(
    "campaigns",
    metadata,
    identity(),
    Column("name", Text, nullable=False, unique=True),
    words("time_zone"),
    words("state", server_default=CampaignState.DRAFT),
    several("script_keys"),
    words("goal", server_default=""),
    words("created_by"),
    moment_now("created_at"),
    one_of("state", CampaignState),
)

schedules = Table(
    "schedules",
    metadata,
    identity(),
    reference("campaign_id", "campaigns.id", index=True),
    reference("account_id", "accounts.id"),
    reference("channel_id", "channels.id", index=True),
    Column("comments_per_day", SmallInteger, nullable=False),
    # Local times as "HH:MM": a day ends at 24:00, which a time of Python's cannot hold.
    words("start_time"),
    words("end_time"),
    Column("is_active", Boolean, nullable=False, server_default=true()),
    moment_now("created_at"),
    CheckConstraint("comments_per_day > 0", name="comments_per_day"),
    CheckConstraint(f"start_time ~ {START_OF_DAY}", name="start_time"),
    CheckConstraint(f"end_time ~ {END_OF_DAY} AND end_time <> start_time", name="end_time"),
    # One that ended (its campaign was stopped, its channel removed) stands in nobody's way.
    Index(
        "uq_schedules_account_id_channel_id",
        "account_id",
        "channel_id",
        unique=True,
        postgresql_where=text("is_active"),
    ),
)
