"""`troupe comments`: what was said, why, and taking it back."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.output import AsJson, Column, say, show_card, show_listing
from cli.running import actor, run

if TYPE_CHECKING:
    from orchestrator.ports.outbox import Comment, Explanation
    from personas.summary import PostSummary

app = typer.Typer(no_args_is_help=True, help="What was said, and why.")

SUMMED_UP = {"local": "rules", "model": "the model"}

Number = Annotated[int, typer.Argument(help="The comment's number, from `troupe comments list`.")]
Status = Literal["pending", "sent", "failed", "deleted", "unknown", "unresolved", "all"]


@app.command("list", epilog="Example: troupe comments list --status sent --limit 20")
def list_(
    status: Annotated[Status, typer.Option(help="Which comments.")] = "all",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List comments, newest first."""
    from orchestrator.ports.outbox import CommentStatus

    columns: list[Column[Comment]] = [
        Column("Id", lambda one: one.id, number=True),
        Column("Status", lambda one: one.status),
        Column("Account", lambda one: one.account),
        Column("Channel", lambda one: one.channel),
        Column("When", lambda one: one.sent_at or one.created_at),
        Column("Likes", lambda one: one.likes, number=True),
        Column("Text", lambda one: one.text, wide=True),
    ]
    wanted = None if status == "all" else CommentStatus(status)
    found = run(lambda service: service.comments.list(wanted, limit))
    empty = "No comment yet; `troupe status` says what was decided instead."
    show_listing(found, columns, as_json=as_json, empty=empty)


@app.command(epilog="Example: troupe comments show 7")
def show(comment: Number, as_json: AsJson = False) -> None:
    """Show one comment."""
    from orchestrator.ids import CommentId

    found = run(lambda service: service.comments.show(CommentId(comment)))
    show_card(found, comment_card(found), as_json=as_json)


def comment_card(comment: "Comment") -> list[tuple[str, object]]:
    """Return what is shown of one comment."""
    return [
        ("Comment", comment.id),
        ("Status", comment.status),
        ("Failed because", comment.failed_reason),
        ("Channel", comment.channel),
        ("Under post", comment.post.message),
        ("Account", comment.account),
        ("Persona", comment.persona),
        ("Said", comment.text),
        ("Queued", comment.created_at),
        ("Sent", comment.sent_at),
        ("Message", comment.message),
        ("Likes", comment.likes),
        ("Replies", comment.replies),
        ("Views", comment.views),
        *summary_card(comment.summary),
    ]


def summary_card(summary: "PostSummary | None") -> list[tuple[str, object]]:
    """Return what is shown of a post in a few words."""
    if summary is None:
        return []
    return [
        ("Post's idea", summary.main_idea),
        ("Keywords", summary.keywords),
        ("Tone", summary.tone),
        ("Content", f"{summary.content_type}, summed up by {SUMMED_UP[summary.source]}"),
    ]


@app.command(epilog="Example: troupe comments explain 7")
def explain(comment: Number, as_json: AsJson = False) -> None:
    """Say why a comment was said: grant, script, strategy, who approved it (charter rule 6)."""
    from orchestrator.ids import CommentId

    found = run(lambda service: service.comments.explain(CommentId(comment)))
    show_card(found, explanation_card(found), as_json=as_json)


def explanation_card(why: "Explanation") -> list[tuple[str, object]]:
    """Return what is shown of everything that led to a comment."""
    from orchestrator.conversations.explaining import fit_told, judge_told

    return [
        *comment_card(why.comment),
        ("Post", why.post_text),
        ("Grant", why.grant),
        ("Script", why.script),
        ("Trigger", why.trigger),
        ("Fit", fit_told(why.fit, why.source)),
        ("Judged by", judge_told(why.judge)),
        ("Strategy", why.strategy),
        ("Reason", why.reason),
        ("Model", why.model),
        ("Prompt hash", why.prompt_hash),
        ("Cost (USD)", why.cost_usd),
        ("Approved by", why.approved_by),
        ("Random id", why.random_id),
        ("Attempts", why.attempts),
    ]


@app.command(epilog="Example: troupe comments delete 7")
def delete(comment: Number) -> None:
    """Take a comment back from Telegram."""
    from orchestrator.ids import CommentId

    run(lambda service: service.comments.delete(actor(), CommentId(comment)))
    say(f"comment {comment} is deleted")
