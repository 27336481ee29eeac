"""Prompts: one file for each version, never changed once it was used.

A file is named `NAME-VERSION.md`. It holds only what is the same for every post; what changes
(persona and scripts, then the post) is put behind it, so that providers' prompt caches hit.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of a prompt."""

    name: str
    version: int
    text: str
    sha256: str
    """Of the file."""


@cache
def load_prompt(name: str, version: int) -> Prompt:
    """Read a prompt that comes with Troupe."""
    content = files("llm.prompts").joinpath(f"{name}-{version}.md").read_bytes()
    text = content.decode("utf-8").strip()
    return Prompt(name, version, text, hashlib.sha256(content).hexdigest())
