from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.bot_api.entities import with_found
from simulator.bot_api.errors import BotApiError
from simulator.bot_api.formatting import read_html
from simulator.bot_api.legacy_markdown import read_legacy_markdown
from simulator.bot_api.markdown import RESERVED, read_markdown
from simulator.world.messages import Entity, EntityKind

HTML = [
    ("<b>a</b>", "a", [("Bold", 0, 1, "")]),
    ("x <i>б <u>в</u></i>", "x б в", [("Italic", 2, 3, ""), ("Underline", 4, 1, "")]),
    ("😀<s>d</s> &lt;&amp;", "😀d <&", [("Strike", 2, 1, "")]),
    (
        '<a href="https://e.org/?a=1&amp;b=2">l</a>',
        "l",
        [("TextUrl", 0, 1, "https://e.org/?a=1&b=2")],
    ),
    ('<a href="tg://user?id=7">p</a>', "p", [("MentionName", 0, 1, "7")]),
    ('<pre><code class="language-py">x=1</code></pre>', "x=1", [("Pre", 0, 3, "py")]),
    (
        '<span class="tg-spoiler">h</span><blockquote>q</blockquote>',
        "hq",
        [("Spoiler", 0, 1, ""), ("Blockquote", 1, 1, "")],
    ),
]
MARKDOWN = [
    ("*a*", "a", [("Bold", 0, 1, "")]),
    ("_i __u___", "i u", [("Italic", 0, 3, ""), ("Underline", 2, 1, "")]),
    (r"~s~ ||h|| 1\.", "s h 1.", [("Strike", 0, 1, ""), ("Spoiler", 2, 1, "")]),
    ("[l](https://e.org/a_b)", "l", [("TextUrl", 0, 1, "https://e.org/a_b")]),
    ("`a*b`", "a*b", [("Code", 0, 3, "")]),
    ("```py\nx=1\n```", "x=1\n", [("Pre", 0, 4, "py")]),
    (">q\n>r\nx", "q\nr\nx", [("Blockquote", 0, 3, "")]),
]
LEGACY = [
    ("*a* _b_ `c*`", "a b c*", [("Bold", 0, 1, ""), ("Italic", 2, 1, ""), ("Code", 4, 2, "")]),
    (r"snake\_case \* \.", r"snake_case * \.", []),
    ("a_b", None, None),
    ("[l](https://e.org/a_b) [x] y", "l [x] y", [("TextUrl", 0, 1, "https://e.org/a_b")]),
    ("```py\nx=1\n```", "x=1\n", [("Pre", 0, 4, "py")]),
    ("2 > 1. (yes!)", "2 > 1. (yes!)", []),
]


def plain(entities: tuple[Entity, ...]) -> list[tuple[str, int, int, str]]:
    return [(e.kind.value, e.offset, e.length, e.detail) for e in entities]


@pytest.mark.parametrize(("source", "text", "entities"), HTML)
def test_html_becomes_text_and_entities(source: str, text: str, entities: list[object]) -> None:
    read = read_html(source)
    assert (read.text, plain(read.entities)) == (text, entities)


@pytest.mark.parametrize(("source", "text", "entities"), MARKDOWN)
def test_markdown_becomes_text_and_entities(source: str, text: str, entities: list[object]) -> None:
    read = read_markdown(source)
    assert (read.text, plain(read.entities)) == (text, entities)


@pytest.mark.parametrize(("source", "text", "entities"), LEGACY)
def test_the_first_markdown_becomes_text_and_entities(
    source: str, text: str | None, entities: list[object] | None
) -> None:
    if text is None:
        with pytest.raises(BotApiError, match="Can't find end"):
            read_legacy_markdown(source)
        return
    read = read_legacy_markdown(source)
    assert (read.text, plain(read.entities)) == (text, entities)


@pytest.mark.parametrize("source", ["<b>a", "a</b>", "<blink>a</blink>", "<b><i>a</b></i>"])
def test_broken_html_is_refused(source: str) -> None:
    with pytest.raises(BotApiError, match="can't parse entities"):
        read_html(source)


@pytest.mark.parametrize("source", ["*a", "a.", "`a", "[a", "[a](b", "*a _b* c_", "!"])
def test_broken_markdown_is_refused(source: str) -> None:
    with pytest.raises(BotApiError, match="can't parse entities"):
        read_markdown(source)


@given(st.text())
def test_escaped_text_comes_out_of_markdown_as_it_was(text: str) -> None:
    escaped = "".join(f"\\{c}" if c in RESERVED or c == "\\" else c for c in text)
    read = read_markdown(escaped)
    assert (read.text, read.entities) == (text, ())


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (read_html, read_markdown, read_legacy_markdown):
        with suppress(BotApiError):
            assert all(entity.length > 0 for entity in read(text).entities)


def test_commands_mentions_and_links_are_found() -> None:
    text = "/start@desk_bot see https://e.org/a, ask @anna_p or a@b.cd #tag"
    found = with_found(text, (Entity(EntityKind.BOLD, 0, 1),))
    kinds = [(e.kind, text[e.offset : e.offset + e.length]) for e in found]
    assert kinds == [
        (EntityKind.BOLD, "/"),
        (EntityKind.URL, "https://e.org/a"),
        (EntityKind.MENTION, "@anna_p"),
        (EntityKind.EMAIL, "a@b.cd"),
        (EntityKind.HASHTAG, "#tag"),
    ]
    assert with_found(text, ())[0] == Entity(EntityKind.BOT_COMMAND, 0, 15)
