"""`troupe scripts`: looking at a script before anybody hears it, in a file or as it is stored."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, clean, say, show_json, show_listing
from cli.running import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cli.documents import Document
    from personas.problems import Problem
    from personas.scripts.model import Script
    from personas.scripts.runner import Turn

STORED = re.compile(r"([a-z0-9][a-z0-9_-]*)(?:@(\d+))?")

Source = Annotated[
    str,
    typer.Argument(help="A YAML or JSON file, a folder, or a stored script: `seats`, `seats@3`."),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `troupe scripts`."""
    app.command(epilog="Example: troupe scripts validate scripts/")(validate)
    app.command(epilog="Example: troupe scripts lint seats.yaml")(lint)
    app.command("test", epilog="Example: troupe scripts test seats.yaml")(rehearse)
    app.command(epilog='Example: troupe scripts preview seats.yaml --hears "hello"')(preview)
    app.command(epilog="Example: troupe scripts schema > script.schema.json")(schema)


@dataclass(frozen=True, slots=True)
class Sourced:
    """A script and where it stands."""

    script: "Script"
    document: "Document | None" = None

    def place(self, problem: "Problem") -> str:
        """Name the file and line of a problem, or the stored script."""
        if self.document is None:
            return self.script.key
        line = self.document.line_of(problem.path)
        return f"{self.document.file}:{line}" if line else str(self.document.file)


@dataclass(frozen=True, slots=True)
class Found:
    """What the linter says of one place."""

    script: str
    place: str
    path: str
    rule: str
    is_error: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Tested:
    """How one test of a script ended."""

    script: str
    test: str
    turns: int
    passed: bool
    problems: tuple[str, ...]


def validate(
    path: Annotated[Path, typer.Argument(help="A YAML or JSON file, or a folder of them.")],
) -> None:
    """Check files against the format; nothing is stored."""
    from cli.documents import read_scripts

    scripts = read_scripts(path)
    say(f"valid: {', '.join(script.key for script in scripts)}")


def lint(source: Source, as_json: AsJson = False) -> None:
    """Tell what is likely wrong with valid scripts; exit code 1 when something is an error."""
    found = [one for sourced in scripts_from(source) for one in findings_of(sourced)]
    if as_json:
        from cli.output import plain

        show_json([plain(one) for one in found])
    else:
        for one in found:
            kind = "error" if one.is_error else "advice"
            say(f"{one.place}: {one.path}: {one.sentence} [{one.rule}, {kind}]")
        say(f"{len(found)} findings" if found else "nothing to find fault with")
    if any(one.is_error for one in found):
        raise typer.Exit(1)


def findings_of(sourced: Sourced) -> "Iterator[Found]":
    """Yield what the linter says of a script."""
    from personas.scripts.linter import lint as findings

    for one in findings(sourced.script):
        place = sourced.place(one.problem)
        yield Found(
            script=sourced.script.key,
            place=place,
            path=one.problem.path,
            rule=one.rule,
            is_error=one.is_error,
            sentence=one.problem.sentence,
        )


def rehearse(source: Source, as_json: AsJson = False) -> None:
    """Lead the conversations of the scripts' own tests; exit code 1 when one goes wrong."""
    from personas.scripts.rehearsal import run_tests

    found = [
        Tested(
            sourced.script.key,
            one.name,
            one.turns,
            one.passed,
            tuple(f"{sourced.place(problem)}: {problem}" for problem in one.problems),
        )
        for sourced in scripts_from(source)
        for one in run_tests(sourced.script)
    ]
    columns: list[Column[Tested]] = [
        Column("Script", lambda one: one.script),
        Column("Test", lambda one: one.test, wide=True),
        Column("Turns", lambda one: one.turns, number=True),
        Column("Passed", lambda one: one.passed),
    ]
    show_listing(found, columns, as_json=as_json, empty="There are no tests in it.")
    if not as_json:
        for one in found:
            for problem in one.problems:
                say(problem)
    if not all(one.passed for one in found):
        raise typer.Exit(1)


def preview(
    source: Source,
    hears: Annotated[
        list[str] | None,
        typer.Option(
            help="A message of the client's; may be given again. Else they are asked for."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another number, other variants.")] = 0,
) -> None:
    """Talk to a script as a client would; nothing is sent and no model is asked."""
    from personas.scripts.runner import Incoming, Progress, advance

    scripts = scripts_from(source)
    if len(scripts) != 1 or not scripts[0].script.as_conversation.steps:
        from orchestrator.errors import BadInput

        raise BadInput(f"{source} is not one script with steps; only such a one can be talked to")
    script, progress = scripts[0].script, Progress()
    for message in messages(hears):
        turn = advance(script, progress, Incoming(message), seed)
        progress = turn.progress
        if hears is not None:
            say(f"> {message}")
        show_turn(turn)
        if progress.outcome != "waiting":
            return


def messages(given: "Sequence[str] | None") -> "Iterator[str]":
    """Yield the messages that were given, or those that a person types, up to an empty one."""
    if given is not None:
        yield from given
        return
    from cli.asking import ask

    while message := ask("client"):
        yield message


def show_turn(turn: "Turn") -> None:
    """Write what would be said, and where the conversation stands then."""
    for said in turn.says:
        for line in clean(said).splitlines():
            typer.echo(f"    {line}")
        typer.echo("")
    progress = turn.progress
    known = ", ".join(f"{name}={value}" for name, value in progress.slots.items())
    where = progress.step if progress.outcome == "waiting" else progress.outcome
    told = "; ".join(part for part in (str(where), turn.reason, known) if part)
    say(f"    [{told}]")


def schema() -> None:
    """Write the JSON schema of scripts, for editors and checks."""
    import json

    from personas.scripts.schema import json_schema

    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


def scripts_from(source: str) -> list[Sourced]:
    """Read scripts from files, or one that is stored; raises BadInput."""
    from cli.documents import read_documents
    from personas.scripts.model import Script

    stored = STORED.fullmatch(source)
    if stored is None or Path(source).exists():
        return [Sourced(script, at) for at, script in read_documents(Path(source), Script)]
    key, version = stored[1], stored[2]
    number = int(version) if version else None
    return [Sourced(run(lambda service: service.library.script_version(key, number)))]
