"""The command line itself: help, usage errors, quick starts."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from cli.commands.house import last_seen
from cli.main import app, main
from cli.output import show_json
from orchestrator.errors import NotAllowed
from orchestrator.ids import NodeName
from orchestrator.ports.leases import Incarnation, NodeRecord
from orchestrator.service.nodes import NodeStanding, seen

LIBRARIES = """
    sqlalchemy asyncpg alembic redis telethon sklearn numpy openai aiogram fastapi uvicorn
    cryptography structlog pydantic_settings keyring
"""
HEAVY = set(LIBRARIES.split())


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Walk every command below a group."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))


ALL = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("path", [path for path, _ in ALL], ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*path, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize(
    ("path", "command"),
    [(path, command) for path, command in ALL if not hasattr(command, "commands")],
    ids=[" ".join(path) for path, command in ALL if not hasattr(command, "commands")],
)
def test_every_command_has_an_example_that_begins_with_itself(
    path: tuple[str, ...], command: Any
) -> None:
    assert (command.epilog or "").startswith(f"Example: troupe {' '.join(path)}")


@pytest.mark.parametrize(
    "path", [path for path, command in ALL if "list" in path[-1]], ids=" ".join
)
def test_every_listing_can_be_had_as_json(path: tuple[str, ...]) -> None:
    assert "--json" in CliRunner(env={"COLUMNS": "100"}).invoke(app, [*path, "--help"]).output


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["accounts", "pause"],
        ["grants", "add", "@x", "--account", "anna", "--per-post", "99"],
        ["review", "approve", "seven"],
        ["comments", "list", "--status", "nonsense"],
        ["demo", "--speed", "0"],
    ],
)
def test_wrong_usage_ends_with_2_and_touches_nothing(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["outbox", "show", "x"], "'message': must be a whole number"),
        (["outbox", "list", "--limit", "0"], "'--limit': must be at least 1"),
        (["simulate", "--port", "99999"], "'--port': must be at most 65533"),
        (["comments", "list", "--status", "new"], "'--status': 'new' is not one of"),
        (["hours", "holiday", "office", "May"], "'day': must be a day like 2026-05-31"),
        (["demo", "--inject", "rain"], "'rain' is not one of flood, slow-mode"),
    ],
)
def test_a_wrong_value_is_told_in_our_words(arguments: list[str], sentence: str) -> None:
    told = CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments).output
    assert sentence in told
    assert "alue error" not in told
    assert "Input should" not in told


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from cli.main import app\n"
        "try:\n    app(['--help'])\n"
        "except SystemExit:\n    pass\n"
        "print('MODULES', *{name.partition('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.partition("MODULES")[2].split())
    assert "typer" in loaded
    assert loaded & HEAVY == set()


def test_an_error_of_ours_is_one_sentence_on_stderr_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise NotAllowed("anna is banned: nobody takes her place\x1b[2J")

    monkeypatch.setattr("cli.main.app", refuse)
    with pytest.raises(SystemExit) as ended:
        main()
    shown = capsys.readouterr()
    assert ended.value.code == 1
    assert shown.err == "troupe: anna is banned: nobody takes her place[2J\n"
    assert shown.out == ""


def test_errors_of_ours_in_a_group_are_told_like_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        inner = ExceptionGroup("lanes", [NotAllowed("anna is banned")])
        raise ExceptionGroup("node", [inner, NotAllowed("boris too")])

    monkeypatch.setattr("cli.main.app", refuse)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "troupe: anna is banned\n"


def test_a_bug_in_a_group_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ExceptionGroup("node", [NotAllowed("anna is banned"), ZeroDivisionError()])

    monkeypatch.setattr("cli.main.app", fail)
    with pytest.raises(ExceptionGroup):
        main()


def test_an_interrupt_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.main.app", interrupt)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130


def test_json_is_written_in_the_letters_of_its_language(capsys: pytest.CaptureFixture[str]) -> None:
    show_json(["Привет"])
    assert capsys.readouterr().out == '["Привет"]\n'


def test_shell_completion_comes_with_it() -> None:
    assert "--install-completion" in CliRunner().invoke(app, ["--help"]).output


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert re.fullmatch(r"troupe \d+\.\d+\.\d+\n", result.output)


def test_a_node_that_gave_no_sign_while_it_was_watched_is_called_silent() -> None:
    now = datetime.now(UTC)
    node = NodeRecord(
        NodeName("a"),
        "host",
        1,
        "0.1.0",
        now,
        now,
        draining=False,
        accounts=1,
        incarnation=Incarnation(1),
        beat=7,
        unseen=timedelta(seconds=1),
    )
    assert seen(node, moved=True, leads=True).standing is NodeStanding.ALIVE
    assert seen(replace(node, draining=True), moved=True, leads=False).standing == "draining"
    silent = seen(node, moved=False, leads=True)
    assert (silent.standing, silent.leads) == (NodeStanding.SILENT, False)
    assert last_seen(silent) == "now"
    assert last_seen(replace(silent, unseen=timedelta(seconds=14))) == "14 s ago"
