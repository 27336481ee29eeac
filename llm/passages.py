"""The parts of a post that say what it is about."""

import re
from itertools import islice

from personas.texts import is_emoji, plain, words

SENTENCE_END = re.compile(r"(?<=[.!?…])[»”\")]*\s+(?=[^\W\d_a-zа-яё]|[«“\"(\d])")
LIST_MARK = re.compile(r"[-–—•*▪▫●○◆➖]|\d+[.)]\s|\[")
SHORTEST = 2
"""Words in a passage; a single one is a label."""
LONGEST = 300
"""Characters of a passage that are looked at."""
SENTENCES = 3


def passages(post: str) -> tuple[str, ...]:
    """Return the headline and the first sentences after it, the entries of lists left out.

    An example phrase is as long as a headline. A whole post would drown it in other words, and
    the entries of a digest are not what the digest is about.
    """
    lines = [line for line in post.splitlines() if len(words(plain(line))) >= SHORTEST]
    if not lines:
        return (plain(post).strip()[:LONGEST],) if words(plain(post)) else ()
    prose = lines[:1] + [line for line in lines[1:] if not is_entry(line)]
    sentences = (part for line in prose for part in SENTENCE_END.split(plain(line)))
    worded = (part.strip()[:LONGEST] for part in sentences if len(words(part)) >= SHORTEST)
    return tuple(islice(worded, SENTENCES))


def is_entry(line: str) -> bool:
    """Whether the line is an entry of a list: it starts with a mark, a picture or a link."""
    start = line.lstrip()
    return LIST_MARK.match(start) is not None or is_emoji(start[:1])
