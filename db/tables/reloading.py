"""What nodes say of the scripts that they use, and which versions were good."""

from sqlalchemy import BigInteger, Column, ForeignKey, ForeignKeyConstraint, Table, Text

from db.tables.base import maybe_number, maybe_words, metadata, moment_now, number, words

# No reference to scripts: what a node says may come a moment after a script is gone.
script_acknowledgements = Table(
    "script_acknowledgements",
    metadata,
    Column("node", Text, ForeignKey("nodes.name", ondelete="CASCADE"), primary_key=True),
    Column("script_id", BigInteger, primary_key=True, autoincrement=False),
    Column("label", Text, primary_key=True),
    maybe_number("version_id"),
    maybe_number("refused_id"),
    maybe_words("why"),
    moment_now("acknowledged_at"),
)

# What is spoken where a label points at a version that cannot be used, also after a restart.
script_last_good = Table(
    "script_last_good",
    metadata,
    Column("script_id", BigInteger, primary_key=True, autoincrement=False),
    Column("label", Text, primary_key=True),
    number("version_id"),
    words("noted_by"),
    moment_now("noted_at"),
    ForeignKeyConstraint(
        ["script_id", "version_id"],
        ["script_versions.script_id", "script_versions.id"],
        ondelete="CASCADE",
    ),
)
