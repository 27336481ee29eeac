"""Working hours as people type them: `пн-пт 09:00-18:00; сб 10:00-14:00`, or `Mon-Fri 9-18`."""

import re
from collections.abc import Iterator, Mapping

from support.calendar import DAY, Span
from support.languages import Language

DAYS = {
    Language.RU: ("пн", "вт", "ср", "чт", "пт", "сб", "вс"),
    Language.EN: ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
}
NUMBERS = {name: number for names in DAYS.values() for number, name in enumerate(names)}
DASH = r"\s*[-–—]\s*"
LINE = re.compile(
    rf"(?P<first>[^\W\d]+)(?:{DASH}(?P<last>[^\W\d]+))?[:\s]+"
    rf"(?P<opens>\d{{1,2}}(?::\d\d)?){DASH}(?P<closes>\d{{1,2}}(?::\d\d)?)"
)

Week = Mapping[int, tuple[Span, ...]]


def read_week(text: str) -> Week:
    """Read the hours of a week; raises ValueError with a sentence that names what is wrong."""
    week: dict[int, tuple[Span, ...]] = {}
    for line in filter(None, (part.strip() for part in re.split(r"[;,\n]", text.casefold()))):
        found = LINE.fullmatch(line)
        if found is None:
            raise ValueError(f'"{line}" is no working time: write it like Mon-Fri 09:00-18:00')
        span = Span(minute_of(found["opens"]), minute_of(found["closes"]))
        for day in days_between(found["first"], found["last"] or found["first"]):
            week[day] = tuple(sorted((*week.get(day, ()), span)))
    if not week:
        raise ValueError("there are no working times: write them like Mon-Fri 09:00-18:00")
    return week


def days_between(first: str, last: str) -> Iterator[int]:
    """Yield the days from one to another, over the end of the week where it must be."""
    try:
        begin, end = (
            NUMBERS[first[:2] if first[:2] in NUMBERS else first[:3]],
            NUMBERS[last[:2] if last[:2] in NUMBERS else last[:3]],
        )
    except KeyError as unknown:
        raise ValueError(f'"{unknown.args[0]}" is no day: write Mon, Tue and so on') from None
    yield from ((begin + step) % 7 for step in range((end - begin) % 7 + 1))


def minute_of(text: str) -> int:
    """Return the minute of the day of a time like 9 or 09:30."""
    hour, _, minute = text.partition(":")
    found = int(hour) * 60 + int(minute or 0)
    if found > DAY or int(minute or 0) > 59:
        raise ValueError(f'"{text}" is no time of the day')
    return found


def write_week(week: Week, language: Language) -> str:
    """Write the hours of a week as they may be typed; days that are alike stand together."""
    lines: list[str] = []
    days = sorted(day for day, spans in week.items() if spans)
    while days:
        run = [days.pop(0)]
        while days and days[0] == run[-1] + 1 and week[days[0]] == week[run[0]]:
            run.append(days.pop(0))
        names = DAYS[language]
        named = names[run[0]] if len(run) == 1 else f"{names[run[0]]}-{names[run[-1]]}"
        lines += [f"{named} {str(span).replace('–', '-')}" for span in week[run[0]]]
    return "; ".join(lines)
