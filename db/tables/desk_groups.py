"""Where the desk works, and who is invited to it."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, text

from db.tables.base import (
    maybe_number,
    metadata,
    moment,
    moment_now,
    moment_of,
    number,
    one_of,
    several,
    words,
)

desk_groups = Table(
    "desk_groups",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("use", Text, primary_key=True),
    words("title", server_default=""),
    words("added_by"),
    moment_now("added_at"),
    one_of("use", ("operators", "main")),
    Index(
        "uq_desk_groups_operators", "use", unique=True, postgresql_where=text("use = 'operators'")
    ),
)

# Groups that became supergroups: Telegram gives them another number.
desk_moved_groups = Table(
    "desk_moved_groups",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    number("moved_to"),
    moment_now("moved_at"),
)

desk_invites = Table(
    "desk_invites",
    metadata,
    # The code itself is in the link only.
    Column("code_hash", LargeBinary, primary_key=True),
    several("roles"),
    words("invited_by"),
    moment_now("invited_at"),
    moment_of("expires_at"),
    maybe_number("used_by"),
    moment("used_at"),
)

__all__ = ["desk_groups", "desk_invites", "desk_moved_groups"]
