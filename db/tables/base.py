"""The one MetaData, and the columns that many tables share."""

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    MetaData,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def identity() -> Column[int]:
    """Make the primary key that PostgreSQL counts."""
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def number(name: str, *, server_default: str | None = None) -> Column[int]:
    """Make a whole number that must be there."""
    return Column(name, BigInteger, nullable=False, server_default=server_default)


def maybe_number(name: str) -> Column[int]:
    """Make a whole number that may be missing, such as an identifier of Telegram's."""
    return Column(name, BigInteger)


def words(name: str, *, server_default: str | None = None) -> Column[str]:
    """Make a text that must be there."""
    return Column(name, Text, nullable=False, server_default=server_default)


def maybe_words(name: str) -> Column[str]:
    """Make a text that may be missing."""
    return Column(name, Text)


def several(name: str) -> Column[list[str]]:
    """Make a list of texts, empty when nothing is said."""
    return Column(name, ARRAY(Text), nullable=False, server_default="{}")


def document(name: str, *, default: str | None = "{}") -> Column[Any]:
    """Make a JSON value; with `default` None it must be given."""
    return Column(name, JSONB, nullable=False, server_default=default)


def maybe_document(name: str) -> Column[Any]:
    """Make a JSON value that may be missing."""
    return Column(name, JSONB)


def moment(name: str) -> Column[Any]:
    """Make a time that may not have come yet."""
    return Column(name, DateTime(timezone=True))


def moment_of(name: str) -> Column[Any]:
    """Make a time that must be given."""
    return Column(name, DateTime(timezone=True), nullable=False)


def moment_now(name: str) -> Column[Any]:
    """Make a time that is the transaction's when nothing is said."""
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def reference(
    name: str, target: str, *, primary_key: bool = False, index: bool = False
) -> Column[int]:
    """Point at a row of another table that must be there."""
    return Column(
        name, BigInteger, ForeignKey(target), nullable=False, primary_key=primary_key, index=index
    )


def maybe_reference(name: str, target: str, *, index: bool = False) -> Column[int]:
    """Point at a row of another table that may be missing."""
    return Column(name, BigInteger, ForeignKey(target), index=index)


def one_of(column: str, values: type[StrEnum] | tuple[str, ...]) -> CheckConstraint:
    """Hold a text column to a list of words (a CHECK migrates more easily than an enum type)."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
