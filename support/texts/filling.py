"""Filling variables in: `{name}`, and nothing else of Python's formats."""

import re
from html import escape

VARIABLE = re.compile(r"\{([a-z_]+)\}")


def variables_of(text: str) -> frozenset[str]:
    """Return the variables that a text has."""
    return frozenset(VARIABLE.findall(text))


def fill(text: str, values: dict[str, object], *, as_html: bool = True) -> str:
    """Put values in; what is missing stays as written. For HTML the values are escaped."""

    def value_of(match: re.Match[str]) -> str:
        if match[1] not in values:
            return match[0]
        value = str(values[match[1]])
        return escape(value, quote=False) if as_html else value

    return VARIABLE.sub(value_of, text)
