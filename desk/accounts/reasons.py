"""Why conversations are handed to people, where the desk says it in its own language.

Scripts and the conversations' conductor word their reasons in English, for logs. What they say
beyond these (a script's own step) is shown as it is.
"""

import re
from dataclasses import dataclass

KNOWN = (
    (re.compile(r"the client asks for a person"), "asked"),
    (re.compile(r"more than (\d+) turns"), "turns"),
    (re.compile(r"no answer could be made in (\d+) attempts"), "attempts"),
    (re.compile(r"no script fits: .*", re.DOTALL), "no_script"),
    (re.compile(r"free talk needs a person's leave: .*", re.DOTALL), "leave"),
    (re.compile(r"the script's words were refused: .*", re.DOTALL), "refused"),
)


@dataclass(frozen=True, slots=True)
class KnownReason:
    """A reason that the desk has words for."""

    key: str
    number: str = ""
    """Of turns or attempts, where the words name it."""


def known_reason(reason: str) -> KnownReason | None:
    """Return which of the desk's words say a reason, if any do."""
    for pattern, key in KNOWN:
        if found := pattern.fullmatch(reason):
            return KnownReason(f"account.reason.{key}", "".join(found.groups()))
    return None
