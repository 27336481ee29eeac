"""The real process on servers of its own, from nothing to stored and back."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from db.embedded import erase

TROUPE = str(Path(sys.executable).with_name("troupe"))
PERSONA = """\
key: anna
name: Anna
disclosure: Speaks for Example Ltd; a machine helps it write
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, portal: BlockingPortal) -> Iterator[Run]:
    """Run `troupe` with no setting but its data folder."""
    home = tmp_path / "home with a space"
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {**kept, "TROUPE_HOME": str(home), "TELEGRAM_SERVER": "127.0.0.1:9"}

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [TROUPE, *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    try:
        yield call
    finally:
        portal.call(erase, home)


def test_a_process_brings_its_own_servers_and_schema_and_the_next_one_finds_what_it_stored(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "anna.yaml"
    file.write_text(PERSONA)
    imported = run("personas", "import", str(file))
    assert (imported.returncode, imported.stderr) == (0, "")
    listed = run("personas", "list", "--json")
    (found,) = json.loads(listed.stdout)
    assert found["persona"]["key"] == "anna"
    file.write_text("key: anna\n")
    refused = run("personas", "import", str(file))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("troupe: nothing was stored")
    assert "anna.yaml:1: name: is missing" in refused.stderr


def test_usage_errors_end_with_2(run: Run) -> None:
    ended = run("accounts", "nonsense")
    assert ended.returncode == 2
    assert ended.stdout == ""
