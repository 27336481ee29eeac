"""Which failures of PostgreSQL concern the values that it was given, and which only the moment."""

from typing import Final

from asyncpg.exceptions import DataError

BAD_VALUES: Final = ("22", "23")
"""Classes of SQLSTATE: data exceptions and broken constraints; the same again fails again."""

ROLLED_BACK: Final = "40"
"""The class of deadlocks and serialisation failures: the same again may well succeed."""


def is_refusal(error: BaseException) -> bool:
    """Tell whether PostgreSQL, or its driver, will never take these values."""
    return any(
        isinstance(cause, DataError) or sqlstate(cause).startswith(BAD_VALUES)
        for cause in causes(error)
    )


def is_rollback(error: BaseException) -> bool:
    """Tell whether another transaction got in the way."""
    return any(sqlstate(cause).startswith(ROLLED_BACK) for cause in causes(error))


def sqlstate(error: BaseException) -> str:
    """Return PostgreSQL's code for a failure, or nothing."""
    return str(getattr(error, "sqlstate", None) or "")


def causes(error: BaseException) -> list[BaseException]:
    """Return an exception and all that it came from."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__
    return chain
