"""The whole world as one JSON-able value, and back again."""

import base64
import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import Any

import simulator.world as rooms
from simulator.world.events import Bulletin
from simulator.world.world import World

FORM = 1
LARGEST_PLAIN = 2**53
PLAIN = (str, float, int, type(None))
Json = Any  # a value of JSON, nested as deep as the world is

FACTORIES: dict[str, type] = {"dict": dict, "list": list, "set": set}


class SnapshotError(Exception):
    """What was given is no snapshot that this version can read."""


def save_world(world: World) -> dict[str, Json]:
    """Write down everything that is true, logs, random ids, files and logins included.

    The value holds secrets (two-step verifiers, bot tokens) and belongs to rehearsals only.
    """
    writer = Writer()
    root = {name: writer.write(value) for name, value in vars(world).items()}
    return {"form": FORM, "root": root, "objects": writer.objects}


def load_world(snapshot: dict[str, Json], world: World | None = None) -> World:
    """Make a world as it was saved, in place of what `world` held; its listeners stay.

    Raises `SnapshotError`, and changes nothing, when the snapshot cannot be read.
    """
    chosen = world or World()
    if snapshot.get("form") != FORM:
        raise SnapshotError(f"this is no snapshot of form {FORM}; save the world again")
    try:
        reader = Reader(snapshot["objects"], chosen.bulletin, world_classes())
        root = {name: reader.read(value) for name, value in snapshot["root"].items()}
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise SnapshotError(f"the snapshot is damaged ({error}); save the world again") from error
    if root.keys() != vars(chosen).keys():
        raise SnapshotError("the snapshot is of another version; save the world again")
    vars(chosen).update(root)
    return chosen


def world_classes() -> dict[str, type]:
    """Name every class of the world; nothing else is ever made of a snapshot."""
    found: dict[str, type] = {}
    for room in pkgutil.iter_modules(rooms.__path__, f"{rooms.__name__}."):
        module = importlib.import_module(room.name)
        found |= {
            name: each
            for name, each in vars(module).items()
            if isinstance(each, type) and each.__module__ == room.name
        }
    return found


def slots_of(thing: object) -> Iterator[tuple[str, object]]:
    """Give the attributes of a world's object by name."""
    if is_dataclass(thing):
        return ((field.name, getattr(thing, field.name)) for field in fields(thing))
    return iter(vars(thing).items())


def is_plain(value: object) -> bool:
    """Tell whether JSON, read by whatever program, keeps a value as it is."""
    if isinstance(value, int):
        return abs(value) <= LARGEST_PLAIN
    return isinstance(value, PLAIN) and not isinstance(value, StrEnum)


def write_leaf(value: object) -> Json:
    """Write a value that holds no others; None for one that does."""
    shown: Json = None
    match value:
        case StrEnum():
            shown = {"e": [type(value).__name__, value.value]}
        case int():
            shown = {"i": str(value)}
        case bytes():
            shown = {"b": base64.b64encode(value).decode()}
        case datetime():
            shown = {"t": value.isoformat()}
        case timedelta():
            shown = {"s": value.total_seconds()}
        case count():
            shown = {"c": int(re.sub(r"\D", "", repr(value)))}
        case Bulletin():
            shown = {"bulletin": True}
    return shown


class Writer:
    """Writes each object once and names it by its place from then on."""

    def __init__(self) -> None:
        self.objects: list[Json] = []
        self.places: dict[int, int] = {}

    def write(self, value: object) -> Json:
        """Write one value; what is no JSON becomes an object with one letter."""
        if is_plain(value):
            return value
        leaf = write_leaf(value)
        return self.write_many(value) if leaf is None else leaf

    def write_many(self, value: object) -> Json:
        """Write what holds other values."""
        match value:
            case list():
                return [self.write(each) for each in value]
            case tuple():
                return {"u": [self.write(each) for each in value]}
            case set() | frozenset():
                letter = "f" if isinstance(value, frozenset) else "m"
                return {letter: sorted((self.write(each) for each in value), key=repr)}
            case defaultdict():
                return {"D": [(value.default_factory or dict).__name__, self.pairs(value)]}
            case dict():
                return {"d": self.pairs(value)}
        return {"o": self.place(value)}

    def pairs(self, mapping: dict[Any, Any]) -> Json:
        """Write the pairs of a mapping, in its order."""
        return [[self.write(key), self.write(each)] for key, each in mapping.items()]

    def place(self, thing: object) -> int:
        """Write an object unless that was done, and tell its place."""
        if id(thing) not in self.places:
            if not type(thing).__module__.startswith(rooms.__name__):
                raise TypeError(f"the world holds a {type(thing)}, which cannot be saved")
            place = self.places[id(thing)] = len(self.objects)
            self.objects.append(None)
            content = {name: self.write(each) for name, each in slots_of(thing)}
            self.objects[place] = [type(thing).__name__, content]
        return self.places[id(thing)]


class Reader:
    """Makes objects of what a `Writer` wrote, each once."""

    def __init__(self, objects: list[Json], bulletin: Bulletin, classes: dict[str, type]) -> None:
        self.objects, self.bulletin, self.classes = objects, bulletin, classes
        self.made: dict[int, object] = {}

    def read(self, value: Json) -> Any:  # noqa: ANN401 - a world's value may be anything
        """Read one value."""
        if isinstance(value, PLAIN):
            return value
        if isinstance(value, list):
            return [self.read(each) for each in value]
        ((letter, content),) = value.items()
        return self.read_marked(letter, content)

    def read_marked(self, letter: str, content: Json) -> Any:  # noqa: ANN401 - as above
        """Read a value by its letter."""
        simple: dict[str, Callable[[Json], Any]] = {
            "i": int,
            "b": base64.b64decode,
            "t": datetime.fromisoformat,
            "s": lambda seconds: timedelta(seconds=seconds),
            "c": count,
            "e": lambda pair: self.classes[pair[0]](pair[1]),
            "u": lambda items: tuple(self.read(items)),
            "m": lambda items: set(self.read(items)),
            "f": lambda items: frozenset(self.read(items)),
            "d": lambda pairs: dict(self.pairs(pairs)),
            "D": self.read_default,
            "o": self.find,
            "bulletin": lambda _: self.bulletin,
        }
        return simple[letter](content)

    def read_default(self, content: Json) -> Any:  # noqa: ANN401 - as above
        """Read a mapping that makes what it misses."""
        name, pairs = content
        return defaultdict(FACTORIES.get(name) or self.classes[name], self.pairs(pairs))

    def pairs(self, pairs: Json) -> list[tuple[Any, Any]]:
        """Read the pairs of a mapping."""
        return [(self.read(key), self.read(each)) for key, each in pairs]

    def find(self, place: int) -> object:
        """Give the object of a place, made before it is filled because objects may meet again."""
        if place not in self.made:
            name, content = self.objects[place]
            form = self.classes[name]
            made: object = object.__new__(form)
            self.made[place] = made
            for attribute, value in content.items():
                object.__setattr__(made, attribute, self.read(value))
        return self.made[place]
