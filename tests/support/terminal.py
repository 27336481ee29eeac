"""A person at a terminal, for programs that ask: they get a pseudo-terminal and typed answers."""

import os
import pty
import select
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Conversation:
    """What was shown, and how the program ended."""

    code: int
    shown: str


def converse(
    command: Sequence[str],
    answers: Sequence[tuple[str, str]],
    environment: Mapping[str, str],
    *,
    seconds: float = 60,
) -> Conversation:
    """Run a program at a terminal; type each answer once its question was shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], list(command), dict(environment))  # noqa: S606 - no shell is wanted
    try:
        shown = type_answers(terminal, list(answers), time.monotonic() + seconds)
    finally:
        os.close(terminal)
    return Conversation(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown)


def type_answers(terminal: int, answers: list[tuple[str, str]], deadline: float) -> str:
    """Read until the program ends, answering on the way."""
    shown = b""
    unread = 0
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        shown += piece
        if not piece:
            break
        if answers and answers[0][0].encode() in shown[unread:]:
            unread = len(shown)
            os.write(terminal, answers.pop(0)[1].encode())
    return shown.decode(errors="replace")
