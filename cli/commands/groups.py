"""`troupe groups`: private study groups, who is who there, lessons, what is said (charter 4)."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.output import AsJson, Column, plain, say, show_card, show_json, show_listing
from cli.running import actor, run
from orchestrator.ports.answers import GroupRole
from orchestrator.ports.study_groups import GroupState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.ids import StudyGroupId
    from orchestrator.ports.study_groups import LessonRow, SaidInGroup, StudyGroup

app = typer.Typer(no_args_is_help=True, help="Private study groups, their lessons and talk.")

Number = Annotated[int, typer.Argument(help="The number from `troupe groups list`.")]
AccountName = Annotated[str, typer.Argument(help="The name of an account of ours.")]
Role = Annotated[GroupRole, typer.Option(help="What the account is in the group.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many.")]


@app.command(epilog='Example: troupe groups create "Night sky" --account anna --language en')
def create(
    title: Annotated[str, typer.Argument(help="What the group is called.")],
    account: Annotated[str, typer.Option(help="Who creates it, and is its host.")],
    language: Annotated[Literal["ru", "en"], typer.Option(help="Of notice and roles.")] = "ru",
    as_json: AsJson = False,
) -> None:
    """Have an account found a private group, say in its bio that it is host, and pin the notice."""
    group = run(lambda service: service.groups.create(actor(), title, account, language))
    if as_json:
        show_json(plain(group))
        return
    say(f"group {group.id} “{group.title}” is there, and its notice is pinned")
    say(f"Next: troupe groups add {group.id} ACCOUNT --role practice_partner")
    say(f"      troupe groups invite {group.id}")


@app.command("list", epilog="Example: troupe groups list --state active")
def list_(
    state: Annotated[GroupState | None, typer.Option(help="Only groups in this state.")] = None,
    as_json: AsJson = False,
) -> None:
    """List study groups, newest first."""
    columns: list[Column[StudyGroup]] = [
        Column("Id", lambda one: one.id, number=True),
        Column("Title", lambda one: one.title, wide=True),
        Column("State", lambda one: one.state),
        Column("Language", lambda one: one.language),
        Column("Ours", lambda one: ", ".join(seat.name for seat in one.seats())),
        Column("Members", lambda one: one.members, number=True),
        Column("Notice", lambda one: "pinned" if one.notice_pinned else "in doubt"),
    ]
    found = run(lambda service: service.groups.list(state))
    empty = "No study group yet; begin with: troupe groups create TITLE --account NAME"
    show_listing(found, columns, as_json=as_json, empty=empty)


@app.command(epilog="Example: troupe groups show 1")
def show(group: Number, as_json: AsJson = False) -> None:
    """Show a group: who is who, whether the notice stands, and why nobody speaks if nobody does."""
    found = run(lambda service: service.groups.show(number(group)))
    show_card(found, pairs_of(found), as_json=as_json)


def pairs_of(group: "StudyGroup") -> "Iterator[tuple[str, object]]":
    """Lay a group out as lines of a card."""
    yield "Title", group.title
    yield "State", group.state
    yield "Language", group.language
    for seat in group.cast:
        rests = "" if seat.ended is None else f", {seat.ended}"
        yield seat.name, f"{seat.role.replace('_', ' ')}{rests}"
    yield "Members", group.members
    yield "Notice", "pinned" if group.notice_pinned else "in doubt: nobody speaks"
    yield "Why", group.doubt
    yield "Looked at", group.checked_at
    yield "Created", group.created_at
    yield "Closed", group.closed_at


@app.command(epilog="Example: troupe groups add 1 boris --role practice_partner")
def add(group: Number, account: AccountName, role: Role = GroupRole.PRACTICE_PARTNER) -> None:
    """Let one more account of ours enter by an invite for it alone, named in bio and notice."""
    done = run(lambda service: service.groups.add(actor(), number(group), account, role))
    say(f"{account} is {role.replace('_', ' ')} in “{done.title}”, and the notice says so")


@app.command(epilog="Example: troupe groups roles 1 boris --role host")
def roles(group: Number, account: AccountName, role: Role) -> None:
    """Give an account that is in the group another role; bio and notice follow."""
    done = run(lambda service: service.groups.change_role(actor(), number(group), account, role))
    say(f"{account} is {role.replace('_', ' ')} in “{done.title}” now")


@app.command(epilog="Example: troupe groups remove 1 boris")
def remove(group: Number, account: AccountName) -> None:
    """Take an account's role away: what it was to say is cancelled, bio and notice follow."""
    cancelled = run(lambda service: service.groups.remove(actor(), number(group), account))
    say(f"{account} speaks in group {group} no more; {cancelled} waiting lines were cancelled")


@app.command(epilog="Example: troupe groups invite 1")
def invite(group: Number) -> None:
    """Print the link by which people enter the group, each of their own will."""
    say(run(lambda service: service.groups.invite(number(group))))


@app.command(epilog="Example: troupe groups notice 1")
def notice(group: Number, as_json: AsJson = False) -> None:
    """Look at the group's notice now; write, change or pin it where that is needed."""
    kept = run(lambda service: service.groups.keep(number(group)))
    if as_json:
        show_json(plain(kept))
        return
    say(kept.notice_text)
    say(f"The notice of “{kept.title}” is {'pinned' if kept.notice_pinned else 'in doubt'}.")


@app.command(
    epilog="Example: troupe groups lesson 1 lesson-telescope-en --at 2030-05-01T18:00+02:00"
)
def lesson(
    group: Number,
    script: Annotated[str, typer.Argument(help="The key of a script of kind lesson.")],
    at: Annotated[
        str | None, typer.Option(help="When it begins, with its time zone; now when left out.")
    ] = None,
) -> None:
    """Hold a lesson; a node that runs says its lines at their minutes."""
    starts_at = None if at is None else moment_of(at)
    lesson_id = run(
        lambda service: service.groups.start_lesson(actor(), number(group), script, starts_at)
    )
    say(f"lesson {lesson_id} begins {'now' if starts_at is None else starts_at.isoformat()}")


def moment_of(text: str) -> datetime:
    """Read a moment with its time zone; raises BadInput."""
    from orchestrator.errors import BadInput

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"“{text}” is no moment: write it like 2030-05-01T18:00+02:00") from None
    if moment.tzinfo is None:
        raise BadInput(f"“{text}” has no time zone: write it like 2030-05-01T18:00+02:00")
    return moment


@app.command("stop-lesson", epilog="Example: troupe groups stop-lesson 1")
def stop_lesson(group: Number) -> None:
    """End the lesson that runs in a group; what waits of it is not said."""
    run(lambda service: service.groups.stop_lesson(actor(), number(group)))
    say(f"the lesson in group {group} is stopped")


@app.command(epilog="Example: troupe groups lessons 1")
def lessons(
    group: Annotated[int | None, typer.Argument(help="A group; all when left out.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List lessons, newest first: how far they are, and why one stopped."""
    columns: list[Column[LessonRow]] = [
        Column("Id", lambda one: one.id, number=True),
        Column("Group", lambda one: one.group, number=True),
        Column("Script", lambda one: one.script),
        Column("State", lambda one: one.state),
        Column("Said", lambda one: f"{one.said} of {one.lines}"),
        Column("Begins", lambda one: one.starts_at),
        Column("Ended", lambda one: one.ended_at),
        Column("Why", lambda one: one.reason, wide=True),
    ]
    wanted = None if group is None else number(group)
    found = run(lambda service: service.groups.lessons(wanted, limit))
    show_listing(found, columns, as_json=as_json, empty="No lesson was held yet.")


@app.command(epilog="Example: troupe groups log 1 --limit 20")
def log(group: Number, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List what was said in a group, newest first, and what came of each member's message."""
    columns: list[Column[SaidInGroup]] = [
        Column("At", lambda one: one.sent_at),
        Column("Who", lambda one: one.author),
        Column("Text", lambda one: one.text, wide=True),
        Column("First", lambda one: one.first_text),
        Column("Deleted", lambda one: one.deleted_at),
        Column("Came of it", lambda one: one.decision),
        Column("Why", lambda one: one.reason, wide=True),
    ]
    found = run(lambda service: service.groups.log(number(group), limit))
    show_listing(found, columns, as_json=as_json, empty="Nothing was said there yet.")


@app.command(epilog="Example: troupe groups close 1")
def close(group: Number) -> None:
    """End the group's talk for good: grant, lessons, journeys, roles; what waits is cancelled."""
    cancelled = run(lambda service: service.groups.close(actor(), number(group)))
    say(f"group {group} is closed; {cancelled} waiting lines were cancelled")


def number(group: int) -> "StudyGroupId":
    """Read a group's number."""
    from orchestrator.ids import StudyGroupId

    return StudyGroupId(group)
