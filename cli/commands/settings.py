"""`troupe settings`: the numbers that an operator may set."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, say, show_card, show_listing
from cli.running import actor, run
from cli.spans import span_in_words

if TYPE_CHECKING:
    from orchestrator.service.settings import Setting

app = typer.Typer(no_args_is_help=True, help="The numbers that an operator may set.")


@app.command("list", epilog="Example: troupe settings list --json")
def list_(as_json: AsJson = False) -> None:
    """List every setting with its value and its default."""
    columns: list[Column[Setting]] = [
        Column("Setting", lambda one: one.key, whole=True),
        Column("Value", lambda one: in_words(one.value), wide=True),
        Column("Default", lambda one: in_words(one.default), wide=True),
    ]
    found = run(lambda service: service.settings.list())
    show_listing(found, columns, as_json=as_json, empty="There are no settings.")
    if not as_json:
        say("\nWhat one means: troupe settings show KEY")


@app.command(epilog="Example: troupe settings show conversations.rush")
def show(
    key: Annotated[str, typer.Argument(help="The name from `troupe settings list`.")],
    as_json: AsJson = False,
) -> None:
    """Show one setting with its meaning, its value and its default."""
    from orchestrator.library.numbers import is_live

    found = run(lambda service: service.settings.show(key))
    card = [
        ("Setting", found.key),
        ("Meaning", found.meaning),
        ("Value", in_words(found.value)),
        ("Default", in_words(found.default)),
        ("Taken up", "by running nodes at once" if is_live(key) else "by nodes at their start"),
    ]
    show_card(found, card, as_json=as_json)


@app.command("set", epilog="Example: troupe settings set account_pace.apart 30s")
def set_(
    key: Annotated[str, typer.Argument(help="The name from `troupe settings list`.")],
    value: Annotated[str, typer.Argument(help="A number, or a span of time like 30s, 15m or 7d.")],
) -> None:
    """Set one; nodes say in their log what waits for a restart. None turns the charter off."""
    from orchestrator.library.numbers import is_live

    stored = run(lambda service: service.settings.put(actor(), key, value))
    taken_up = "running nodes take it up at once" if is_live(key) else "nodes take it up at start"
    say(f"{key} is {in_words(stored)}; {taken_up}")


def in_words(value: str) -> str:
    """Write a stored value as people read it: `30 s` for "PT30S", commas between several."""
    import json

    held = json.loads(value)
    several = held if isinstance(held, list) else [held]
    return ", ".join(map(one_in_words, several))


def one_in_words(held: object) -> str:
    """Write one value: a span, a text, a number; true and false are typed and shown like that."""
    import json

    return span_in_words(held) if isinstance(held, str) else json.dumps(held)
