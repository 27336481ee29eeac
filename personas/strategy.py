"""How closely a line follows its script."""

from enum import StrEnum

SCRIPT_FITS_ABOVE = 0.7
"""A fit above this speaks the script; a script may set its own limit."""


class Strategy(StrEnum):
    """The two ways in which a line comes about."""

    SCRIPT_80 = "script_80"
    """The script's words, adapted in tone."""
    FREE_20 = "free_20"
    """Free talk with the script's hints; it needs a model or a person."""


def strategy_for(fit: float, limit: float = SCRIPT_FITS_ABOVE) -> Strategy:
    """Return the strategy for a fit of 0 to 1."""
    return Strategy.SCRIPT_80 if fit > limit else Strategy.FREE_20
