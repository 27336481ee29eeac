"""`troupe journeys` and `troupe diagnostics`: how far people are, and what diagnostics came to."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, plain, say, show_card, show_json, show_listing
from cli.running import actor, run
from orchestrator.ports.journeys import JourneyState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.ports.journeys import JourneyDetail, JourneyRow, ResultRow

app = typer.Typer(no_args_is_help=True, help="Lessons and diagnostics, one after another.")
diagnostics = typer.Typer(no_args_is_help=True, help="Questions with scores, and their results.")

Number = Annotated[int, typer.Argument(help="The number from `troupe journeys list`.")]
Group = Annotated[int, typer.Argument(help="The number from `troupe groups list`.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many.")]


@app.command(epilog="Example: troupe journeys begin 1 lesson-telescope-en diagnostic-telescope-en")
def begin(
    group: Group,
    scripts: Annotated[list[str], typer.Argument(help="Keys of lessons and diagnostics.")],
) -> None:
    """Lead a study group through lessons and diagnostics, in this order."""
    from orchestrator.ids import StudyGroupId

    begun = run(lambda service: service.journeys.begin(actor(), StudyGroupId(group), scripts))
    say(f"journey {begun} begins with {scripts[0]}")


@app.command("list", epilog="Example: troupe journeys list --state active")
def list_(
    state: Annotated[JourneyState | None, typer.Option(help="Only journeys in this state.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List journeys of groups and of people, newest first."""
    columns: list[Column[JourneyRow]] = [
        Column("Id", lambda one: one.id, number=True),
        Column("Whose", lambda one: one.whose, wide=True),
        Column("State", lambda one: one.state),
        Column("At", lambda one: one.current),
        Column("Item", lambda one: f"{min(one.position + 1, len(one.scripts))}/{len(one.scripts)}"),
        Column("Begun by", lambda one: one.started_by),
        Column("Begun", lambda one: one.started_at),
        Column("Why", lambda one: one.reason, wide=True),
    ]
    found = run(lambda service: service.journeys.list(state, limit))
    empty = "No journey yet; begin with: troupe journeys begin GROUP SCRIPT…"
    show_listing(found, columns, as_json=as_json, empty=empty)


@app.command(epilog="Example: troupe journeys show 3")
def show(journey: Number, as_json: AsJson = False) -> None:
    """Show a journey: how far everybody is in each lesson and diagnostic, and the results."""
    from orchestrator.ids import JourneyId

    found = run(lambda service: service.journeys.show(JourneyId(journey)))
    show_card(found, pairs_of(found), as_json=as_json)


def pairs_of(detail: "JourneyDetail") -> "Iterator[tuple[str, object]]":
    """Lay a journey out as lines of a card."""
    row = detail.row
    yield "Whose", row.whose
    yield "State", row.state
    yield "Scripts", ", ".join(row.scripts)
    yield "Stands at", row.current
    yield "Begun", f"{row.started_at:%Y-%m-%d %H:%M} by {row.started_by}"
    yield "Ended", row.ended_at
    yield "Why", row.reason
    for item in detail.items:
        found = "" if item.finding is None else f", {item.finding.score}: {item.finding.result}"
        where = "" if item.step is None else f" at {item.step}"
        yield item.contact or "the group", f"{item.script}: {item.state}{where}{found}"


@app.command(epilog="Example: troupe journeys next 3")
def next(journey: Number) -> None:  # noqa: A001 - the command's own name
    """End the present lesson or diagnostic, and begin the next."""
    from orchestrator.ids import JourneyId

    row = run(lambda service: service.journeys.move_on(actor(), JourneyId(journey)))
    say(f"journey {row.id} stands at {row.current}" if row.current else f"journey {row.id} is over")


@app.command(epilog="Example: troupe journeys stop 3")
def stop(journey: Number) -> None:
    """End a journey where it stands; what waits of its lesson is not said."""
    from orchestrator.ids import JourneyId

    run(lambda service: service.journeys.stop(actor(), JourneyId(journey)))
    say(f"journey {journey} is stopped")


@diagnostics.command(epilog="Example: troupe diagnostics start 1 diagnostic-telescope-en")
def start(
    group: Group,
    script: Annotated[str, typer.Argument(help="The key of a script of kind diagnostic.")],
    as_json: AsJson = False,
) -> None:
    """Open a diagnostic in a study group: a journey of this one item, until it is moved on.

    In private nobody starts one for a person: whoever writes to an account begins it by its
    trigger.
    """
    from orchestrator.ids import StudyGroupId

    begun = run(lambda service: service.journeys.begin(actor(), StudyGroupId(group), [script]))
    if as_json:
        show_json(plain(begun))
        return
    say(f"journey {begun}: members begin by asking one of our accounts for it")
    say(f"Next: troupe journeys show {begun}")


@diagnostics.command(epilog="Example: troupe diagnostics results --script diagnostic-telescope-en")
def results(
    script: Annotated[str | None, typer.Option(help="Only of this script.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List what diagnostics came to, newest first."""
    columns: list[Column[ResultRow]] = [
        Column("Taken", lambda one: one.taken_at),
        Column("Who", lambda one: one.name or f"contact {one.contact}", wide=True),
        Column("Where", lambda one: one.where),
        Column("Script", lambda one: one.script),
        Column("Score", lambda one: one.finding.score, number=True),
        Column("Result", lambda one: one.finding.result),
    ]
    found = run(lambda service: service.journeys.results(script, limit))
    show_listing(found, columns, as_json=as_json, empty="No diagnostic was taken to its end yet.")
