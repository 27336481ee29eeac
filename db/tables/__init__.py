"""Every table, and the partitions, functions and triggers that go with them."""

from db.tables import (
    account_tickets,
    accounts,
    answers,
    bot_channels,
    campaigns,
    channels,
    conversations,
    desk,
    desk_door,
    desk_groups,
    house,
    logs,
    models,
    reloading,
    scripts,
    speech,
    study_groups,
)
from db.tables.base import metadata
from db.tables.channels import POST_PARTITIONS
from db.tables.logs import BY_MONTH
from db.tables.routines import BELLS, FUNCTIONS, TRIGGERS, bell_trigger, count_triggers

__all__ = [
    "account_tickets",
    "accounts",
    "after_tables",
    "answers",
    "bot_channels",
    "campaigns",
    "channels",
    "conversations",
    "desk",
    "desk_door",
    "desk_groups",
    "house",
    "logs",
    "metadata",
    "models",
    "reloading",
    "scripts",
    "speech",
    "study_groups",
]


def after_tables() -> tuple[str, ...]:
    """Return what the models say beside tables: the statements that complete `create_all`."""
    hashed = (
        f"CREATE TABLE posts_{n:02d} PARTITION OF posts "
        f"FOR VALUES WITH (MODULUS {POST_PARTITIONS}, REMAINDER {n})"
        for n in range(POST_PARTITIONS)
    )
    defaults = (f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT" for table in BY_MONTH)
    bells = (bell_trigger(table, topic) for table, topic in BELLS.items())
    routines = (*FUNCTIONS.values(), *TRIGGERS.values())
    return (*hashed, *defaults, *routines, *bells, *count_triggers())
