"""`troupe personas`: who speaks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.commands.comments import summary_card
from cli.output import AsJson, Column, counted, say, show_card, show_listing
from cli.running import actor, run, run_in_company

if TYPE_CHECKING:
    from cli.compose import Company
    from orchestrator.drafting.trial import Trial, Wish
    from orchestrator.ports.library import StoredPersona

app = typer.Typer(no_args_is_help=True, help="Who speaks: characters, voices, disclosures.")

Key = Annotated[str, typer.Argument(help="The persona's key, like `anna`.")]
Tone = Literal["reserved", "plain", "warm", "lively"]
FromFile = Annotated[
    Path | None, typer.Option("--file", help="A YAML or JSON file with the whole persona.")
]
Name = Annotated[str | None, typer.Option(help="The name that readers see.")]
Disclosure = Annotated[
    str | None, typer.Option(help="For the bio, at most 70 characters: whom it speaks for.")
]
Style = Annotated[str | None, typer.Option(help="How it writes, for a model.")]
ToneOption = Annotated[Tone | None, typer.Option(help="How it sounds.")]
Languages = Annotated[
    list[str] | None, typer.Option("--language", help="ru or en; give it again for both.")
]
Interests = Annotated[
    list[str] | None, typer.Option("--interest", help="A word or phrase that it follows; again.")
]
Forbidden = Annotated[
    list[str] | None, typer.Option("--forbid", help="A topic that it never touches; again.")
]
Examples = Annotated[
    list[str] | None, typer.Option("--example", help="A line that shows its voice; again.")
]


@app.command("list", epilog="Example: troupe personas list")
def list_(as_json: AsJson = False) -> None:
    """List all personas."""
    columns: list[Column[StoredPersona]] = [
        Column("Key", lambda one: one.persona.key),
        Column("Name", lambda one: one.persona.name),
        Column("Tone", lambda one: one.persona.tone),
        Column("Languages", lambda one: one.persona.languages),
        Column("Accounts", lambda one: one.accounts),
    ]
    found = run(lambda service: service.library.personas())
    empty = "No persona yet; begin with: troupe personas add KEY, or troupe personas import FILE"
    show_listing(found, columns, as_json=as_json, empty=empty)
    if found and not as_json:
        say("\nWhat their accounts' bios carry, whole:")
        for one in found:
            say(f"  {one.persona.key}: {one.persona.disclosure}")


@app.command("import", epilog="Example: troupe personas import personas.yaml")
def import_(
    path: Annotated[Path, typer.Argument(help="A YAML or JSON file, or a folder of them.")],
) -> None:
    """Add or replace personas; a mistake anywhere stores nothing."""
    from cli.documents import read_personas

    personas = read_personas(path)
    changed = run(lambda service: service.library.import_personas(actor(), personas))
    say(f"new or changed: {changed} of {counted(len(personas), 'persona')}")


@app.command(epilog="Example: troupe personas export > personas.yaml")
def export(
    key: Annotated[str | None, typer.Argument(help="A persona; all when left out.")] = None,
) -> None:
    """Write personas as YAML to standard output."""
    from cli.documents import as_yaml

    found = (
        [run(lambda service: service.library.persona(key))]
        if key
        else run(lambda service: service.library.personas())
    )
    typer.echo(as_yaml([one.persona for one in found]), nl=False)


@app.command(epilog='Example: troupe personas add anna --name Anna --disclosure "For Example Ltd"')
def add(
    key: Key,
    *,
    name: Name = None,
    disclosure: Disclosure = None,
    style: Style = None,
    tone: ToneOption = None,
    language: Languages = None,
    interest: Interests = None,
    forbid: Forbidden = None,
    example: Examples = None,
    file: FromFile = None,
) -> None:
    """Add a persona, from options or a file; what is missing is asked for."""
    from cli.personas import ask_missing, changed_by, persona_in

    given = changed_by(
        name=name,
        disclosure=disclosure,
        style=style,
        tone=tone,
        languages=language,
        interests=interest,
        forbidden_topics=forbid,
        examples=example,
    )
    persona = persona_in(key, ask_missing(given) if file is None else given, file)
    run(lambda service: service.library.add_persona(actor(), persona))
    say(f"{key} is added, and its accounts' bios will carry: {persona.disclosure}")
    say(f"Next: troupe personas try TEXT --persona {key}")


@app.command(epilog="Example: troupe personas edit anna --tone warm")
def edit(
    key: Key,
    *,
    name: Name = None,
    disclosure: Disclosure = None,
    style: Style = None,
    tone: ToneOption = None,
    language: Languages = None,
    interest: Interests = None,
    forbid: Forbidden = None,
    example: Examples = None,
    file: FromFile = None,
) -> None:
    """Change a persona by options or a file; without either your editor opens.

    A list that is given replaces the one that was there. A mistake changes nothing.
    """
    from cli.personas import changed_by, edited_persona

    given = changed_by(
        name=name,
        disclosure=disclosure,
        style=style,
        tone=tone,
        languages=language,
        interests=interest,
        forbidden_topics=forbid,
        examples=example,
    )
    before = run(lambda service: service.library.persona(key)).persona
    after = edited_persona(before, given, file)
    if not run(lambda service: service.library.import_personas(actor(), [after])):
        say(f"{key} is so already")
        return
    say(f"{key} is changed")
    if after.disclosure != before.disclosure:
        say("Its accounts say nothing before their bios carry it: troupe accounts disclose NAME")


@app.command("try", epilog='Example: troupe personas try "A new telescope was launched"')
def try_(
    text: Annotated[
        str | None, typer.Argument(help="A post to answer; - reads standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A file with the post instead.")] = None,
    persona: Annotated[
        str | None, typer.Option(help="Who speaks; the one who would in life when left out.")
    ] = None,
    script: Annotated[
        list[str] | None, typer.Option(help="A comment script's key; again for several.")
    ] = None,
    *,
    without_model: Annotated[
        bool, typer.Option("--without-model", help="Ask no model, also where one is set.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Draft a comment for a text and show why; nothing is stored and nothing is sent."""
    from cli.personas import given_text
    from orchestrator.drafting.trial import Wish

    wish = Wish(given_text(text, file), persona, tuple(script or ()))
    tried = run_in_company(lambda found: try_in(found, wish, without_model=without_model))
    show_card(tried, trial_card(tried), as_json=as_json)


async def try_in(found: "Company", wish: "Wish", *, without_model: bool) -> "Trial":
    """Draft with the writer that a node would have."""
    from cli.compose import make_writer
    from orchestrator.drafting.trial import try_out

    settings = found.settings
    if without_model:
        settings = settings.model_copy(update={"llm_model": None})
    return await try_out(found.stage, make_writer(settings, found.stage, found.ending), wish)


def trial_card(tried: "Trial") -> list[tuple[str, object]]:
    """Return what is shown of a trial."""
    from orchestrator.conversations.explaining import fit_told, judge_told

    line, silence, reluctance = tried.line, tried.silence, tried.reluctance
    shown: list[tuple[str, object]] = [("Persona", tried.persona)]
    if reluctance is not None:
        shown.append(("In life silent", f"{told(reluctance.reason)}: {reluctance.detail}"))
    shown += summary_card(tried.summary)
    if line is None:
        return [*shown, ("Silence", silence and f"{told(silence.reason)}: {silence.detail}")]
    return [
        *shown,
        ("Would say", line.text),
        ("Strategy", line.strategy),
        ("Fit", fit_told(line.fit, line.source)),
        ("Judged by", judge_told(line.judge)),
        ("Reason", line.reason),
        ("Script", line.script_key),
        ("Trigger", line.trigger),
        ("Checks", "passed" if silence is None else f"held back: {silence.detail}"),
        ("Model", line.model),
        ("Cost (USD)", line.cost_usd),
    ]


def told(reason: str) -> str:
    """Write a reason as people say it."""
    return reason.replace("_", " ")
