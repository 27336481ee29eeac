"""What is asked of a person at the terminal; secrets are typed unseen and never are arguments."""

import asyncio
import getpass
import os
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import typer

from cli.output import complain
from orchestrator.errors import BadInput

Answer = TypeVar("Answer")


class NobodyAnswers(BadInput):
    """There is nobody at the terminal, so that asking again is of no use."""


async def asked_until_right(read: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask, and ask again while what was answered cannot be used; raises NobodyAnswers."""
    while True:
        try:
            return await read()
        except NobodyAnswers:
            raise
        except BadInput as wrong:
            complain(str(wrong))


async def asked_phone() -> str:
    """Return a phone number that a person types, asking until it is one; raises NobodyAnswers."""
    from accounts.signin import check_phone

    async def read() -> str:
        return check_phone(await aside(ask, "Phone number (international form, like +4930123456)"))

    return await asked_until_right(read)


def phone_in(file: Path) -> str:
    """Return the phone number in a file, or in standard input; raises BadInput."""
    from accounts.signin import check_phone

    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{file} is no text: it is to hold a phone number") from None
    return check_phone(text)


def ask(question: str) -> str:
    """Ask at the terminal; raises NobodyAnswers."""
    typer.echo(f"{question}: ", nl=False, err=True)
    return answered(input)


def ask_unseen(question: str) -> str:
    """Ask for a secret, which is not shown; raises NobodyAnswers."""
    if not sys.stdin.isatty():
        return ask(question)  # a program answers, and there is nothing that could be shown
    return answered(lambda: getpass.getpass(f"{question}: ", stream=sys.stderr))


def answered(read: Callable[[], str]) -> str:
    """Return what a person answered, without the spaces around it; raises NobodyAnswers."""
    try:
        return read().strip()
    except EOFError:
        raise NobodyAnswers("nothing was answered: run this at a terminal") from None


class TerminalAnswers:
    """Asks what signing in needs, while the connection stays alive."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    async def code(self) -> str:
        """Return the code that Telegram sent."""
        return await aside(ask_unseen, self.once_more("Code that Telegram sent"))

    async def password(self, hint: str | None) -> str:
        """Return the two-step password."""
        hinted = f" (hint: {hint})" if hint else ""
        return await aside(ask_unseen, self.once_more(f"Two-step password{hinted}"))

    def once_more(self, question: str) -> str:
        """Say that the last answer was wrong when the same is asked again."""
        if question in self.asked:
            return f"That was not right. {question}"
        self.asked.add(question)
        return question

    async def name(self) -> str:
        """Return a first name for a number that has no account yet."""
        return await aside(ask, "This number is new to Telegram; first name")


async def aside(ask_person: Callable[[str], str], question: str) -> str:
    """Ask in a thread of its own, which Ctrl-C need not wait for."""
    answer: Future[str] = Future()

    def work() -> None:
        with suppress(InvalidStateError):  # cancelled: nobody waits any more
            try:
                answer.set_result(ask_person(question))
            except (BadInput, OSError) as failed:
                answer.set_exception(failed)

    with terminal_kept():
        threading.Thread(target=work, name="asking", daemon=True).start()
        return await asyncio.wrap_future(answer)


@contextmanager
def terminal_kept() -> Iterator[None]:
    """Leave the terminal as it was found, also when a hidden answer is never given."""
    try:
        import termios
    except ImportError:
        yield
        return
    try:
        found = termios.tcgetattr(sys.stdin)
    except (termios.error, ValueError, OSError):
        yield
        return
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, found)


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
    typer.echo(f"{question} [y/N] ", nl=False, err=True)
    with suppress(EOFError):
        if input().strip().lower() in {"y", "yes"}:
            return
    raise BadInput("nothing was changed; --yes goes on without asking")
