"""What `troupe run` says at its start, before the node takes anything."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from cli.compose import Company
from db.engine import plain_url
from orchestrator.supervisor.node import Node
from tests.e2e.test_cli_process import PERSONA
from tests.fixtures.commands import Troupe, environment, quiet_logging, troupe

__all__ = ["environment", "quiet_logging", "troupe"]

TOKEN = "7000000001:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
BOTH = ("TELEGRAM_API_ID", "TELEGRAM_API_HASH", "https://my.telegram.org")


async def ends_at_once(found: Company, node: Node, asked: asyncio.Event) -> None:
    """Stand for a node that is asked to stop as soon as it runs."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, troupe: Troupe) -> Troupe:
    """Let nodes start beside a desk's bot, and end at once."""
    monkeypatch.setattr("cli.node.run_node", ends_at_once)
    monkeypatch.setenv("BOT_TOKEN", TOKEN)
    monkeypatch.setenv("LOG_FORMAT", "console")
    return troupe


def add_account(troupe: Troupe, database_url: str, state: str) -> None:
    """Put an account down that stands so."""
    persona = Path("anna.yaml")  # the current folder is the test's own
    persona.write_text(PERSONA)
    assert troupe("personas", "import", str(persona)).code == 0
    adding = ("accounts", "add", "anna", "--persona", "anna", "--phone-file", "-")
    assert troupe(*adding, given="+12025550123").code == 0
    asyncio.run(set_state(database_url, state))


async def set_state(database_url: str, state: str) -> None:
    connection = await asyncpg.connect(plain_url(database_url))
    try:
        await connection.execute("UPDATE accounts SET state = $1", state)
    finally:
        await connection.close()


@pytest.mark.parametrize("state", ["active", "limited"])
def test_accounts_that_cannot_be_held_are_told_once_with_the_remedy(
    started: Troupe, database_url: str, state: str
) -> None:
    add_account(started, database_url, state)
    ended = started("run")
    assert ended.code == 0, ended.err
    (line,) = [line for line in ended.err.splitlines() if "cannot be held" in line]
    assert "1 account" in line
    assert "warning" in line
    assert all(name in line for name in BOTH)


@pytest.mark.parametrize("state", [None, "new"])
def test_a_desk_alone_needs_no_application(
    started: Troupe, database_url: str, state: str | None
) -> None:
    if state is not None:
        add_account(started, database_url, state)
    ended = started("run")
    assert ended.code == 0, ended.err
    assert "TELEGRAM_API_ID" not in ended.err


def test_nobody_is_warned_where_the_application_is_set(
    started: Troupe, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_account(started, database_url, "active")
    monkeypatch.setenv("TELEGRAM_API_ID", "12345")
    monkeypatch.setenv("TELEGRAM_API_HASH", "0123456789abcdef" * 2)
    ended = started("run")
    assert ended.code == 0, ended.err
    assert "TELEGRAM_API_ID" not in ended.err
