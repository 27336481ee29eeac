"""One organisation's first day, played with real `troupe` processes on the local Telegram."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from simulator.server import TelegramServer, serve
from simulator.world.channels import Channel
from tests.fixtures.commands import Troupe, environment, quiet_logging, refused, troupe
from tests.support.terminal import Conversation, converse

__all__ = ["environment", "quiet_logging", "troupe"]

TROUPE = str(Path(sys.executable).with_name("troupe"))
PHONE = "+9996621001"
CODE = "2" * 5
PERSONA = """\
key: anna
name: Anna
languages: [en]
disclosure: Speaks for Example Ltd; a machine helps it write
"""
SCRIPT = """\
key: space
kind: comment
name: Space
language: en
triggers:
  - key: launch
    examples:
      - The rocket launched a new telescope into orbit today
      - A launch of a satellite was successful this morning
      - The second stage of the rocket reached its orbit
    responses:
      - Which of its instruments are you most curious about?
      - How long will it take until the first data arrive?
counterexamples:
  - A recipe for apple pie with cinnamon
  - Our shop is open on Sundays
"""


@dataclass(frozen=True)
class Organisation:
    """The command, and a Telegram with the organisation's channel."""

    command: Troupe
    telegram: TelegramServer
    channel: Channel
    portal: BlockingPortal

    def troupe(self, *arguments: str, given: str = "") -> str:
        """Run a command that must succeed, and return what it wrote."""
        ended = self.command(*arguments, given=given)
        assert ended.code == 0, ended.err
        return ended.out

    def json(self, *arguments: str) -> Any:
        """Run a command and read its JSON."""
        return self.command(*arguments, "--json").json

    def at_terminal(self, *arguments: str, answers: list[tuple[str, str]]) -> Conversation:
        """Run a process at a terminal with a person answering."""
        return converse([TROUPE, *arguments], answers, os.environ)

    def make_admin(self) -> None:
        """Let the owner make our account an admin of the channel, in Telegram itself."""
        world = self.telegram.world
        ours = world.people.by_phone[PHONE.lstrip("+")]
        self.portal.call(world.join, self.channel, ours)
        self.portal.call(world.make_admin, self.channel, ours)

    def publish(self, text: str) -> None:
        """Let the owner post."""
        self.portal.call(self.telegram.world.publish, self.channel, text)


@pytest.fixture
def organisation(
    troupe: Troupe, portal: BlockingPortal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Organisation]:
    with portal.wrap_async_context_manager(serve()) as telegram:
        owner = telegram.world.add_person("+9996629999", "Olga")
        channel = telegram.world.add_channel(
            "Space news", "space_news", owner=owner, linked=True, guests=True
        )
        key = tmp_path / "telegram.pem"
        key.write_text(telegram.public_key)
        monkeypatch.setenv("TELEGRAM_API_ID", str(telegram.api_id))
        monkeypatch.setenv("TELEGRAM_API_HASH", telegram.api_hash)
        monkeypatch.setenv("TELEGRAM_SERVER", f"{telegram.host}:{telegram.port}")
        monkeypatch.setenv("TELEGRAM_DC_ID", str(telegram.dc_id))
        monkeypatch.setenv("TELEGRAM_PUBLIC_KEY_FILE", str(key))
        monkeypatch.setenv("WEB_PORT", str(free_port()))
        yield Organisation(troupe, telegram, channel, portal)


def test_an_account_signs_in_discloses_comments_and_takes_it_back(
    organisation: Organisation, tmp_path: Path
) -> None:
    run = organisation.troupe
    (tmp_path / "anna.yaml").write_text(PERSONA)
    (tmp_path / "space.yaml").write_text(SCRIPT)
    run("personas", "import", str(tmp_path / "anna.yaml"))
    run("scripts", "import", str(tmp_path / "space.yaml"))
    run("accounts", "add", "anna", "--persona", "anna", "--phone-file", "-", given=PHONE)
    sign_in(organisation)
    run("accounts", "disclose", "anna")
    run("channels", "add", "@space_news", "--account", "anna", "--every", "1")
    grant = ["grants", "add", "@space_news", "--account", "anna"]
    assert "nothing was granted" in refused(organisation.command(*grant))
    organisation.make_admin()
    run(*grant, "--days", "1", "--automatic")
    hours = ["--from", "00:00", "--to", "24:00"]
    run("campaigns", "add", "day", "--channel", "@space_news", "--account", "anna", *hours)
    run("campaigns", "start", "day")
    comment_and_take_it_back(organisation)


def sign_in(organisation: Organisation) -> None:
    """Type a wrong code three times, then sign in; no code is ever shown."""
    wrong = organisation.at_terminal(
        "accounts", "login", "anna", answers=[("Code that Telegram sent", "00000\n")] * 3
    )
    assert wrong.code == 1
    assert "troupe: " in wrong.shown
    assert "00000" not in wrong.shown
    right = organisation.at_terminal(
        "accounts",
        "login",
        "anna",
        answers=[("Code that Telegram sent", f"{CODE}\n"), ("first name", "Anna\n")],
    )
    assert right.code == 0, right.shown
    assert CODE not in right.shown
    assert "signed in as Anna" in right.shown
    assert "signed in already" in organisation.troupe("accounts", "login", "anna")


def comment_and_take_it_back(organisation: Organisation) -> None:
    """Run a node until a comment stands under a post; then delete it, and stop the node."""
    node = subprocess.Popen([TROUPE, "run", "--node", "first"])
    try:
        until(lambda: len(organisation.json("nodes", "list")) == 1)
        until(is_ready)
        organisation.publish("A rocket launched a new telescope into orbit this morning")
        until(lambda: [one["status"] for one in organisation.json("comments", "list")] == ["sent"])
        (comment,) = organisation.json("comments", "list")
        explained = organisation.json("comments", "explain", str(comment["id"]))
        assert explained["script"] == "space@1"
        organisation.troupe("comments", "delete", str(comment["id"]))
        (comment,) = organisation.json("comments", "list")
        assert comment["status"] == "deleted"
        organisation.troupe("grants", "revoke", "1")
        review_and_send(organisation)
        look_at_logs(organisation)
        begun = time.monotonic()
        node.send_signal(signal.SIGTERM)
        assert node.wait(timeout=30) == 0
        assert time.monotonic() - begun < 10
    finally:
        node.kill()
        node.wait()
    assert organisation.json("nodes", "list") == []


def review_and_send(organisation: Organisation) -> None:
    """Under a grant without `--automatic` a person looks first, and has the last word."""
    run = organisation.troupe
    run("grants", "add", "@space_news", "--account", "anna", "--days", "1")
    organisation.publish("The second stage of the rocket put a satellite into its orbit")
    until(lambda: len(organisation.json("review", "list")) == 1)
    (draft,) = organisation.json("review", "list")
    number = str(draft["id"])
    assert "second stage" in run("review", "show", number)
    assert "troupe: " in refused(organisation.command("review", "edit", number, "--text", ""))
    run("review", "edit", number, "--text", "Which orbit was it meant to reach?")
    run("review", "approve", number)
    until(lambda: organisation.json("comments", "list", "--status", "sent") != [])
    (comment,) = organisation.json("comments", "list", "--status", "sent")
    assert comment["text"] == "Which orbit was it meant to reach?"
    assert organisation.json("review", "list") == []


def look_at_logs(organisation: Organisation) -> None:
    """One id leads from a post to everything that came of it; metrics and figures agree."""
    # Operations are written in batches, a moment after what they tell of.
    until(lambda: len(organisation.json("logs", "operations", "--kind", "send_message")) == 2)
    sent = organisation.json("logs", "operations", "--kind", "send_message")
    story = organisation.json("logs", "operations", "--about", sent[0]["correlation"])
    assert {one["kind"] for one in story} == {"generate_comment", "send_message"}
    assert {one["node"] for one in sent} == {"first"}
    assert {one["account"] for one in sent} == {"anna"}
    assert {one["comment"] for one in sent} == {1, 2}
    kinds = [one["kind"] for one in organisation.json("logs", "sessions", "--account", "anna")]
    assert kinds[:3] == ["login", "login", "state_changed"]  # the first with a wrong code
    assert "connect" in kinds
    (account,) = organisation.json("stats")["accounts"]
    assert (account["account"], account["sent"]) == ("anna", 2)
    with httpx.Client(trust_env=False) as client:
        shown = client.get(f"http://127.0.0.1:{os.environ['WEB_PORT']}/metrics").text
    assert "troupe_accounts_held 1.0" in shown
    assert 'troupe_operations_total{kind="send_message",outcome="success"} 2.0' in shown


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_ready() -> bool:
    """Ask the node whether everything works."""
    with httpx.Client(trust_env=False) as client:
        try:
            answer = client.get(f"http://127.0.0.1:{os.environ['WEB_PORT']}/readyz")
        except httpx.ConnectError:
            return False
    return answer.status_code == 200


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Ask again until something holds; each asking opens the database, which is pause enough."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
