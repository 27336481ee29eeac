"""`troupe logs` and `troupe stats`, on a real database."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
import typer
from anyio.from_thread import BlockingPortal

from cli.commands.stats import bar, sparkline
from cli.spans import read_span, took
from db.engine import plain_url
from tests.fixtures.commands import Troupe, environment, quiet_logging, refused, troupe

__all__ = ["environment", "quiet_logging", "troupe"]

ACTS = """
    INSERT INTO operation_logs
        (kind, account_id, status, error_name, error_message, duration_ms, correlation_id, node,
         created_at)
    SELECT CASE n % 2 WHEN 0 THEN 'send_message' ELSE 'read_channel' END, NULL,
           CASE n % 10 WHEN 0 THEN 'failed' ELSE 'success' END,
           CASE n % 10 WHEN 0 THEN 'FLOOD_WAIT' END,
           CASE n % 10 WHEN 0 THEN 'Telegram asks to wait 30 s before the next message' END,
           n * 10, 'post-3-' || n, 'munich-1', now() - make_interval(mins => n)
    FROM generate_series(1, 100) AS n
"""
EVENTS = """
    INSERT INTO session_logs (kind, status, cause, node, started_at, ended_at)
    VALUES ('reconnect', 'completed', 'the connection to Telegram ended', 'munich-1',
            now() - interval '90 seconds', now())
"""


@pytest.fixture
def sql(database_url: str, portal: BlockingPortal) -> Iterator["Sql"]:
    """Run statements beside the command."""
    connection = portal.call(asyncpg.connect, plain_url(database_url))
    yield Sql(portal, connection)
    portal.call(connection.close)


class Sql:
    def __init__(self, portal: BlockingPortal, connection: asyncpg.Connection) -> None:
        self.portal, self.connection = portal, connection

    def __call__(self, statement: str) -> None:
        self.portal.call(self.connection.execute, statement)


def test_operations_are_shown_within_a_hundred_columns_and_as_json(
    troupe: Troupe, sql: Sql
) -> None:
    assert "Nothing of that was logged" in troupe("logs", "operations").out
    sql(ACTS)
    shown = troupe("logs", "operations", "--since", "1h30m", "--limit", "80")
    assert shown.code == 0
    assert max(map(len, shown.out.splitlines())) <= 100
    assert "FLOOD_WAIT" in shown.out
    assert "post-3-7" in shown.out
    found = troupe("logs", "operations", "--json", "--failed", "--kind", "send_message").json
    assert len(found) == 10
    assert {one["error_name"] for one in found} == {"FLOOD_WAIT"}
    assert [one["at"] for one in found] == sorted(one["at"] for one in found)
    (only,) = troupe("logs", "operations", "--json", "--about", "post-3-7").json
    assert (only["kind"], only["duration"]) == ("read_channel", 0.07)


def test_sessions_say_how_long_and_why(troupe: Troupe, sql: Sql) -> None:
    sql(EVENTS)
    shown = troupe("logs", "sessions")
    assert "1 min 30 s" in shown.out
    assert "the connection to Telegram ended" in shown.out
    assert troupe("logs", "sessions", "--kind", "login", "--json").json == []


def test_a_kind_or_an_account_that_there_is_not_is_refused(troupe: Troupe) -> None:
    ended = troupe("logs", "operations", "--kind", "nonsense")
    assert ended.code == 2
    assert "send_message" in ended.err
    assert "There is no account nobody" in refused(
        troupe("logs", "sessions", "--account", "nobody")
    )
    assert "There is no account nobody" in refused(troupe("stats", "--account", "nobody"))


def test_a_history_that_is_too_short_is_refused_and_nothing_is_stored(troupe: Troupe) -> None:
    sentence = refused(troupe("settings", "set", "retention.history", "P90D"))
    assert "at least 180 days" in sentence
    assert troupe("settings", "set", "retention.operations", "P90D").code == 0
    stored = {one["key"]: one["value"] for one in troupe("settings", "list", "--json").json}
    assert (stored["retention.history"], stored["retention.operations"]) == ('"P2Y"', '"P90D"')


def test_figures_fit_the_terminal_and_say_the_same_as_json(troupe: Troupe, sql: Sql) -> None:
    sql(ACTS)
    shown = troupe("stats", "--since", "3h")
    assert max(map(len, shown.out.splitlines())) <= 100
    for said in ("What was done", "send_message", "80.0%", "Why it failed", "FLOOD_WAIT"):
        assert said in shown.out
    found = troupe("stats", "--since", "3h", "--json").json
    sending = next(one for one in found["operations"] if one["kind"] == "send_message")
    assert (sending["count"], sending["failed"], sending["success_rate"]) == (50, 10, 0.8)
    assert sum(step["sent"] for step in found["course"]) == 40
    assert len(found["course"]) == 24
    assert troupe("stats", "--user", "nobody", "--json").json["operations"] == []
    assert troupe("stats").code == 0


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("form", ["--json", "--failed"])
def test_following_shows_what_comes_and_ends_cleanly_on_ctrl_c(
    sql: Sql, tmp_path: Path, form: str
) -> None:
    command = [
        str(Path(sys.executable).with_name("troupe")),
        "logs",
        "operations",
        "--follow",
        form,
    ]
    sql(ACTS)
    with subprocess.Popen(
        [*command, "--limit", "5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ.copy(),
        cwd=tmp_path,
    ) as following:
        assert following.stdout is not None
        lines = [following.stdout.readline() for _ in range(5)]
        sql(ACTS.replace("'post-3-'", "'post-4-'").replace("(1, 100)", "(10, 10)"))
        lines.append(following.stdout.readline())
        following.send_signal(signal.SIGINT)
        rest, complaints = following.communicate(timeout=30)
    assert (following.returncode, rest, complaints) == (0, "", "")
    assert "post-4-10" in lines[-1]
    if form == "--json":
        assert json.loads(lines[-1])["error_name"] == "FLOOD_WAIT"


@pytest.mark.parametrize(
    ("typed", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("1h30m", timedelta(minutes=90)),
        ("7d", timedelta(days=7)),
        ("2W", timedelta(weeks=2)),
    ],
)
def test_a_span_is_read_as_people_type_it(typed: str, span: timedelta) -> None:
    assert read_span(typed) == span


@pytest.mark.parametrize("typed", ["", "1", "h", "-1h", "1y", "0s", "1h x", "99999d"])
def test_nonsense_is_no_span(typed: str) -> None:
    with pytest.raises(typer.BadParameter):
        read_span(typed)


def test_durations_are_written_in_the_unit_in_which_they_differ() -> None:
    written = [took(timedelta(seconds=one)) for one in (0.07, 1.25, 90, 3700)]
    assert written == ["70 ms", "1.2 s", "1 min 30 s", "1 h 1 min"]


def test_small_pictures_show_the_largest_the_smallest_and_nothing() -> None:
    assert sparkline([0, 1, 50, 100]) == "▁▂▅█"
    assert sparkline([0, 0]) == "▁▁"
    assert (bar(0), bar(1), bar(2)) == ("░" * 12, "█" * 12, "█" * 12)
