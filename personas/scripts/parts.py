"""What all parts of a script share: frozen pieces, texts, and their placeholders."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from personas.persona import as_list

PLACEHOLDERS = frozenset({"persona", "disclosure"})
"""What a persona fills in: its name, and what its bio says."""
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
TELEGRAM_TEXT_LIMIT = 4096
"""Telegram's limit for a message, counted as Telegram counts: in UTF-16 units."""

Example = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TELEGRAM_TEXT_LIMIT)
]
VariableName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
ListIfOne = BeforeValidator(as_list, json_schema_input_type=str | list[str])
"""Lets one text stand where a list of texts is meant."""


class Part(BaseModel):
    """A piece of a script: it never changes, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def refuse_unknown_placeholders(text: str, known: frozenset[str] = PLACEHOLDERS) -> None:
    """Raise ValueError for braces that nothing will fill."""
    for name in PLACEHOLDER.findall(text):
        if name not in known:
            listed = ", ".join("{" + one + "}" for one in sorted(known))
            raise ValueError(f"{{{name}}} is not a placeholder; there are {listed}")
    if re.search(r"[{}]", PLACEHOLDER.sub("", text)):
        raise ValueError(f"“{text[:40]}” has a brace that belongs to no placeholder")


def refuse_doubles(values: Iterable[str], what: str) -> None:
    """Raise ValueError when a value stands twice."""
    for value, count in Counter(values).items():
        if count > 1:
            raise ValueError(f"the {what} “{value[:60]}” stands there {count} times")


def telegram_length(text: str) -> int:
    """Count characters as Telegram does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
