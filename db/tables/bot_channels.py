"""Channels in which the desk's bot is an admin."""

from sqlalchemy import BigInteger, Boolean, Column, Table

from db.tables.base import maybe_number, maybe_words, metadata, moment_now, number, words

bot_channels = Table(
    "bot_channels",
    metadata,
    Column("bot_id", BigInteger, primary_key=True, autoincrement=False),
    Column("telegram_id", BigInteger, primary_key=True, autoincrement=False),
    words("title"),
    maybe_words("username"),
    maybe_number("linked_group_id"),
    number("added_by"),
    # False once the bot was removed, or lost its adminship.
    Column("present", Boolean, nullable=False),
    moment_now("changed_at"),
)
