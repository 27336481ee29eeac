"""Personas and scripts as files: YAML or JSON, one or many in a file, one file or a folder of them.

Everything is checked before anything is returned, so that a mistake stores nothing; each problem is
told with its file, its line where that is known, its place in the document, and a sentence.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel

from orchestrator.errors import BadInput
from personas.persona import Persona
from personas.problems import InvalidDocument, Problem, parse, path_of
from personas.scripts.model import Script

Model = TypeVar("Model", bound=BaseModel)

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SUFFIXES = (".yaml", ".yml", ".json")
LARGEST_FILE = 8 * 1024 * 1024
MOST_PROBLEMS = 20
"""How many problems are told at once."""


@dataclass(frozen=True, slots=True)
class Document:
    """One persona or script as it stands in a file, with the line of each of its parts."""

    file: Path
    content: object
    lines: Mapping[str, int] = field(default_factory=dict)
    """By path (`triggers[2].responses[0]`); "" is the document. Empty for JSON that is no YAML."""

    def describe(self, problem: Problem) -> str:
        """Say where the problem is, as editors and people read it."""
        line = self.line_of(problem.path)
        place = f"{self.file}:{line}" if line else str(self.file)
        return f"{place}: {problem}"

    def line_of(self, path: str) -> int | None:
        """Return the line of the path, or of the nearest part around it."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path)


def read_personas(path: Path) -> list[Persona]:
    """Read personas from a file or a folder; raises BadInput."""
    return read_models(path, Persona)


def read_scripts(path: Path) -> list[Script]:
    """Read scripts from a file or a folder; raises BadInput."""
    return read_models(path, Script)


def read_models(path: Path, model: type[Model]) -> list[Model]:
    """Read every document below `path` as a `model`; raises BadInput with all problems found."""
    return [read for _, read in read_documents(path, model)]


def read_documents(path: Path, model: type[Model]) -> list[tuple[Document, Model]]:
    """Read every document below `path`, each with where it stands; raises BadInput."""
    found: dict[str, tuple[Document, Model]] = {}
    problems: list[str] = []
    for document in documents_in(path):
        try:
            read = parse(model, document.content)
        except InvalidDocument as invalid:
            problems += [document.describe(problem) for problem in invalid.problems]
            continue
        key = str(getattr(read, "key", ""))
        if key in found:
            problems.append(document.describe(Problem("key", f"“{key}” stands there twice")))
        found[key] = (document, read)
    if problems:
        raise BadInput(told(problems))
    if not found:
        raise BadInput(f"{path} holds nothing to import")
    return list(found.values())


def told(problems: Sequence[str]) -> str:
    """Put problems under each other; the first ones are enough to begin with."""
    more = len(problems) - MOST_PROBLEMS
    rest = [f"… and {more} more"] if more > 0 else []
    return "\n".join(["nothing was stored:", *problems[:MOST_PROBLEMS], *rest])


def documents_in(path: Path) -> Iterator[Document]:
    """Yield the documents of a file, or of each YAML and JSON file in a folder."""
    for file in files_in(path):
        text = text_of(file)
        yield from (
            json_documents(file, text) if file.suffix == ".json" else yaml_documents(file, text)
        )


def files_in(path: Path) -> list[Path]:
    """Return the file itself, or the files that a folder holds, by name; raises BadInput."""
    if not path.is_dir():
        return [path]
    files = sorted(one for one in path.iterdir() if one.suffix in SUFFIXES and one.is_file())
    if not files:
        raise BadInput(f"{path} holds no file that ends with {', '.join(SUFFIXES)}")
    return files


def text_of(file: Path) -> str:
    """Read a file; raises BadInput for one that is missing, far too large or no text."""
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise BadInput(f"{file} is larger than {LARGEST_FILE // 1024**2} MB: split it")
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{file} is not UTF-8: save it as UTF-8 text") from None


def json_documents(file: Path, text: str) -> Iterator[Document]:
    """Yield what a JSON file holds; raises BadInput."""
    try:
        content = json.loads(text, object_pairs_hook=without_doubles)
    except json.JSONDecodeError as error:
        raise BadInput(f"{file}:{error.lineno}: not JSON: {error.msg}") from None
    except (InvalidDocument, RecursionError) as error:
        raise BadInput(f"{file}: {error}") from None
    yield from entries_of(file, content, json_lines(file, text))


def json_lines(file: Path, text: str) -> Mapping[str, int]:
    """Return the line of each part; JSON is nearly always YAML too, else lines stay unknown."""
    loader = Loader(text)
    try:
        return dict(LineWalk(file).lines_of(loader.get_single_node(), ()))
    except (yaml.YAMLError, BadInput, RecursionError):
        return {}
    finally:
        loader.dispose()


def without_doubles(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Build a mapping; a key that stands twice would silently lose a value."""
    mapping: dict[str, object] = {}
    for key, value in pairs:
        if key in mapping:
            raise InvalidDocument((Problem(key, "stands there twice"),))
        mapping[key] = value
    return mapping


def yaml_documents(file: Path, text: str) -> Iterator[Document]:
    """Yield each document of a YAML file, and each entry of a list; raises BadInput."""
    loader = Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            lines = dict(LineWalk(file).lines_of(node, ()))
            content = loader.construct_document(node)
            yield from entries_of(file, content, lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file}:{mark.line + 1}" if mark else str(file)
        raise BadInput(f"{place}: not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadInput(f"{file}: not YAML: {error}") from None
    finally:
        loader.dispose()


def entries_of(file: Path, content: object, lines: Mapping[str, int]) -> Iterator[Document]:
    """Yield the document, or each entry of one that is a list, with the lines of its own."""
    if not isinstance(content, list):
        if content is not None:
            yield Document(file, content, lines)
        return
    for index, entry in enumerate(content):
        prefix = f"[{index}]"
        own = {
            path.removeprefix(prefix).removeprefix("."): line
            for path, line in lines.items()
            if path.startswith(prefix)
        }
        yield Document(file, entry, own)


@dataclass(slots=True)
class LineWalk:
    """Finds each part's line; refuses doubled keys, and aliases (a small file could grow huge)."""

    file: Path
    seen: set[int] = field(default_factory=set)

    def lines_of(self, node: yaml.Node, path: tuple[str | int, ...]) -> Iterator[tuple[str, int]]:
        """Yield each path below the node with its line, counted from 1."""
        line = node.start_mark.line + 1
        if id(node) in self.seen:
            raise BadInput(f"{self.file}:{line}: write it out: YAML aliases (*name) are not taken")
        self.seen.add(id(node))
        yield (path_of(path) if path else "", line)
        if isinstance(node, yaml.MappingNode):
            yield from self.lines_of_mapping(node, path)
        elif isinstance(node, yaml.SequenceNode):
            for index, entry in enumerate(node.value):
                yield from self.lines_of(entry, (*path, index))

    def lines_of_mapping(
        self, node: yaml.MappingNode, path: tuple[str | int, ...]
    ) -> Iterator[tuple[str, int]]:
        """Yield the paths below a mapping, each with the line of its key."""
        keys: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if str(key.value) in keys:
                raise BadInput(f"{self.file}:{line}: {key.value}: stands there twice")
            keys.add(str(key.value))
            below = (*path, str(key.value))
            yield from self.lines_of(value, below)
            yield path_of(below), line


def as_yaml(models: Sequence[BaseModel]) -> str:
    """Write personas or scripts so that they read back the same: one document each."""
    contents = [model.model_dump(mode="json", exclude_defaults=True) for model in models]
    return yaml.safe_dump_all(contents, allow_unicode=True, sort_keys=False, width=100)
