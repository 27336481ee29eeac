"""What is asked of a person at the terminal; secrets are typed unseen and never are arguments."""

import asyncio
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import typer

from orchestrator.errors import BadInput


def phone_number(file: Path | None) -> str:
    """Return a phone number from a file, from standard input, or typed; raises BadInput."""
    from accounts.signin import check_phone  # noqa: PLC0415 - Telethon takes its time

    return check_phone(given_phone(file))


def given_phone(file: Path | None) -> str:
    """Return what was given as a phone number."""
    if file is None:
        return ask("Phone number (international form, like +4930123456)")
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read as text: {error}") from None
    return text.strip()


def ask(question: str, *, hidden: bool = False) -> str:
    """Ask at the terminal; raises BadInput when there is nobody to answer."""
    try:
        answer: str = typer.prompt(question, hide_input=hidden, err=True)
    except (typer.Abort, EOFError):
        raise BadInput("nothing was answered: run this at a terminal") from None
    return answer.strip()


class TerminalAnswers:
    """Asks what signing in needs, while the connection stays alive."""

    async def code(self) -> str:
        """Return the code that Telegram sent."""
        return await asyncio.to_thread(ask, "Code that Telegram sent", hidden=True)

    async def password(self, hint: str | None) -> str:
        """Return the two-step password."""
        hinted = f" (hint: {hint})" if hint else ""
        return await asyncio.to_thread(ask, f"Two-step password{hinted}", hidden=True)

    async def name(self) -> str:
        """Return a first name for a number that has no account yet."""
        return await asyncio.to_thread(ask, "This number is new to Telegram; first name")


def edited(text: str) -> str:
    """Let a person change a text in the editor that EDITOR names; raises BadInput."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    if not command:
        raise BadInput("no editor is set: set EDITOR, or give the words with --text")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "draft.txt"
        file.write_text(text, encoding="utf-8")
        try:
            subprocess.run([*command, str(file)], check=True)  # noqa: S603 - the person's own editor
        except (OSError, subprocess.CalledProcessError) as error:
            raise BadInput(f"the editor failed ({error}): nothing was changed") from None
        return file.read_text(encoding="utf-8").strip()


def confirm(question: str) -> None:
    """Go on only when a person says yes; raises BadInput when nobody does."""
    try:
        agreed = typer.confirm(question, err=True)
    except (typer.Abort, EOFError):
        agreed = False
    if not agreed:
        raise BadInput("nothing was changed; --yes goes on without asking")
