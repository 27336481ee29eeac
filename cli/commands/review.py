"""`troupe review`: drafts that a person decides about."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.output import AsJson, Column, say, show_card, show_listing
from cli.running import actor, run

if TYPE_CHECKING:
    from orchestrator.ports.drafting import Draft

app = typer.Typer(no_args_is_help=True, help="Drafts that a person decides about.")

Number = Annotated[int, typer.Argument(help="The draft's number, from `troupe review list`.")]


@app.command("list", epilog="Example: troupe review list --state rejected")
def list_(
    state: Annotated[
        Literal["review", "queued", "rejected", "all"], typer.Option(help="Which drafts.")
    ] = "review",
    as_json: AsJson = False,
) -> None:
    """List drafts, oldest first: those that wait for a person, unless told otherwise."""
    from orchestrator.ports.drafting import DraftState

    columns: list[Column[Draft]] = [
        Column("Id", lambda one: one.id, number=True),
        Column("State", lambda one: one.state),
        Column("Account", lambda one: one.account),
        Column("Channel", lambda one: one.channel),
        Column("Fit", lambda one: f"{one.fit:.2f}", number=True),
        Column("Text", lambda one: one.text, wide=True),
    ]
    wanted = None if state == "all" else DraftState(state)
    found = run(lambda service: service.review.list(wanted))
    show_listing(found, columns, as_json=as_json, empty="No draft waits for you.")


@app.command(epilog="Example: troupe review show 12")
def show(draft: Number, as_json: AsJson = False) -> None:
    """Show a draft with the post that it answers."""
    from orchestrator.ids import DraftId

    found = run(lambda service: service.review.show(DraftId(draft)))
    show_card(found, draft_card(found), as_json=as_json)


def draft_card(draft: "Draft") -> list[tuple[str, object]]:
    """Return what is shown of one draft."""
    return [
        ("Draft", draft.id),
        ("State", draft.state),
        ("Channel", draft.channel),
        ("Post", draft.post_text),
        ("Account", draft.account),
        ("Persona", draft.persona),
        ("Says", draft.text),
        ("Script", draft.script),
        ("Trigger", draft.trigger),
        ("Fit", f"{draft.fit:.2f}"),
        ("Strategy", draft.strategy),
        ("Reason", draft.reason),
        ("Written", draft.created_at),
        ("Decided by", draft.decided_by),
    ]


@app.command(epilog="Example: troupe review approve 12")
def approve(draft: Number) -> None:
    """Queue the draft's words; the charter's gate still decides when they may go out."""
    from orchestrator.ids import DraftId

    comment = run(lambda service: service.review.approve(actor(), DraftId(draft)))
    say(f"draft {draft} is queued as comment {comment}")


@app.command(epilog='Example: troupe review edit 12 --text "Which telescope did you use?"')
def edit(
    draft: Number,
    text: Annotated[
        str | None, typer.Option(help="The new words; your editor opens when left out.")
    ] = None,
) -> None:
    """Change a draft's words; they pass the same checks as a writer's."""
    from cli.asking import edited
    from orchestrator.ids import DraftId

    number = DraftId(draft)
    if text is None:
        text = edited(run(lambda service: service.review.show(number)).text)
    words = text
    run(lambda service: service.review.edit(actor(), number, words))
    say(f"draft {draft} is changed; next: troupe review approve {draft}")


@app.command(epilog='Example: troupe review reject 12 --reason "off topic"')
def reject(
    draft: Number,
    reason: Annotated[str, typer.Option(help="Why; it is kept as the silence's reason.")],
) -> None:
    """Turn a draft into a silence."""
    from orchestrator.ids import DraftId

    run(lambda service: service.review.reject(actor(), DraftId(draft), reason))
    say(f"draft {draft} is rejected")
