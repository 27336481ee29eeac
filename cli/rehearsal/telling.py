"""How a rehearsal's report reaches people: a summary, files, a picture."""

import json
from pathlib import Path

from cli.demo.show import shorten
from cli.output import Column, say, show_card, show_json, show_listing
from cli.output import plain as as_plain
from cli.rehearsal.casting import Casting
from cli.rehearsal.options import RehearsalOptions
from cli.rehearsal.picture import draw
from cli.rehearsal.report import Line, Report

FIRST_LINES = 12
REPORT, PICTURE, SCRIPT = "report.json", "comments.svg", "comments.md"


def keep(report: Report, casting: Casting, folder: Path) -> None:
    """Write the report, its picture and the words into a folder."""
    content = json.dumps(as_plain(report), ensure_ascii=False, indent=1)
    (folder / REPORT).write_text(content + "\n", encoding="utf-8")
    (folder / PICTURE).write_text(draw(report, casting), encoding="utf-8")
    (folder / SCRIPT).write_text(written_out(report), encoding="utf-8")


def show(report: Report, options: RehearsalOptions) -> None:
    """Print one JSON object, or a summary with the first of the words."""
    if options.json:
        show_json(as_plain(report))
        return
    show_card(report, card_of(report), as_json=False)
    columns: list[Column[Line]] = [
        Column("When", lambda one: f"{one.at:%Y-%m-%d %H:%M}"),
        Column("Account", lambda one: one.account),
        Column("Script", lambda one: one.script),
        Column("Said", lambda one: one.text, wide=True),
        Column("Under", lambda one: one.post, wide=True),
    ]
    say("")
    empty = "Nothing would have been said; the silences above say why."
    show_listing(report.lines[:FIRST_LINES], columns, as_json=False, empty=empty)
    if options.folder is not None:
        told = f"{options.folder / SCRIPT}, everything in {REPORT}, the picture in {PICTURE}"
        say(f"\n{whole(report.comments)} in {told}")


def whole(comments: int) -> str:
    """Say of how many comments all is told."""
    few = {0: "The silences are", 1: "The comment is", 2: "Both comments are"}
    return few.get(comments, f"All {comments} comments are")


def card_of(report: Report) -> list[tuple[str, object]]:
    """Return what is shown of the whole."""
    model = report.model
    return [
        ("Campaign", report.campaign),
        ("Over", f"{report.history}, {report.since} to {report.until} ({report.time_zone})"),
        ("Posts", report.posts),
        ("Comments", report.comments),
        *((f"  {name}", count) for name, count in report.by_account.items()),
        ("Silences", sum(report.silences.values())),
        *((f"  {name.replace('_', ' ')}", count) for name, count in report.silences.items()),
        ("Model", f"{model.calls} calls, {model.tokens} tokens, {model.cost_usd:.4f} USD"),
        ("It took", f"{report.seconds:.1f} s"),
        *(("Note", remark) for remark in report.remarks),
    ]


def written_out(report: Report) -> str:
    """Write every comment under its post, and every silence with its reason, in Markdown."""
    parts = [f"# {report.campaign} over {report.history}\n\n## Comments\n"]
    parts += [
        f"**{line.at:%Y-%m-%d %H:%M} · {line.account}** ({line.script}, {line.strategy}, "
        f"fit {line.fit:.2f})\n\n> {shorten(line.post, 200)}\n\n{line.text}\n"
        for line in report.lines
    ]
    parts.append("## Silences\n")
    parts += [
        f"- {hush.post_at:%Y-%m-%d %H:%M} · {hush.reason.replace('_', ' ')}: {hush.detail} "
        f"(“{shorten(hush.post, 80)}”)"
        for hush in report.hushes
    ]
    return "\n".join(parts) + "\n"
