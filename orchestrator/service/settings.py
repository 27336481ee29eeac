"""Numbers that operators set, checked against the type of what they replace."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from orchestrator.actor import Actor
from orchestrator.errors import BadInput
from orchestrator.ports.logs import SettingsStore
from orchestrator.spans import parse_span
from orchestrator.tuning import Tuning
from personas.problems import Problem, problems_of

TUNING = TypeAdapter(Tuning)
NEGATIVE_SPAN = '"-P'
"""How a span below nothing begins in JSON text."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One number: its name, what holds now, and what holds when nobody set it."""

    key: str
    value: str
    default: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One number, with what it means."""

    key: str
    value: str
    default: str
    meaning: str


@dataclass(frozen=True, slots=True)
class SettingsDesk:
    """Reads and changes settings; a running node takes up some at once, the rest when it starts."""

    store: SettingsStore

    async def list(self) -> Sequence[Setting]:
        """Return every setting with its value and its default, as JSON text."""
        stored = await self.store.settings()
        defaults = dict(flatten(plain(Tuning())))
        now = dict(flatten(plain(tuned(stored))))
        return [Setting(key, now[key], default) for key, default in defaults.items()]

    async def show(self, key: str) -> Explained:
        """Return one setting with its meaning; raises BadInput for a key that there is not."""
        for one in await self.list():
            if one.key == key:
                return Explained(key, one.value, one.default, meaning_of(key))
        raise unknown(key)

    async def put(self, actor: Actor, key: str, value: str) -> str:
        """Set one and return it as JSON text, a span in ISO 8601.

        Raises BadInput for an unknown key or a value that does not fit it.
        """
        stored = await self.store.settings()
        now = dict(flatten(plain(tuned({**stored, key: value}, given=key))))
        if NEGATIVE_SPAN in now[key]:
            raise BadInput(f"{key}: no span of time is shorter than nothing")
        await self.store.put_setting(actor, key, now[key])
        return now[key]

    async def tuning(self) -> Tuning:
        """Return all numbers as they hold now."""
        return tuned(await self.store.settings())


def tuned(overrides: Mapping[str, str], given: str | None = None) -> Tuning:
    """Put stored values (JSON text by dotted key) over the defaults; raises BadInput.

    `given` is the key that somebody sets now: a refusal names it.
    """
    tree = plain(Tuning())
    for key, value in overrides.items():
        place(tree, key, read_value(key, value))
    try:
        return TUNING.validate_python(tree)
    except ValidationError as error:
        raise BadInput(refusal(problems_of(error)[0], given)) from None


def refusal(problem: Problem, given: str | None) -> str:
    """Name the key and say what is wrong; what concerns several is told of the one given."""
    path = "" if problem.path == "document" else problem.path
    key = given if given and f"{given}.".startswith(f"{path}." if path else "") else path
    if not key:
        return problem.sentence
    sentence = problem.sentence
    for name in (key, key.rpartition(".")[2]):
        if sentence.startswith(f"{name} must "):
            sentence = sentence.removeprefix(f"{name} ")
    return f"{key}: {sentence}"


def plain(tuning: Tuning) -> dict[str, Any]:
    """Lay the numbers out as JSON values; durations are seconds or ISO 8601 ("PT30S")."""
    tree: dict[str, Any] = TUNING.dump_python(tuning, mode="json")
    return tree


def read_value(key: str, value: str) -> object:
    """Read a value as JSON, as a span like 15m, or as the text that it is."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        if not value.strip():
            raise BadInput(f"setting {key} needs a value") from None
        span = parse_span(value)
        return value if span is None else span.total_seconds()


def place(tree: dict[str, Any], key: str, value: object) -> None:
    """Put a value at its dotted key; raises BadInput for a key that there is not."""
    *branches, leaf = key.split(".")
    for branch in branches:
        below = tree.get(branch)
        if not isinstance(below, dict):
            raise unknown(key)
        tree = below
    if leaf not in tree or isinstance(tree[leaf], dict):
        raise unknown(key)
    tree[leaf] = value


def unknown(key: str) -> BadInput:
    """Say that there is no such setting."""
    return BadInput(f'there is no setting "{key}": see `troupe settings list`')


def meaning_of(key: str) -> str:
    """Return what the documentation says of the group of a number, then of the number itself."""
    told = TypeAdapter(tuple[Tuning], config=ConfigDict(use_attribute_docstrings=True))
    classes: dict[str, Any] = told.json_schema()["$defs"]
    kind = Tuning.__name__
    said: list[str] = []
    for step in key.split("."):
        described = classes[kind]["properties"][step]
        said.append(described.get("description", ""))
        of = kind
        kind = described.get("$ref", "").rpartition("/")[2]
    said[-1] = said[-1] or classes[kind or of].get("description", "")
    return " ".join(filter(None, said))


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield each number with its dotted key, as JSON text."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", json.dumps(value)
