"""The shape of what is answered."""

from typing import Any

Json = dict[str, Any]


def given(**fields: object) -> Json:
    """Keep the fields that say something."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], False)}
