"""A rehearsal in one picture: how much would be said, at which hours, and why not more."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cli.rehearsal.casting import Casting
from cli.rehearsal.report import Report
from cli.rehearsal.svg import Sheet, round_steps
from orchestrator.campaigns.window import DAY_MINUTES, Window

WIDTH, LEFT, RIGHT = 1000, 56, 24
INNER = WIDTH - LEFT - RIGHT
TOP, BARS, HOURS, GAP = 138, 170, 240, 62
ROW = 24
INK, FAINT, GRID, POSTS, OPEN = "#111827", "#6b7280", "#e5e7eb", "#d1d5db", "#e8f2fd"
SILENT = "#9ca3af"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f00", "#5d3a9b")
"""Told apart by most eyes (after Okabe and Ito, 2008); more accounts begin anew."""
DAY = timedelta(days=1)
SPANS = ((70, 1), (500, 7), (2000, 30))
"""Up to so many days, a bar stands for so many."""
LABELS = 8


@dataclass(frozen=True, slots=True)
class Axis:
    """Days from left to right; one bar stands for `step` days."""

    first: date
    days: int
    step: int

    @classmethod
    def over(cls, report: Report) -> "Axis":
        """Choose bars so that there are neither too few nor too many."""
        last = max((line.at.date() for line in report.lines), default=report.until)
        days = (max(last, report.until) - report.since).days + 1
        step = next((size for most, size in SPANS if days <= most), 91)
        return cls(report.since, days, step)

    def at(self, moment: datetime) -> float:
        """Return where a local moment stands."""
        midnight = datetime.combine(self.first, datetime.min.time())
        return LEFT + INNER * ((moment.replace(tzinfo=None) - midnight) / DAY) / self.days

    def day(self, number: int) -> float:
        """Return where a day begins."""
        return LEFT + INNER * number / self.days

    def bar(self, day: date) -> int:
        """Return the bar to which a day belongs."""
        return (day - self.first).days // self.step

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Yield where to write which day."""
        apart = -(-self.days // LABELS)
        year = self.days > 300
        for number in range(0, self.days, apart):
            day = self.first + number * DAY
            yield self.day(number), f"{day.day} {day:%b %Y}" if year else f"{day.day} {day:%b}"


def draw(report: Report, casting: Casting) -> str:
    """Draw the report as an SVG file."""
    reasons = len(report.silences)
    height = TOP + BARS + GAP + HOURS + GAP + ROW * max(1, reasons) + 30
    sheet, axis = Sheet(WIDTH, height), Axis.over(report)
    colours = colours_of(report)
    draw_head(sheet, report, colours)
    draw_bars(sheet, report, axis, colours)
    draw_hours(sheet, report, axis, colours, [part.schedule.window for part in casting.parts])
    draw_silences(sheet, report, TOP + BARS + GAP + HOURS + GAP)
    return sheet.written(
        f"{report.campaign}: {report.comments} comments under {report.posts} posts"
    )


def colours_of(report: Report) -> dict[str, str]:
    """Give each account its colour, who says most the first."""
    names = sorted(report.by_account, key=lambda name: -report.by_account[name])
    return {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}


def draw_head(sheet: Sheet, report: Report, colours: dict[str, str]) -> None:
    """Say what it is, and what the colours mean."""
    sheet.words(
        LEFT, 38, f"{report.campaign} over {report.history}"[:80], size=21, fill=INK, bold=True
    )
    told = f"{report.since} to {report.until} · {report.posts} posts · {report.comments} comments"
    sheet.words(LEFT, 60, f"{told} · times in {report.time_zone}", size=13, fill=FAINT)
    x = float(LEFT)
    entries = [(POSTS, "posts"), *((colours[name], name) for name in colours)][:10]
    for colour, name in entries:
        count = report.posts if name == "posts" else report.by_account[name]
        text = f"{name} {count}"
        sheet.box(x, 77, 11, 11, fill=colour)
        sheet.words(x + 16, 87, text)
        x += 34 + 7.2 * len(text)


def draw_bars(sheet: Sheet, report: Report, axis: Axis, colours: dict[str, str]) -> None:
    """Draw how many comments there would be, before how many posts there were."""
    posts = Counter(axis.bar(day) for day in post_days(report))
    said = Counter((axis.bar(line.at.date()), line.account) for line in report.lines)
    each = {1: "a day", 7: "a week", 30: "in 30 days"}.get(axis.step, f"in {axis.step} days")
    steps = round_steps(max(posts.values(), default=1))
    sheet.words(LEFT, TOP - 6, f"Posts and comments {each}", size=13, fill=INK, bold=True)
    base, unit = TOP + BARS, (BARS - 12) / steps[-1]
    for step in steps:
        y = base - step * unit
        sheet.line((LEFT, y), (WIDTH - RIGHT, y), GRID)
        sheet.words(LEFT - 8, y + 4, str(step), fill=FAINT, anchor="end")
    for bar in range(-(-axis.days // axis.step)):
        left = axis.day(bar * axis.step)
        room = axis.day(min((bar + 1) * axis.step, axis.days)) - left
        wide, day = max(1.0, room * 0.82), axis.first + bar * axis.step * DAY
        x = left + (room - wide) / 2
        tall = posts[bar] * unit
        sheet.box(x, base - tall, wide, tall, fill=POSTS, tip=f"{day}: {posts[bar]} posts")
        y = float(base)
        for name, colour in colours.items():
            count = said[bar, name]
            y -= count * unit
            if count:
                sheet.box(x, y, wide, count * unit, fill=colour, tip=f"{day}: {name} {count}")
    draw_dates(sheet, axis, base)


def draw_hours(
    sheet: Sheet, report: Report, axis: Axis, colours: dict[str, str], windows: list[Window]
) -> None:
    """Draw each post and each comment at its day and hour, before the open window."""
    top = TOP + BARS + GAP
    sheet.words(
        LEFT, top - 10, "When: every post and comment at its hour", size=13, fill=INK, bold=True
    )
    for begin, end in open_minutes(windows):
        y, tall = top + HOURS * begin / DAY_MINUTES, HOURS * (end - begin) / DAY_MINUTES
        sheet.box(LEFT, y, INNER, tall, fill=OPEN, tip="the window of the campaign")
    for hour in range(0, 25, 6):
        y = top + HOURS * hour / 24
        sheet.line((LEFT, y), (WIDTH - RIGHT, y), GRID)
        sheet.words(LEFT - 8, y + 4, f"{hour:02d}:00", fill=FAINT, anchor="end", size=11)
    for moment in post_moments(report):
        sheet.dot(axis.at(moment), top + down(moment), 2.2, POSTS, f"{moment:%Y-%m-%d %H:%M} post")
    for line in report.lines:
        tip = f"{line.at:%Y-%m-%d %H:%M} {line.account}: {line.text}"
        sheet.dot(axis.at(line.at), top + down(line.at), 3.8, colours[line.account], tip)
    draw_dates(sheet, axis, top + HOURS)


def draw_silences(sheet: Sheet, report: Report, top: int) -> None:
    """Draw why nobody would have spoken, the commonest reason first."""
    total = sum(report.silences.values())
    sheet.words(
        LEFT, top - 10, f"Silences: {total} of {report.posts} posts", size=13, fill=INK, bold=True
    )
    begin, most = LEFT + 190, max(report.silences.values(), default=1)
    for number, (reason, count) in enumerate(report.silences.items()):
        y = top + number * ROW
        wide = max(2.0, (WIDTH - RIGHT - 60 - begin) * count / most)
        sheet.words(begin - 10, y + 15, reason.replace("_", " "), anchor="end")
        sheet.box(begin, y + 3, wide, ROW - 8, fill=SILENT, tip=f"{reason}: {count}")
        sheet.words(begin + wide + 8, y + 15, str(count), fill=FAINT)


def draw_dates(sheet: Sheet, axis: Axis, y: float) -> None:
    """Write days below a panel."""
    for x, day in axis.ticks():
        sheet.line((x, y), (x, y + 4), FAINT)
        sheet.words(x, y + 18, day, fill=FAINT, size=11)


def down(moment: datetime) -> float:
    """Return how far below midnight an hour stands."""
    return HOURS * (moment.hour * 60 + moment.minute) / DAY_MINUTES


def open_minutes(windows: list[Window]) -> Iterator[tuple[int, int]]:
    """Yield when a window is open; one that passes midnight stands there in two parts."""
    for start, end in {(window.start, window.end) for window in windows}:
        if start < end:
            yield start, end
        else:
            yield from ((start, DAY_MINUTES), (0, end))


def post_moments(report: Report) -> list[datetime]:
    """Return when each post was posted."""
    said = {(line.post_at, line.post) for line in report.lines}
    return [at for at, _ in said] + [hush.post_at for hush in report.hushes]


def post_days(report: Report) -> Iterator[date]:
    """Yield the day of each post."""
    return (moment.date() for moment in post_moments(report))
