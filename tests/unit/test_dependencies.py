"""What the program imports is what its installation brings."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = tuple(PROJECT["tool"]["importlinter"]["root_packages"])


def imported_by(path: Path) -> set[str]:
    """Return the top-level modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def declared() -> set[str]:
    """Return the distributions that the program asks for, spelled as PyPI does."""
    names = (re.split(r"[\s<>=!~;\[]", one)[0] for one in PROJECT["project"]["dependencies"])
    return {plain(name) for name in names}


def plain(name: str) -> str:
    """Spell a distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_library_that_the_rooms_import_is_a_dependency() -> None:
    used = {
        module
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for module in imported_by(path)
    }
    owners = packages_distributions()
    outside = used - set(sys.stdlib_module_names) - set(ROOMS)
    missing = {
        module
        for module in outside
        if not declared() & {plain(name) for name in owners.get(module, [])}
    }
    # These come with a library that declares them, of which they are a part in all but name.
    assert missing <= {"numpy", "scipy", "pydantic_core", "starlette", "click"}
