"""What would be said about a text: drafted as in life, and neither stored nor sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

from orchestrator.drafting.decider import check_line
from orchestrator.errors import BadInput, NotFound
from orchestrator.ports.writing import Brief, Line, Writer
from orchestrator.stage import Stage
from personas.choice import Player, PostView, choose
from personas.persona import Persona
from personas.scripts.model import ScriptKind
from personas.silence import Silence
from personas.summary import PostSummary, summarise


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a text."""

    persona: str
    reluctance: Silence | None
    """Why this persona would not speak about it in life."""
    line: Line | None
    silence: Silence | None
    """Why there are no words, or why the checks would hold them back."""
    summary: PostSummary
    """What the text is in a few words: a model's, else extracted."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be tried."""

    text: str
    persona: str | None = None
    """None: whoever would speak in life."""
    scripts: tuple[str, ...] = ()
    """Their keys; none: every comment script in production."""


async def try_out(stage: Stage, writer: Writer, wish: Wish) -> Trial:
    """Draft a comment; raises NotFound or BadInput where there is nobody or nothing to speak."""
    if not wish.text.strip():
        raise BadInput("there is no text to answer")
    personas = [one.persona for one in await stage.stores.library.personas()]
    persona, reluctance = cast_for(wish, personas)
    published = await stage.library.published(ScriptKind.COMMENT)
    known = {one.script.key: one for one in published}
    if missing := [key for key in wish.scripts if key not in known]:
        raise NotFound(
            f'there is no comment script "{missing[0]}" in production; '
            f"there are {', '.join(sorted(known)) or 'none: see `troupe scripts import`'}"
        )
    scripts = tuple(known[key] for key in wish.scripts) or published
    brief = Brief(
        post_text=wish.text,
        persona=persona,
        scripts=scripts,
        recent=(),
        seed=seed_of(wish.text),
        summary=summarise(wish.text),
    )
    found = await writer.write(brief)
    if isinstance(found, Silence):
        return Trial(persona.key, reluctance, None, found, summarise(wish.text))
    summary = found.summary or summarise(wish.text)
    return Trial(persona.key, reluctance, found, check_line(brief, found), summary)


def cast_for(wish: Wish, personas: Sequence[Persona]) -> tuple[Persona, Silence | None]:
    """Return who speaks, and why they would not in life if so."""
    if not personas:
        raise NotFound("there is no persona yet: add one with `troupe personas add KEY`")
    wanted = [one for one in personas if wish.persona in {None, one.key}]
    if not wanted:
        keys = ", ".join(one.key for one in personas)
        raise NotFound(f'there is no persona "{wish.persona}"; there are {keys}')
    cast = [Player(number, persona) for number, persona in enumerate(wanted)]
    chosen = choose(PostView(wish.text, seed_of(wish.text)), cast)
    if isinstance(chosen, Silence):
        return wanted[0], chosen
    return chosen.persona, None


def seed_of(text: str) -> int:
    """Return a number that is the same whenever the same text is tried."""
    return crc32(text.encode("utf-8", "surrogatepass"))
