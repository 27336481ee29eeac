"""What alembic compares, and what it leaves alone: partitions, which follow from their tables."""

import re

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.sql.base import SchemaVisitable

PARTITION = re.compile(
    r"^(posts_\d\d|(session_logs|operation_logs|contact_activity)_(default|\d{4}_\d\d))$"
)


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave partitions out."""
    return kind != "table" or name is None or not PARTITION.match(name)


def is_drawn(
    thing: SchemaVisitable,
    _name: str | None,
    _kind: str,
    _reflected: bool,
    _compared_to: SchemaVisitable | None,
) -> bool:
    """Leave out the copies of a foreign key that PostgreSQL makes for each partition."""
    if not isinstance(thing, ForeignKeyConstraint):
        return True
    return not any(PARTITION.match(key.target_fullname.split(".")[0]) for key in thing.elements)
