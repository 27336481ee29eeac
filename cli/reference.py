"""The parts of the documentation that follow from the code: `python -m cli.reference` writes them.

A test fails when they are not what this module would write.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from cli.main import app
from cli.settings import Settings
from cli.simulate.reference import simulator_page

ROOT = Path(__file__).parent.parent
WRITTEN = "<!-- written by `python -m cli.reference`; change the code, not this page -->"
TABLE_BEGINS, TABLE_ENDS = "<!-- settings begin -->", "<!-- settings end -->"


def pages() -> dict[Path, str]:
    """Return every file that follows from the code, with what it must say."""
    return {
        ROOT / ".env.example": environment_example(),
        ROOT / "docs/reference/configuration.md": configuration_page(),
        ROOT / "docs/reference/cli.md": commands_page(),
        ROOT / "docs/reference/simulator.md": simulator_page(WRITTEN),
    }


def settings_rows() -> Iterator[tuple[str, str, str]]:
    """Yield each setting's variable, its default as text (empty for none), and what it means."""
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias or name).upper()
        default = "" if field.default_factory or field.default is None else str(field.default)
        yield variable, default, field.description or ""


def environment_example() -> str:
    """Write every setting with its default, commented out."""
    lines = [
        "# Copy this file to .env and set what you need; nothing is needed for `make demo`.",
        "",
    ]
    for variable, default, meaning in settings_rows():
        lines += [f"# {meaning}", f"# {variable}={default}", ""]
    return "\n".join(lines)


def configuration_page() -> str:
    """Write the reference of all settings."""
    return f"""# Configuration

{WRITTEN}

Settings come from the environment; a file `.env` in the current folder stands behind it. An empty
variable counts as unset: what `.env` says of it holds then, or else the default. A wrong value is
refused with a sentence that names the variable, before anything is started. Names, hours and
numbers of campaigns are not settings: they are stored, see [the command line](cli.md).

{settings_table()}

`DATABASE_URL` and `REDIS_URL` may be set independently: what is not named, Troupe starts by itself.
`TROUPE_ENCRYPTION_KEY` holds 32 random bytes in base64 (`openssl rand -base64 32`); several keys,
the newest first, are divided by commas.
"""


def settings_table() -> str:
    """Write a Markdown table of all settings."""
    lines = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for variable, default, meaning in settings_rows():
        lines.append(f"| `{variable}` | {f'`{default}`' if default else '–'} | {meaning} |")
    return "\n".join(lines)


def commands_page() -> str:
    """Write the reference of all commands."""
    return "\n".join(
        [
            "# The command line",
            "",
            WRITTEN,
            "",
            "Every listing takes `--json` and then prints one JSON value on standard output, and",
            "nothing else. An error is one sentence on standard error, with exit code 1; wrong",
            "usage ends with 2, Ctrl-C with 130. `troupe --install-completion` completes in your",
            "shell.",
            "",
            *described(typer.main.get_command(app), ("troupe",)),
        ]
    )


def described(command: Any, path: tuple[str, ...]) -> Iterator[str]:  # noqa: ANN401 - Typer keeps its click to itself
    """Yield the lines about a command and those below it."""
    below = getattr(command, "commands", {})
    if len(path) == 2 and below:
        yield from (f"## `{' '.join(path)}`", "", command.help or "", "")
    if not below:
        yield from described_command(command, path)
    for name, child in below.items():
        yield from described(child, (*path, name))


def described_command(command: Any, path: tuple[str, ...]) -> Iterator[str]:  # noqa: ANN401
    """Yield the lines about one command that does something."""
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    usage = [
        f"{'' if one.required else '['}{shown(one)}{'' if one.required else ']'}"
        for one in arguments
    ]
    yield from (f"### `{' '.join((*path, *usage))}`", "", command.help or "", "")
    rows = [f"- `{shown(one)}`: {one.help}" for one in arguments if one.help]
    rows += [
        f"- `{shown(one)}`: {one.help}{default_of(one)}" for one in options if one.name != "help"
    ]
    yield from (*rows, "") if rows else ()
    yield from (f"`{(command.epilog or '').removeprefix('Example: ')}`", "")


def shown(parameter: Any) -> str:  # noqa: ANN401
    """Return a parameter as it is typed."""
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper()
    return str(max(parameter.opts, key=len))


def default_of(parameter: Any) -> str:  # noqa: ANN401
    """Return what holds when an option is left out."""
    if parameter.required:
        return " (required)"
    default = parameter.default
    return "" if default in (None, False, "", ()) or callable(default) else f" (default: {default})"


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_settings(readme.read_text(encoding="utf-8")), encoding="utf-8")


def with_settings(readme: str) -> str:
    """Put the table of settings between its marks."""
    before, _, rest = readme.partition(TABLE_BEGINS)
    _, _, after = rest.partition(TABLE_ENDS)
    return (
        f"{before}{TABLE_BEGINS}\n\n{settings_table()}\n\n{TABLE_ENDS}{after}" if rest else readme
    )


if __name__ == "__main__":
    main()
